"""A form's choices: which of them a submission matches, and what it gives."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fixtures.rules import rule
from traces.compose import choices, prepared, sources
from traces.compose.choices import Choice
from traces.compose.matching import Matcher
from traces.compose.prepared import FormSettings
from traces.compose.records import KINDS

BODY = {"name": "Ines Moreau", "phone": "+33170000000", "city": "Lyon", "utm_campaign": "Spring sale"}
PEOPLE = Choice("any", people=(7, 9))


def prepare(*listed, kind="lead", body=BODY, given=0, **settings):
    form = FormSettings("key", "Shop", kind, settings.pop("mapping", {}), choices=listed, **settings)
    return prepared.prepare(form, "7", body, 1_795_500_000, Matcher([rule()]), responsible=given)


@pytest.mark.parametrize(
    ("choice", "matches"),
    [
        (Choice("submitted", "city", "equals", "lyon"), True),
        (Choice("submitted", "city", "contains", "ly"), True),
        (Choice("submitted", "city", "equals", "Paris"), False),
        (Choice("submitted", "town", "equals", "Lyon"), False),
        (Choice("submitted", "town", "empty"), True),
        (Choice("submitted", "city", "empty"), False),
        (Choice("utm_campaign", "", "contains", "spring"), True),
        (Choice("utm_medium", "", "empty"), True),
        (Choice("page_path", "", "wildcard", "/b2b/*"), True),
        (Choice("page_host", "", "equals", "www.shop.example"), True),
        (Choice("any"), True),
    ],
)
def test_a_choice_looks_where_it_says(choice, matches):
    body = {**BODY, "page_url": "https://shop.example/b2b/offer"}
    result = prepare(replace(choice, people=(7,)), body=body)
    assert (result.records["lead"].get("ASSIGNED_BY_ID") == 7) is matches


def test_a_field_is_known_by_its_senders_name_too():
    body = {**BODY, "_names": {"Your plan": ["Pro", "Team"]}}
    assert prepare(Choice("submitted", "Your plan", value="team", creates="deal"), body=body).kind == "deal"


def test_the_first_choice_that_matches_decides():
    result = prepare(Choice("submitted", "city", value="Paris", people=(5,)), Choice("any", people=(7,)), PEOPLE)
    assert (result.chosen.number, result.chosen.responsible) == (2, 7)


def test_a_choice_makes_another_kind_in_its_pipeline_and_stage():
    result = prepare(Choice("any", creates="deal", stage="C3:NEW", people=(7,)))
    assert (result.kind, list(result.records)) == ("deal", ["contact", "deal"])
    deal = result.records["deal"]
    assert (deal["CATEGORY_ID"], deal["STAGE_ID"], deal["ASSIGNED_BY_ID"]) == (3, "C3:NEW", 7)
    assert "STAGE_ID" not in result.records["contact"]


def test_a_choice_comes_before_the_mapping_and_the_forms_person():
    mapping = {"lead": {"STATUS_ID": "NEW", "ASSIGNED_BY_ID": 3}}
    result = prepare(Choice("any", stage="IN_PROCESS", people=(7,)), mapping=mapping, assigned_by_id=4)
    assert (result.records["lead"]["STATUS_ID"], result.records["lead"]["ASSIGNED_BY_ID"]) == ("IN_PROCESS", 7)


def test_what_a_choice_leaves_open_stays_as_the_form_says():
    result = prepare(Choice("any", creates="contact"), assigned_by_id=4)
    assert result.records["contact"]["ASSIGNED_BY_ID"] == 4


@pytest.mark.parametrize(("turns", "person"), [(0, 7), (1, 9), (2, 7), (1001, 9)])
def test_people_are_responsible_in_turns(turns, person):
    assert prepare(PEOPLE, rota={"7,9": turns}).records["lead"]["ASSIGNED_BY_ID"] == person


@pytest.mark.parametrize(("given", "person"), [(9, 9), (5, 7)])
def test_a_submission_keeps_its_person_while_the_choice_has_them(given, person):
    assert prepare(PEOPLE, given=given).records["lead"]["ASSIGNED_BY_ID"] == person


@pytest.mark.parametrize(("stage", "number"), [("NEW", 0), ("C3:NEW", 3), ("C12:WON", 12), ("Cx:NEW", 0), ("3:NEW", 0)])
def test_a_stage_tells_its_pipeline(stage, number):
    assert choices.pipeline_of(stage) == number


@pytest.mark.parametrize(
    ("choice", "fault"),
    [
        (PEOPLE, ""),
        (Choice("submitted", "", value="x", people=(7,)), choices.NAME_MISSING),
        (Choice("form", value="x", people=(7,)), sources.FIELD_UNKNOWN),
        (Choice("utm_source", people=(7,)), sources.VALUE_MISSING),
        (Choice("utm_source", operator="regex", value="(", people=(7,)), sources.NOT_A_REGEX),
        (Choice("page_path", value="shop", people=(7,)), sources.NOT_A_PATH),
        (Choice("any"), choices.NOTHING_CHOSEN),
        (Choice("any", creates="link"), choices.NOTHING_CHOSEN),
        (Choice("any", creates="contact", stage="NEW"), choices.NO_STAGE),
        (Choice("any", stage="N" * 51), choices.NO_STAGE),
        (Choice("any", people=(0,)), choices.NO_PEOPLE),
        (Choice("any", people=(7,) * 11), choices.NO_PEOPLE),
    ],
)
def test_what_cannot_be_stored(choice, fault):
    assert choices.fault(choice, "lead") == fault


TEXTS = st.text(max_size=20)
BODIES = st.dictionaries(st.sampled_from([*BODY, "utm_source", "page_url", "TRACE", "ASSIGNED_BY_ID"]), TEXTS)


@given(BODIES, st.sampled_from(sorted(KINDS)), st.none() | st.integers(1, 9))
def test_without_a_choice_that_matches_nothing_changes(body, kind, person):
    never = Choice("submitted", "no such field", value="x", creates="deal", stage="C3:NEW", people=(7, 9))
    plain = prepare(kind=kind, body=body, assigned_by_id=person)
    assert prepare(never, kind=kind, body=body, assigned_by_id=person, given=9, rota={"7,9": 3}) == plain
    assert plain.chosen is None
