"""The sentence of a code and its parameters."""

import string

import pytest
from django.utils import translation

from b24app.api.remedies import REMEDIES
from traces import sentences

KNOWN = {**sentences.FAILURES, **REMEDIES}


def test_where_nothing_went_wrong_nothing_is_said():
    assert sentences.reason("", {}) == ""


def test_the_portals_words_follow_ours():
    told = sentences.reason("error_core", {"words": "100% wrong %(words)s"})
    assert told == f"{sentences.FAILURES['error_core'].happened} Bitrix24 said: “100% wrong %(words)s”"


def test_the_status_of_an_answer_without_words_is_told():
    assert sentences.reason("unreadable", {"status": 502}).endswith("HTTP status: 502.")


def test_that_it_was_given_up_comes_first():
    assert sentences.reason("timeout", {"gave_up": True}).startswith(f"{sentences.GAVE_UP} ")


@pytest.mark.parametrize("code", sorted(KNOWN))
def test_a_reason_begins_as_the_page_of_the_failure_does(code):
    assert sentences.reason(code, {"status": 500}).startswith(str(KNOWN[code].happened))
    assert sentences.failure(code, {}).happened == KNOWN[code].happened


@pytest.mark.parametrize("code", [*KNOWN, *sentences.NOTES, "moon_phase"])
def test_a_reason_is_in_the_readers_language(code):
    english = sentences.reason(code, {"gave_up": True, "words": "Full moon"})
    with translation.override("ru"):
        russian = sentences.reason(code, {"gave_up": True, "words": "Full moon"})
    ours = russian.replace("Full moon", "").replace("Trace Relay", "").replace("CRM", "")
    assert ("Full moon" in russian, russian == english) == (True, False)
    assert set(ours) & set(string.ascii_letters) == set()
