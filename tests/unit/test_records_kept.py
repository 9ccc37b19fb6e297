"""Whatever a form makes, all that is known of a visitor stands in one of the records."""

import html

import pytest
from hypothesis import given, settings

from tests.fixtures.visitors import bodies
from traces.compose import prepared
from traces.compose.matching import Matcher
from traces.compose.prepared import FormSettings
from traces.compose.records import KINDS
from traces.compose.visitor import recognise

MATCHER = Matcher(())


def told(value):
    """The texts of fields, as a person reads them."""
    if isinstance(value, dict):
        return " ".join(map(told, value.values()))
    if isinstance(value, list):
        return " ".join(map(told, value))
    return " ".join(html.unescape(str(value).replace("<br>", " ")).split())


@pytest.mark.slow
@pytest.mark.parametrize("kind", [kind for kind, records in KINDS.items() if records])
@settings(max_examples=60, deadline=None)
@given(body=bodies)
def test_nothing_of_a_visitor_is_left_behind(kind, body):
    visitor = recognise(body)
    records = prepared.prepare(FormSettings("key", "Shop", kind, {}), "7", body, 0, MATCHER).records
    shown = told(list(records.values()))
    names = (visitor.name, visitor.last_name, visitor.second_name)
    known = (*visitor.phones, *visitor.emails, *names, visitor.company, visitor.position, visitor.web)
    rest = (text for _, text in visitor.rest)
    texts = [" ".join(text.split()) for text in (*known, *visitor.comments.split("\n"), *rest)]
    assert [text for text in texts if text not in shown] == []
