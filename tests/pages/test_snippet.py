"""The website snippet as it is served; what it does in a browser stands in tests/browser/test_snippet_*.py."""

import gzip
import json
import re
import shutil
import subprocess

import pytest
from django.db import DatabaseError

from traces.intake import snippet
from traces.models import Form

pytestmark = pytest.mark.django_db
MAX_SIZE = 6200  # bytes, compressed


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


# A browser with one form, of as much as the snippet asks for: what it sends and tells is printed.
BROWSER = """
const told = [], sent = [], ears = {};
class HTMLFormElement {}
class CustomEvent { constructor(type, { detail }) { Object.assign(this, { type, detail }); } }
const attributes = { method: "post" };
const form = Object.assign(new HTMLFormElement());
const Element = { prototype: { getAttribute(name) { return attributes[name] || null; }, matches: () => false,
    closest: () => null } };
const document = { currentScript: { dataset: DATASET }, cookie: "", readyState: "complete", baseURI: "https://a.example/",
    referrer: "", querySelector: () => null, querySelectorAll: () => [],
    addEventListener(name, ear) { ears[name] = ear; }, dispatchEvent({ type }) { told.push(type); } };
const navigator = {}, location = { href: "https://a.example/", hostname: "a.example", search: "" };
const kept = {}, window = { AGREED };
const localStorage = { getItem: (name) => kept[name] || null, setItem(name, text) { kept[name] = text; },
    removeItem(name) { delete kept[name]; } };
const fetch = async (to, { body }) => { sent.push(JSON.parse(body)); return { status: 200, json: async () => ({}) }; };
class FormData { [Symbol.iterator]() { return [["NAME", "Ines"]][Symbol.iterator](); } }
const addEventListener = () => {};
SNIPPET
ears.submit({ target: form, submitter: null, defaultPrevented: false });
console.log(JSON.stringify([sent.map((fields) => fields.NAME), told.filter((name) => /withheld/.test(name))]));
"""
NOTHING = {"consent": "agreed", "withoutConsent": "nothing"}


@pytest.mark.skipif(not shutil.which("node"), reason="needs Node.js")
@pytest.mark.parametrize(
    ("options", "agrees", "sent"),
    [
        ({"consent": "agreed"}, "false", ["Ines"]),
        (NOTHING, "false", []),
        (NOTHING, "true", ["Ines"]),
        ({"withoutConsent": "nothing"}, "false", ["Ines"]),  # nobody is asked
    ],
)
def test_without_consent_the_fields_are_sent_unless_the_site_says_nothing(get, options, agrees, sent):
    code = BROWSER.replace("DATASET", json.dumps(options)).replace("AGREED", f"agreed: () => {agrees}")
    done = subprocess.run(["node", "-"], input=code.replace("SNIPPET", get().text), text=True, capture_output=True)
    assert done.stderr == ""
    assert json.loads(done.stdout) == [sent, [] if sent else ["tracerelay:withheld"]]


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
