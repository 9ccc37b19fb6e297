"""No way of writing NUL or half a surrogate pair gets it into a submission: PostgreSQL would refuse the whole of it."""

import base64
import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fixtures.senders import BODIES
from traces.intake import senders
from traces.intake.reading import read

BAD = ["\\u0000", "\\ud800", "\\udfff\\ud83d"]
JSON = '{"name": "Ines%s", "phone%s": "+351912345678", "form_id": "f%s", "form_name": "n%s", "utm_term": "t%s"}'
WAYS = {
    "json": lambda text: (text, "application/json"),
    "json in a field": lambda text: ("a=" + quote(text), "application/x-www-form-urlencoded"),
    "json in json": lambda text: (json.dumps({"data": text}), "application/json"),
    "base64": lambda text: (json.dumps({"data": base64.b64encode(text.encode()).decode()}), "application/json"),
    "a form in a field": lambda _: (json.dumps({"data": "name=Ines%00&phone=%2B351912345678"}), "application/json"),
    "escaped twice": lambda _: (json.dumps({"name": "&#0;&#xd800;%u0000%ud800"}), "application/json"),
    "xml": lambda _: ("<a><name>Ines&#0;&#xD800;</name></a>", "text/xml"),
}

TEXTS = st.text(st.characters(), max_size=5)  # with halves of pairs, which Hypothesis's texts lack by default


def is_storable(value):
    text = json.dumps(value, ensure_ascii=False, default=list)
    return "\\u0000" not in text and text.encode("utf-8", "replace").decode() == text


def posted(raw, kind, query=None):
    reading = read(raw.encode(errors="surrogatepass"), kind)
    return senders.normalise(reading.fields, query=query or {}, headers={}, files=reading.files)


def parts(found):
    return [found.body, dict(found.names), found.form_id, found.form_name, found.answer]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("bad", BAD)
def test_nothing_that_cannot_be_stored_gets_through(way, bad):
    found = posted(*WAYS[way](JSON.replace("%s", bad)))
    assert found.body and is_storable(parts(found))


@given(st.dictionaries(TEXTS, TEXTS | st.lists(TEXTS, max_size=2), max_size=3))
def test_nor_through_any_text_inside_another(tree):
    assert is_storable(
        parts(posted(json.dumps({"data": json.dumps(tree)}), "application/json", {"utm_term": "\0\ud800"}))
    )


@pytest.mark.parametrize("case", BODIES, ids=[case["name"] for case in BODIES])
def test_nor_in_a_name_inside_a_text_that_a_known_sender_posts(case):
    fields = case["fields"] if isinstance(case["fields"], dict) else {"items": case["fields"]}
    odd = json.dumps({"a\ud800": "1", "b": {"\udfff": "2"}})
    found = senders.normalise(fields | {"x": odd}, query={}, headers=case.get("headers", {}))
    assert is_storable(parts(found))


def test_what_can_be_stored_is_as_it_was():
    fields = {"message": "👍 ﻿‮ é", "name": "Ines"}
    assert posted(json.dumps(fields), "application/json").body == fields
