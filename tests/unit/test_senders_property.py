"""Nothing that a sender posts disappears, and nothing that it posts takes long."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.fixtures.senders import BODIES
from traces.intake.senders import Posted, normalise
from traces.intake.senders.escapes import storable, unescaped

pytestmark = pytest.mark.slow  # hundreds of rows

MAX_BYTES = 256 * 1024
MAX_SECONDS = 1.0  # of processor time, for the worst body within the limit

NAMES = [
    *("name", "first_name", "your-name", "phone", "phones", "email", "company", "label", "title", "value", "values"),
    *("key", "id", "type", "question", "answer", "q", "a", "field", "fields", "answers", "data", "payload", "body"),
    *("utm", "utm_source", "UTM_SOURCE", "source", "page_url", "url", "page", "referer", "gclid", "COOKIES", "TRACE"),
    *("items", "products", "quantity", "price", "total", "goods", "shipping", "billing", "contact", "user", "form"),
    *("form_name", "_wpnonce", "token", "options", "number", "country_code", "Имя", "Как_вас_зовут", "more", "0", "1"),
    *("fields[name][value]", "fields[name][title]", "phone[]", "a[0]", "a[1]", "contact.phone", "contact__name"),
    *("q3_name[first]", "1.3", "input_1.6", "No Label name", "field:first_name_abae", "PROPERTY[21][0]"),
]
TEXTS = ["Kim", "Kim Ortiz", "a@b.example", "+1 555 010 0101", "https://a.example/?utm_source=x", "vk", "{}", "x" * 250]
leaves = st.none() | st.booleans() | st.integers(-9, 99) | st.sampled_from(TEXTS) | st.text(max_size=8)
json_texts = st.dictionaries(st.sampled_from(NAMES), st.sampled_from(TEXTS), min_size=1, max_size=3).map(json.dumps)
trees = st.recursive(
    leaves | json_texts,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=6), inner, max_size=5)
    ),
    max_leaves=25,
)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=6), trees, max_size=6) | st.lists(trees, max_size=4))
@example([[False, None], [False, None]])
def test_each_value_is_in_the_body_or_its_name_is_noise(fields):
    fields = storable(fields)  # as a reader has left it
    posted = normalise(fields, query={}, headers={})
    assert list(lost(fields, posted)) == []


@pytest.mark.parametrize("case", BODIES, ids=[case["name"] for case in BODIES])
def test_each_value_of_a_real_sender_is_in_the_body_or_its_name_is_noise(case):
    posted = normalise(case["fields"], query={}, headers=case.get("headers", {}))
    assert list(lost(case["fields"], posted)) == []


@settings(deadline=None)
@given(trees, st.dictionaries(st.text(max_size=5), st.text(max_size=9) | st.lists(st.text(max_size=5))))
def test_the_body_is_flat_and_can_be_stored(fields, query):
    body = normalise(fields, query=query, headers={"Referer": "https://a.example/"}).body
    for key, value in body.items():
        assert key in ("TRACE", "ENTITIES", "PAGES") or isinstance(value, str) or all(map(is_text, value)), key
    json.dumps(body)


def is_text(value):
    return isinstance(value, str)


def lost(fields: Any, posted: Posted) -> Iterator[tuple[str, ...]]:
    """The paths of the values that are neither in what became of a body nor under a name of noise."""
    first, last = (posted.body.get(key, "") for key in ("first_name", "last_name"))
    beside = (posted.delivery_id, posted.form_id, posted.form_name, f"{first} {last}", f"{last} {first}")
    kept = "\n".join([*texts(posted.body), *beside])
    for path, text in values(fields, ()):
        if text not in kept and unescaped(text).strip() not in kept and set(path).isdisjoint(posted.noise):
            yield (*path, text)


def texts(node: Any) -> Iterator[str]:
    """The names and the values of a body, each once."""
    if isinstance(node, dict):
        for key, item in node.items():
            yield str(key)
            yield from texts(item)
    elif isinstance(node, list):
        for item in node:
            yield from texts(item)
    else:
        yield leaf_text(node)


def values(node: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Each value with the parts of the names that it stands under; JSON inside of a text is opened.

    What stands beside a value may be its name: a label, an id.
    """
    if isinstance(node, dict):
        path = (*path, *(leaf_text(item) for item in node.values() if not isinstance(item, (dict, list))))
        for key, item in node.items():
            parts = str(key).replace("]", "").replace("[", "\0").replace("__", "\0").replace(".", "\0").split("\0")
            yield from values(item, (*path, str(key), *parts))
    elif isinstance(node, list):
        are_entries = all(isinstance(item, list) and len(item) == 2 and isinstance(item[0], str) for item in node)
        for item in node:  # the first of an entry may be the name of the second
            yield from values(item, (*path, item[0]) if are_entries else path)
    elif isinstance(node, str) and node.strip()[:1] in ("{", "[") and (inner := opened(node)):
        yield from values(inner, path)
    elif text := leaf_text(node):
        yield path, text


def leaf_text(node: Any) -> str:
    return str(node).lower() if isinstance(node, bool) else "" if node is None else str(node).strip()


def opened(text: str) -> Any:
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, (dict, list)) else None


def deep(levels: int) -> Any:
    node: Any = "x"
    for _ in range(levels):
        node = {"a": [node]}
    return node


def worst(size: int) -> dict[str, Any]:
    """Bodies of about `size` bytes that cost the most, by what they are made of."""
    return {
        "names": {f"k{n}": "v" for n in range(size // 11)},
        "labels": {f"Поле номер {n}": "v" for n in range(size // 26)},
        "a list": {"a": [str(n) for n in range(size // 8)]},
        "brackets": {f"a[{n}][b][c]": "v" for n in range(size // 17)},
        "one name of brackets": {"a" + "[b]" * (size // 3): "v"},
        "dots": {f"a.b.c.d{n}": "v" for n in range(size // 14)},
        "underscores": {"a__" * (size // 3): "v"},
        "pairs": [{"label": f"L{n}", "value": "v"} for n in range(size // 27)],
        "goods": {"items": [{"name": "x", "price": "1", "quantity": "2"} for _ in range(size // 41)]},
        "pages": {"page_url": [f"https://a.example/?utm_source={n}" for n in range(size // 37)]},
        "JSON that holds one name": {"a": "{" + ",".join(['"a":1'] * (size // 6)) + "}"},
        "JSON that never ends": {"a": "[" * (size // 2) + "]" * (size // 2)},
        "cookies": {"COOKIES": "TILDAUTM=a; " * (size // 12), "tranid": "1", "formid": "2"},
        "a long text": {"a": "x y " * (size // 4)},
        "a shop's record": {
            "billing": {"phone": "1"},
            "line_items": [],
            **{f"m{n}": {"a": "b"} for n in range(size // 20)},
        },
        "depth": {f"k{n}": deep(100) for n in range(size // 1500)},
    }


WORST = worst(MAX_BYTES)
# Enough to be beyond the bounds.
BEYOND = worst(MAX_BYTES // 3)


@pytest.mark.parametrize("name", WORST)
def test_the_worst_body_takes_no_long_time(name):
    started = time.process_time()
    normalise(WORST[name], query={}, headers={})
    assert time.process_time() - started < MAX_SECONDS


@pytest.mark.parametrize("name", ["names", "a list", "pairs", "brackets", "depth"])
def test_what_is_beyond_the_bounds_stays_as_one_text(name):
    posted = normalise(BEYOND[name], query={}, headers={})
    assert "values_joined" in posted.repairs
    assert list(lost(BEYOND[name], posted)) == []
