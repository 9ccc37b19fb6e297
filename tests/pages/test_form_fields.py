"""The page of a form's fields: the portal's own beside the rows, what is saved of them, what is pointed out."""

import re

import pytest

from b24app.api import errors
from b24app.portal import crm_directory
from b24app.portal.crm_directory import Field
from tests.fixtures.forms import make_form
from tests.pages.helpers import error_of
from traces.models import Form
from traces.pages import form_mapping

pytestmark = pytest.mark.django_db
HERE = "/b24/app/forms/"
FIELDS = [
    Field("TITLE", "Title", "string", required=True, multiple=False),
    Field("ASSIGNED_BY_ID", "Responsible", "user", required=False, multiple=False),
    Field("PHONE", "Phone", "crm_multifield", required=True, multiple=True),
    Field("UF_CRM_1", "Budget", "string", required=True, multiple=False),
    Field("UF_CRM_2", "Colour", "enumeration", required=False, multiple=False, items=(("12", "Red"), ("13", "Blue"))),
    Field("ORIGIN_ID", "Ours", "string", required=False, multiple=False),
]


@pytest.fixture
def described(monkeypatch):
    """The portal tells its fields."""
    monkeypatch.setattr(crm_directory, "record_fields", lambda portal, record: FIELDS)


@pytest.fixture
def silent(monkeypatch):
    """The portal does not answer."""

    def record_fields(portal, record):
        raise errors.Transient("unreachable")

    monkeypatch.setattr(crm_directory, "record_fields", record_fields)


def mapped(*rows, kind="lead", **more):
    """The body of the form of fields: (field, how, value) for each row of `kind`'s last record."""
    columns = {f"{kind}-{name}": [row[place] for row in rows] for place, name in enumerate(("field", "how", "value"))}
    return {"creates": kind, **columns, **more}


def test_the_page_asks_the_portal_for_nothing(frame, lead, answers):
    page = frame.get(f"{HERE}{lead.pk}/fields/").text
    assert f'hx-get="{HERE}{lead.pk}/fields/rows/"' in page
    assert answers.calls == []


def test_a_form_that_makes_no_records_has_no_fields(frame, form):
    assert f"{HERE}{form.pk}/fields/rows/" not in frame.get(f"{HERE}{form.pk}/fields/").text


def test_the_portals_fields_are_offered_by_their_titles(frame, lead, described):
    page = frame.post(f"{HERE}{lead.pk}/fields/rows/", mapped(do="add:lead")).text
    offered = re.findall(r'<option value="(\w+)">([^<]+)</option>', page)
    assert offered[:2] == [("ASSIGNED_BY_ID", "Responsible"), ("TITLE", "Title")]
    assert ("UF_CRM_1", "Budget (UF_CRM_1)") in offered
    assert "ORIGIN_ID" not in dict(offered)


def test_what_the_portal_requires_and_nothing_fills_is_pointed_out(frame, lead, described):
    page = frame.get(f"{HERE}{lead.pk}/fields/rows/").text
    assert re.findall(r'value="add:lead:(\w+)"', page) == ["UF_CRM_1"]


@pytest.mark.parametrize(("rule", "lacking"), [("", ["UF_CRM_1"]), ("x", []), ({"field": "budget"}, [])])
def test_what_is_mapped_lacks_nothing(frame, lead, described, rule, lacking):
    Form.objects.update(mapping={"lead": {"UF_CRM_1": rule}})
    page = frame.get(f"{HERE}{lead.pk}/fields/rows/").text
    assert re.findall(r'value="add:lead:(\w+)"', page) == lacking


def test_a_default_that_was_taken_away_is_lacking(frame, lead, described):
    Form.objects.update(mapping={"lead": {"PHONE": ""}})
    page = frame.get(f"{HERE}{lead.pk}/fields/rows/").text
    assert re.findall(r'value="add:lead:(\w+)"', page) == ["PHONE", "UF_CRM_1"]


def test_the_choices_of_a_list_are_told(frame, lead, described):
    Form.objects.update(mapping={"lead": {"UF_CRM_2": "12"}})
    page = frame.get(f"{HERE}{lead.pk}/fields/rows/").text
    assert "<code>12</code> Red, <code>13</code> Blue" in page


def test_a_deals_stages_are_those_of_its_pipeline(frame, acme, monkeypatch):
    asked = []
    stage = Field("STAGE_ID", "Stage", "crm_status", required=False, multiple=False)
    monkeypatch.setattr(crm_directory, "record_fields", lambda portal, record: [stage])
    monkeypatch.setattr(crm_directory, "statuses", lambda portal, name: asked.append(name) or [("C3:NEW", "Fresh")])
    form = make_form(acme, creates="deal", mapping={"deal": {"CATEGORY_ID": 3, "STAGE_ID": "C3:NEW"}})
    assert "<code>C3:NEW</code> Fresh" in frame.get(f"{HERE}{form.pk}/fields/rows/").text
    assert asked == ["DEAL_STAGE_3"]


def test_a_portal_that_does_not_answer_leaves_names_to_type(frame, lead, silent):
    Form.objects.update(mapping={"lead": {"UF_CRM_1": "x"}})
    page = frame.get(f"{HERE}{lead.pk}/fields/rows/").text
    assert "Couldn't load your CRM fields." in page
    assert 'name="lead-field" value="UF_CRM_1"' in page
    assert '<option value="ASSIGNED_BY_ID">Responsible person</option>' in page


def test_a_portal_that_does_not_answer_is_asked_once(frame, acme, answers):
    answers.fail(errors.Transient("unreachable"))
    form = make_form(acme, creates="deal")
    assert frame.get(f"{HERE}{form.pk}/fields/rows/").status_code == 200
    assert len(answers.calls) == 1


def test_names_are_suggested_and_never_values(frame, lead, described, make_submission):
    make_submission(form=lead, body={"budget": "my-value", "TRACE": "{}", "website_confirm": "x"})
    page = frame.get(f"{HERE}{lead.pk}/fields/rows/").text
    assert '<datalist id="submitted-names"><option value="budget"></option></datalist>' in page
    assert "my-value" not in page


RULES = [
    (("TITLE", "text", "From {city}"), "From {city}"),
    (("UF_CRM_1", "submitted", "budget"), {"field": "budget"}),
    (("ASSIGNED_BY_ID", "number", "7"), 7),
    (("OPPORTUNITY", "number", "7,5"), 7.5),
    (("COMMENTS", "nothing", "left over"), ""),
]


@pytest.mark.parametrize(("row", "rule"), RULES, ids=[row[1] + row[2] for row, _ in RULES])
def test_a_row_is_saved_as_the_rule_that_it_is(frame, lead, silent, row, rule):
    answer = frame.post(f"{HERE}{lead.pk}/fields/rows/", mapped(row))
    lead.refresh_from_db()
    assert (answer.status_code, lead.mapping) == (200, {"lead": {row[0]: rule}})


@pytest.mark.parametrize("rule", ["From {city}", {"field": "budget"}, 7, 7.5, "", "7"])
def test_what_is_stored_is_saved_again_as_it_was(lead, rule):
    lead.mapping = {"lead": {"UF_CRM_1": rule}}
    typed = form_mapping.inputs(form_mapping.stored(lead), are_typed=True)
    assert repr(form_mapping.mapping(typed)) == repr(lead.mapping)


@pytest.mark.parametrize(
    ("rows", "field", "text"),
    [
        ([("", "text", "x")], "field", "Choose a field"),
        ([("title", "text", "x")], "field", "“title” is not a field that can be filled."),
        ([("TRACE", "text", "x")], "field", "“TRACE” is not a field that can be filled."),
        ([("TITLE", "text", "")], "value", "Enter a value"),
        ([("TITLE", "submitted", "")], "value", "Enter a value"),
        ([("TITLE", "text", "x" * 1001)], "value", "at most 1000 characters"),
        ([("TITLE", "number", "x")], "value", "This is not a number."),
        ([("TITLE", "number", "nan")], "value", "This is not a number."),
        ([("TITLE", "number", "1e999")], "value", "This is not a number."),
        ([("TITLE", "text", "x"), ("TITLE", "text", "y")], "field", "is listed twice"),
    ],
)
def test_a_row_that_cannot_be_saved_says_why_and_is_kept(frame, lead, silent, rows, field, text):
    answer = frame.post(f"{HERE}{lead.pk}/fields/rows/", mapped(*rows))
    lead.refresh_from_db()
    assert (answer.status_code, lead.mapping) == (422, {})
    assert text in error_of(answer.text, f"row{len(rows)}-lead-{field}")
    assert f'name="lead-value" value="{rows[-1][2]}"' in answer.text or not rows[-1][2]


def test_an_empty_row_is_left_out(frame, lead, silent):
    Form.objects.update(mapping={"lead": {"TITLE": "x"}})
    frame.post(f"{HERE}{lead.pk}/fields/rows/", mapped(("", "text", "")))
    assert Form.objects.get().mapping == {}


@pytest.mark.parametrize(
    ("wish", "fields"),
    [
        ("add:lead", ["TITLE", "UF_CRM_1", ""]),
        ("add:lead:UF_CRM_2", ["TITLE", "UF_CRM_1", "UF_CRM_2"]),
        ("drop:lead:0", ["UF_CRM_1"]),
        ("drop:lead:9", ["TITLE", "UF_CRM_1"]),
    ],
)
def test_rows_come_and_go_and_nothing_is_saved_yet(frame, lead, silent, wish, fields):
    rows = [("TITLE", "text", "x"), ("UF_CRM_1", "text", "y")]
    page = frame.post(f"{HERE}{lead.pk}/fields/rows/", mapped(*rows, do=wish)).text
    assert re.findall(r'name="lead-field"(?: value="(\w*)")?', page) == fields
    assert Form.objects.get().mapping == {}


def test_the_fields_of_other_kinds_are_kept(frame, lead, silent):
    Form.objects.update(mapping={"contact": {"POST": "x"}, "lead": {"TITLE": "y"}})
    frame.post(f"{HERE}{lead.pk}/fields/rows/", mapped(("TITLE", "text", "z")))
    assert Form.objects.get().mapping == {"contact": {"POST": "x"}, "lead": {"TITLE": "z"}}


def test_rows_typed_for_another_kind_change_nothing(frame, lead, silent):
    Form.objects.update(mapping={"lead": {"TITLE": "y"}})
    answer = frame.post(f"{HERE}{lead.pk}/fields/rows/", {"creates": "deal"})
    assert (answer.status_code, Form.objects.get().mapping) == (422, {"lead": {"TITLE": "y"}})


def test_more_fields_than_the_page_can_show_are_left_alone(frame, lead, described):
    many = {f"UF_CRM_{number}": "x" for number in range(form_mapping.MAX_ROWS + 1)}
    Form.objects.update(mapping={"lead": many})
    assert "<form" not in frame.get(f"{HERE}{lead.pk}/fields/rows/").text


COLOUR = {"type": "enumeration", "isMultiple": False, "items": [["12", "Red"], ["13", "Blue"]]}


def test_what_the_portal_says_of_the_mapped_fields_is_kept_with_the_form(frame, lead, described):
    frame.post(f"{HERE}{lead.pk}/fields/rows/", mapped(("UF_CRM_2", "submitted", "colour"), ("UF_CRM_9", "text", "x")))
    assert Form.objects.get().field_types == {"lead": {"UF_CRM_2": COLOUR}}


def test_opening_the_page_refreshes_what_is_kept(frame, lead, described):
    Form.objects.update(mapping={"lead": {"UF_CRM_2": "Red"}}, field_types={"lead": {"UF_CRM_2": {"type": "string"}}})
    frame.get(f"{HERE}{lead.pk}/fields/rows/")
    assert Form.objects.get().field_types == {"lead": {"UF_CRM_2": COLOUR}}


def test_a_silent_portal_changes_nothing_of_what_is_kept(frame, lead, silent):
    kept = {"lead": {"UF_CRM_2": COLOUR}}
    Form.objects.update(mapping={"lead": {"UF_CRM_2": "Red"}}, field_types=kept)
    frame.get(f"{HERE}{lead.pk}/fields/rows/")
    assert Form.objects.get().field_types == kept
