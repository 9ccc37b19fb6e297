"""The website snippet as it is served; what it does in a browser stands in tests/browser/test_snippet_*.py."""

import gzip
import re
import shutil
import subprocess

import pytest
from django.db import DatabaseError

from traces.intake import snippet
from traces.models import Form

pytestmark = pytest.mark.django_db
MAX_SIZE = 6000  # bytes, compressed


@pytest.fixture
def get(client, form, settings):
    settings.APP_URL = "https://relay.example"

    def get(key=form.key, **headers):
        return client.get(f"/in/{key}.js", headers=headers)

    return get


def test_it_is_a_script_that_browsers_may_keep_for_five_minutes(get):
    answer = get()
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/javascript; charset=utf-8")
    assert answer["Cache-Control"] == "public, max-age=300"


def test_it_knows_the_address_of_its_form(get, form):
    config = f'const config = {{"form": "{form.key}", "intake": "https://relay.example/in/{form.key}/"}};'
    assert config in get().text


def test_it_is_one_strict_function(get):
    code = re.sub(r"^//.*\n", "", get().text, flags=re.MULTILINE)
    assert code.startswith('(() => {\n"use strict";\n')
    assert code.endswith("\n})();\n")


@pytest.mark.skipif(not shutil.which("node"), reason="needs Node.js")
def test_it_compiles(get):
    done = subprocess.run(["node", "--check", "-"], input=get().text, text=True, capture_output=True)
    assert done.stderr == ""


def test_it_is_small(form):
    assert len(gzip.compress(snippet.script(form.key).encode())) < MAX_SIZE


def test_it_travels_compressed(get):
    answer = get(**{"Accept-Encoding": "gzip"})
    assert answer["Content-Encoding"] == "gzip"
    assert gzip.decompress(answer.content).startswith(b"// Trace Relay")


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_what_has_not_changed_is_not_sent_again(get, encoding):
    etag = get(**{"Accept-Encoding": encoding})["ETag"]
    answer = get(**{"Accept-Encoding": encoding, "If-None-Match": etag})
    assert (answer.status_code, answer.content, answer["Cache-Control"]) == (304, b"", "public, max-age=300")


def test_another_address_is_another_version(get, settings):
    before = get()["ETag"]
    settings.APP_URL = "https://moved.example"
    assert get()["ETag"] != before


@pytest.mark.parametrize("key", ["nobody", "a%00b", "%22"])
def test_an_unknown_form_is_a_script_that_says_so(get, key):
    answer = get(key)
    assert (answer.status_code, answer["Content-Type"]) == (404, "text/javascript; charset=utf-8")
    assert answer.text.startswith("// Trace Relay: there is no such form.")


def test_an_inactive_form_has_none(get):
    Form.objects.update(active=False)
    assert get().status_code == 404


def test_it_is_served_while_the_database_is_away(get, monkeypatch):
    def away(**conditions):
        raise DatabaseError

    monkeypatch.setattr(Form.objects, "filter", away)
    assert "https://relay.example/in/" in get().text


def test_it_is_only_read(client, form):
    assert client.post(f"/in/{form.key}.js").status_code == 405
