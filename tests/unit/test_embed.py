"""The codes to copy: filled with the form's own facts, and such that they run."""

import ast
import json
import re

import pytest

from traces.compose.submitted import honeypot_of
from traces.compose.visitor import meaning_of
from traces.models import Kind
from traces.setup import embed

pytestmark = pytest.mark.django_db
SERVERS = ["curl", "python", "php"]
PAGES = ["snippet", "html", "javascript"]


@pytest.fixture
def texts(form, settings):
    settings.APP_URL = "https://relay.example"

    def texts(secret="", **facts):
        for name, value in facts.items():
            setattr(form, name, value)
        return {example.id: example.text for example in embed.examples(form, secret)}

    return texts


def test_there_is_one_for_each_way_to_send(texts):
    assert list(texts()) == ["snippet", "html", "curl", "python", "php", "javascript"]


def test_each_has_the_forms_own_address(texts, form):
    address = f"https://relay.example/in/{form.key}"
    assert [name for name, text in texts().items() if not re.search(rf"{address}(/|\.js)[\"']", text)] == []


def test_nothing_is_left_to_fill_in(texts):
    assert [name for name, text in texts().items() if re.search("@[A-Z]+@", text)] == []


def test_a_secret_just_made_is_in_the_codes_for_servers_alone(texts):
    assert [name for name, text in texts("n3w-secret").items() if "n3w-secret" in text] == SERVERS


def test_a_secret_that_nobody_knows_has_a_place(texts):
    assert [name for name, text in texts().items() if f"Bearer {embed.NO_SECRET}" in text] == SERVERS


@pytest.mark.parametrize("looks", [True, False])
def test_the_field_that_no_person_sees_is_there_where_it_is_looked_at(texts, form, looks):
    html = texts(honeypot=looks)["html"]
    assert (f'<input name="{honeypot_of(form.key)}" hidden autocomplete="off" tabindex="-1">' in html) is looks


def test_the_names_in_the_html_form_need_no_mapping(texts):
    found = re.findall(r'name="(\w+)"', texts()["html"])
    assert {meaning_of(name) for name in found} == {"name", "phone", "email", "comments"}


def test_only_a_server_may_link_records_so_only_its_codes_are_shown(texts):
    linking = texts(creates=Kind.LINK)
    assert list(linking) == SERVERS
    assert all("ENTITIES" in text for text in linking.values())


@pytest.mark.parametrize("kind", [Kind.LEAD, Kind.LINK])
def test_the_python_code_compiles(texts, kind):
    ast.parse(texts(creates=kind)["python"])


@pytest.mark.parametrize("kind", [Kind.LEAD, Kind.LINK])
def test_the_body_of_the_curl_code_is_json(texts, kind):
    assert json.loads(re.search(r"-d '(.*)'$", texts(creates=kind)["curl"])[1])["name"]
