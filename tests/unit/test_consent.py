"""Which value of a submission is the visitor's consent."""

import pytest

from traces.compose import consent
from traces.compose.visitor import recognise


def state(body, field=""):
    return consent.state(field, body, recognise(body))


@pytest.mark.parametrize("value", ["on", "1", "Yes", "I agree to the rules", ["privacy"]])
def test_what_stands_in_the_chosen_field_is_a_consent(value):
    assert state({"tick": value}, "Tick") == "given"


@pytest.mark.parametrize("body", [{}, {"tick": ""}, {"tick": "0"}, {"tick": False}, {"tick": "Нет"}, {"other": "on"}])
def test_none_or_a_no_in_the_chosen_field_is_told(body):
    assert state(body, "tick") == "missing"


def test_the_field_of_a_nested_name_is_found():
    assert state({"form_fields": {"tick": "on"}}, "form_fields[tick]") == "given"


@pytest.mark.parametrize(
    ("body", "known"),
    [
        ({"agree": "on"}, "given"),
        ({"acceptance-123": "1"}, "given"),
        ({"agree": "on", "consent_news": "on"}, ""),  # which of them is meant, nobody knows
        ({"agreement": "12/2026"}, ""),  # a contract's number
        ({"agree": "no"}, ""),
        ({"name": "Ines"}, ""),
    ],
)
def test_without_a_choice_only_what_is_sure_counts(body, known):
    assert state(body) == known


@pytest.mark.parametrize(("value", "text"), [("on", ""), ("I agree to the rules", "I agree to the rules")])
def test_a_form_may_send_the_text_itself(value, text):
    assert consent.wording("tick", {"tick": value}) == text
