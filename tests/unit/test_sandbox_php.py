"""PHP's ways with data, as the sandbox imitates them."""

import json
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.sandbox import php

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
SCALARS = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(SCALARS | TEXTS, lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner), max_leaves=8)
# Names that PHP takes as they are: no brackets, and at the head none of what it turns into an underscore.
NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="[]. "), min_size=1)
TREES = st.recursive(
    TEXTS,
    lambda inner: st.lists(inner, min_size=1, max_size=3) | st.dictionaries(NAMES, inner, min_size=1, max_size=3),
    max_leaves=6,
)


@given(VALUES)
@example("\\/'\"<>&\u2028\\\\")
def test_what_is_written_can_be_read(value):
    assert json.loads(php.encode(value)) == value


@given(VALUES)
def test_what_is_written_holds_no_html(value):
    assert not set(php.encode(value)) & set("<>&'")


@given(VALUES)
def test_what_is_read_is_in_its_normal_form(value):
    assert php.decode(json.dumps(value)) == php.array(value) == php.array(php.array(value))


def pairs(name, value):
    """The pairs of a query string that PHP would read as this tree."""
    if isinstance(value, str):
        yield f"{quote(name, safe='[]')}={quote(value)}"
        return
    for key, item in value.items() if isinstance(value, dict) else enumerate(value):
        yield from pairs(f"{name}[{key}]", item)


@given(st.dictionaries(NAMES, TREES, max_size=3))
def test_a_query_string_is_read_as_the_tree_it_was_made_of(tree):
    text = "&".join(pair for name, value in tree.items() for pair in pairs(name, value))
    assert php.parse_query(text) == {name: php.array(value) for name, value in tree.items()}


@given(st.text())
def test_any_text_can_be_read_as_a_query_string(text):
    assert isinstance(php.parse_query(text), dict)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", {}),
        ("a=1&&b", {"a": "1", "b": ""}),
        ("a=1&a=2", {"a": "2"}),
        ("a+b=c+d%2B", {"a_b": "c d+"}),
        ("a.b=1", {"a_b": "1"}),
        ("=1", {}),
        ("a[]=1&a[]=2", {"a": ["1", "2"]}),
        ("a[5]=1&a[]=2", {"a": {"5": "1", "6": "2"}}),
        ("a[1]=1&a[0]=2", {"a": {"1": "1", "0": "2"}}),
        ("a[01]=1", {"a": {"01": "1"}}),
        ("a[²]=1&a[]=2", {"a": {"²": "1", "0": "2"}}),
        ("a[b][c]=1&a[b][d]=2", {"a": {"b": {"c": "1", "d": "2"}}}),
        ("a[b]x[c]=1", {"a": {"b": "1"}}),
        ("a[b=1", {"a_b": "1"}),
        ("a=1&a[b]=2", {"a": {"b": "2"}}),
        ("a[b.c]=1", {"a": {"b.c": "1"}}),
        ("a%5Bb%5D=1", {"a": {"b": "1"}}),
        ("a=%FF", {"a": "\ufffd"}),
    ],
)
def test_a_query_string_is_read_as_php_reads_it(text, found):
    assert php.parse_query(text) == found


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ({}, []),
        ({"0": "a", "1": "b"}, ["a", "b"]),
        ({"1": "a", "0": "b"}, {"1": "a", "0": "b"}),
        ({"1": "a"}, {"1": "a"}),
        ({0: {}, 1: {"0": 5}}, [[], [5]]),
    ],
)
def test_an_array_has_one_normal_form(value, found):
    assert json.dumps(php.array(value)) == json.dumps(found)


@pytest.mark.parametrize(
    "text", ["", "{", "NaN", "[Infinity]", '"\\ud800"', "[" * 5000, "\ufeff{}", b"\xff", b"[\x00]"]
)
def test_what_php_does_not_read_is_no_json(text):
    with pytest.raises(ValueError):
        php.decode(text)


@pytest.mark.parametrize(
    ("value", "numeric", "integer"),
    [
        (5, True, 5),
        (1.9, True, 1),
        (float("inf"), True, 0),
        ("5", True, 5),
        (" 5 ", True, 5),
        ("+5", True, 5),
        ("-1.9", True, -1),
        (".5", True, 0),
        ("1e3", True, 1000),
        ("1e999", True, 0),
        ("5x", False, 5),
        ("x5", False, 0),
        ("٣", False, 0),
        ("", False, 0),
        (True, False, 1),
        (None, False, 0),
        ([], False, 0),
        ([7], False, 1),
        ({"a": 7}, False, 1),
    ],
)
def test_numbers_are_read_as_php_reads_them(value, numeric, integer):
    assert (php.is_numeric(value), php.integer(value)) == (numeric, integer)


@given(st.none() | st.booleans() | st.integers() | st.floats() | st.text())
def test_anything_can_be_cast_to_an_integer(value):
    assert isinstance(php.integer(value), int)


@pytest.mark.parametrize("value", [None, False, 0, 0.0, "", "0", [], {}])
def test_these_are_false(value):
    assert not php.truthy(value)


@pytest.mark.parametrize("value", [True, 1, -1, "false", "0.0", " ", [0], {"a": None}])
def test_these_are_true(value):
    assert php.truthy(value)


@pytest.mark.parametrize(("value", "text"), [(True, "1"), (False, ""), (None, ""), (2.0, "2"), (2.5, "2.5"), (7, "7")])
def test_scalars_are_cast_to_text(value, text):
    assert php.text(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"a": 1}, "<a>1</a>"),
        ({"a": [1, {"b": "<&>"}]}, "<a><item>1</item><item><b>&lt;&amp;&gt;</b></item></a>"),
        ({"1": True, "x": None}, "<item>1</item><x></x>"),
    ],
)
def test_xml_is_written_as_the_portal_does(value, text):
    assert php.encode_xml(value) == f"<response>{text}</response>"
