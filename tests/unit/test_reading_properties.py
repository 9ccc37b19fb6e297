"""What holds for all bodies: nothing but a `Problem` is raised, and nothing that came is lost."""

import json
import re
from urllib.parse import urlencode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from urllib3 import encode_multipart_formdata

from tests.bench import fuzz_intake
from traces.intake.problems import Problem
from traces.intake.reading import read

# `make fuzz` sends a hundred times as many.
FUZZED = 1000

# UTF-8 that was read as Latin letters is decoded once more; nobody writes so.
TWICE = re.compile("[\u00c2-\u00f4][^\0-\x7f]")
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
texts = texts.filter(lambda text: not TWICE.search(text))
pairs = st.lists(st.tuples(texts.filter(lambda name: name.strip() != "_charset_"), texts), min_size=1, max_size=8)
numbers = st.integers(-(2**63), 2**63) | st.floats(allow_nan=False, allow_infinity=False)
trees = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda children: st.lists(children, max_size=4) | st.dictionaries(texts, children, max_size=4),
    max_leaves=20,
)
content_types = st.sampled_from([*fuzz_intake.TYPES, "text/plain; charset=windows-1251", "a/b; charset=utf-16"])


def leaves(tree):
    if isinstance(tree, dict):
        return [leaf for value in tree.values() for leaf in leaves(value)]
    if isinstance(tree, list):
        return [leaf for value in tree for leaf in leaves(value)]
    return [tree]


def as_text(tree):
    """The tree with its numbers as texts: a long one is kept so."""
    if isinstance(tree, dict):
        return {name: as_text(value) for name, value in tree.items()}
    return [as_text(value) for value in tree] if isinstance(tree, list) else str(tree)


def values_of(fields):
    return sorted(value.strip() for _, value in fields if value.strip())


@given(st.binary(max_size=300), st.text(max_size=60) | content_types, st.text(max_size=12))
@example(b"\xff\xfe\0", "", "")
@example(b"a=1", "a; charset*=''", "")
@example(b"--\nContent-", "", "")
@example(b"[" * 10000, "", "")
def test_no_bytes_and_no_type_raise_anything_but_a_problem(raw, content_type, hint):
    try:
        reading = read(raw, content_type, charset_hint=hint)
    except Problem as problem:
        assert problem.status in (413, 422)
    else:
        text = json.dumps(reading.fields, allow_nan=False, ensure_ascii=False)
        assert "\0" not in text and text.encode()


@given(pairs, content_types)
def test_no_value_of_a_query_is_lost(fields, content_type):
    read_fields = read(urlencode(fields).encode(), content_type).fields
    assert sorted(filter(None, leaves(read_fields))) == values_of(fields)


@given(pairs, content_types)
def test_no_value_of_a_multipart_body_is_lost(fields, content_type):
    raw, declared = encode_multipart_formdata(fields)
    for one in (declared, content_type):
        assert sorted(filter(None, leaves(read(raw, one).fields))) == values_of(fields)


@given(st.lists(trees, min_size=1, max_size=4) | st.dictionaries(texts, trees, min_size=1, max_size=4), st.data())
def test_a_json_tree_stays_the_same(tree, data):
    is_ascii = data.draw(st.booleans())
    encoding = data.draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32-be"]))
    raw = json.dumps(tree, ensure_ascii=is_ascii).encode(encoding)
    reading = read(raw, data.draw(content_types.filter(lambda one: "windows" not in one)))
    assert as_text(reading.fields) == as_text(tree)


@pytest.mark.slow
def test_bodies_that_no_one_would_send_end_in_fields_or_in_a_problem():
    ends = {fuzz_intake.take(body).end for body in fuzz_intake.bodies(FUZZED, seed=0)}
    assert ends == {"read", "413", "422"}
