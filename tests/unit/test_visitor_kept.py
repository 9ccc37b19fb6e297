"""Nothing that a visitor typed is lost (`tests.fixtures.visitors`)."""

import pytest
from hypothesis import example, given, settings

from tests.fixtures.visitors import SENT, bodies, check


@pytest.mark.slow
@pytest.mark.parametrize("sender", SENT)
def test_nothing_that_a_form_sends_is_lost(sender):
    check(SENT[sender])


@settings(max_examples=200, deadline=None)
@given(bodies)
@example({"phone": "8 900 000 01 40 Ян", "name": ["Pia", "Kim"], "company": ["A", "B"]})
@example(
    {"phone": ["+7 900 000-01-40", "+7900\N{EN DASH}0000140"], "email": ["ines@mail.example", "Ines@mail.example"]}
)
def test_nothing_that_a_visitor_types_is_lost(body):
    check(body)
