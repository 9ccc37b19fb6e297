"""Many commands in one request: what PHP reads of them, and what must not travel so."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from b24app.api import batch
from b24app.api.batch import Command
from tests.sandbox import php
from tests.sandbox.batch import substitute

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
# Names that PHP takes as they are: no brackets, and at the head none of what it turns into an underscore.
NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="[]. "), min_size=1)
SCALARS = TEXTS | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, min_size=1, max_size=3) | st.dictionaries(NAMES, inner, min_size=1, max_size=3),
    max_leaves=8,
)


def texts(value):
    """What PHP makes of a tree that came as a query: the same one, every number a text."""
    if isinstance(value, dict):
        return {key: texts(item) for key, item in value.items()}
    return [texts(item) for item in value] if isinstance(value, list) else str(value)


@settings(deadline=None)
@given(st.dictionaries(NAMES, TREES, max_size=4))
@example({"a": {"b c": "c&d=e#f+g%41"}, "ENTITIES": [{"TYPE": "LEAD", "ID": 7}]})
@example({"0": {"0": "x", "1": "y"}})
def test_php_reads_the_parameters_that_were_written(params):
    assert php.parse_query(batch.query(params)) == {key: php.array(item) for key, item in texts(params).items()}


@settings(deadline=None)
@given(NAMES, TEXTS)
def test_a_query_holds_nothing_that_would_end_it(name, text):
    assert not set(batch.query({name: {name: text}})) & set("#?+ \n")


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, "a="),
        (True, "a=1"),
        (False, "a=0"),
        (1.5, "a=1.5"),
        ([], ""),
        ({}, ""),
        ((1, 2), "a[0]=1&a[1]=2"),
        ({5: "x"}, "a[5]=x"),
        ("ä €", "a=%C3%A4%20%E2%82%AC"),
    ],
)
def test_a_value_is_written_as(value, written):
    assert batch.query({"a": value}) == written


def test_a_request_names_each_command_and_never_halts():
    commands = {"c0": Command("crm.lead.add", {"fields": {"TITLE": "a&b"}}), "c1": Command("profile", {})}
    assert batch.request(commands) == {
        "halt": 0,
        "cmd": {"c0": "crm.lead.add?fields[TITLE]=a%26b", "c1": "profile?"},
    }


@pytest.mark.parametrize("name", ["result", "error", "total", "next", "time", "RESULT", "Error", "tIME"])
@pytest.mark.parametrize(
    "shape", ["${}[a]", "before ${}[a] after", "${}[", "x${}[]", "$${}[a]", "${}[a\n]", "${}X.[a]", "${}$x[a]"]
)
def test_a_text_like_a_reference_cannot_travel(name, shape):
    assert not batch.can_travel(Command("crm.lead.add", {"TITLE": shape.format(name)}))


REFERENCE = "$result[a]"


@pytest.mark.parametrize(
    "params",
    [
        {"a": {"b": REFERENCE}},
        {"a": ["x", REFERENCE]},
        {"a": ("x", REFERENCE)},
        {"a": [{"b": [{"c": REFERENCE}]}]},
        {REFERENCE: "x"},
        {"a": {REFERENCE: "x"}},
        {"a": [{"b": {REFERENCE: 1}}]},
        {"a": {REFERENCE: {}}},
    ],
)
def test_a_reference_is_found_at_any_depth(params):
    assert not batch.can_travel(Command("crm.lead.add", params))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "$result",
        "$result [a]",
        "$result\t[a]",
        "result[a]",
        "$ result[a]",
        "$5 [net]",
        "$[a]",
        "$lead[a]",
        '{"a":"\\u0024result[a]"}',
    ],
)
def test_other_texts_can_travel(text):
    assert batch.can_travel(Command("crm.lead.add", {"a": [{text: text}]}))


@pytest.mark.parametrize("value", [None, 7, 1.5, True, [], {}, [None, {"a": 1}]])
def test_what_is_no_text_can_travel(value):
    assert batch.can_travel(Command("crm.lead.add", {"a": value}))


LEFT = {name: {"a": 7, "result": 8} for name in ("result", "error", "total", "next", "time")}
PIECES = [
    "$",
    "[",
    "]",
    "result",
    "error",
    "RESULT",
    "reſult",
    "next",
    "time",
    "total",
    "a",
    " ",
    "\n",
    "$result",
    "[a]",
]
ALIKE = st.lists(st.sampled_from(PIECES) | st.text(max_size=2), max_size=10).map("".join)


@settings(deadline=None)
@given(ALIKE, ALIKE)
@example("$RESULT[a]", "x")
@example("x", "$error[a")
def test_the_portal_leaves_alone_what_can_travel(key, text):
    params = {"a": text, "b": [{key: text}]}
    assert not batch.can_travel(Command("crm.lead.add", params)) or substitute(params, LEFT) == params


@settings(deadline=None)
@given(ALIKE, ALIKE)
def test_the_portal_leaves_alone_what_can_travel_as_php_has_read_it(key, text):
    command = Command("crm.lead.add", {"a": text, "b": {key: [text]}, key: text})
    params = php.parse_query(batch.query(command.params)) if not _has_half_a_character(key + text) else {}
    assert not batch.can_travel(command) or substitute(params, LEFT) == params


def _has_half_a_character(text):
    return any("\ud800" <= character <= "\udfff" for character in text)
