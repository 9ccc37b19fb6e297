"""The page of a form's conditions."""

import pytest
from django.urls import reverse

from b24app.api import errors
from b24app.portal import crm_directory
from tests.fixtures.forms import make_form
from tests.fixtures.product import Frame
from tests.pages.helpers import error_of
from traces.models import Form

pytestmark = pytest.mark.django_db
CITY = {"c0-field": "submitted", "c0-name": "city", "c0-operator": "equals", "c0-value": "Lyon"}
CHOICE = {"field": "submitted", "name": "city", "operator": "equals", "value": "Lyon", "people": [7, 9]}


def rows(form):
    return reverse("form-choices-rows", args=[form.pk])


@pytest.fixture
def frame(frame, monkeypatch):
    """The application opened in a portal that tells neither stages nor people."""

    def silent(*_what):
        raise errors.Transient("unreachable")

    monkeypatch.setattr(crm_directory, "stages", silent)
    monkeypatch.setattr(crm_directory, "users", silent)
    return frame


@pytest.fixture
def stored(acme):
    """A form with a condition."""
    return make_form(acme, creates="lead", choices=[CHOICE])


def test_without_conditions_the_page_says_what_they_are_for(frame, lead):
    assert rows(lead) in frame.get(reverse("form-choices", args=[lead.pk])).text
    assert "No conditions." in frame.get(rows(lead)).text


def test_a_form_that_links_records_has_none(frame, acme):
    form = make_form(acme, creates="link")
    assert rows(form) not in frame.get(reverse("form-choices", args=[form.pk])).text


def test_a_condition_is_stored_as_it_was_typed(frame, lead):
    typed = {**CITY, "rows": "1", "c0-creates": "deal", "c0-stage": "C3:NEW", "c0-people": "7, 9"}
    answer = frame.post(rows(lead), typed)
    lead.refresh_from_db()
    assert answer.status_code == 200 and "Conditions saved." in answer.text
    assert lead.choices == [{**CHOICE, "creates": "deal", "stage": "C3:NEW"}]


def test_what_is_stored_can_be_changed(frame, stored):
    page = frame.get(rows(stored)).text
    assert 'value="Lyon"' in page and 'value="7, 9"' in page


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"c0-people": "x"}, "people"),
        ({"c0-people": "0"}, "people"),
        ({}, "creates"),
        ({"c0-people": "7", "c0-name": ""}, "name"),
        ({"c0-people": "7", "c0-value": ""}, "value"),
        ({"c0-people": "7", "c0-operator": "regex", "c0-value": "("}, "value"),
        ({"c0-stage": "NEW", "c0-creates": "contact"}, "stage"),
        ({"c0-people": "7", "c0-field": "form"}, "field"),
    ],
)
def test_a_wrong_condition_says_why_and_changes_nothing(frame, stored, typed, field):
    answer = frame.post(rows(stored), {**CITY, "rows": "1", **typed})
    stored.refresh_from_db()
    assert (answer.status_code, stored.choices) == (422, [CHOICE])
    assert error_of(answer.text, f"c0-{field}")


@pytest.mark.parametrize("do", ["add", "look"])
def test_what_is_typed_stays_while_the_table_changes(frame, lead, do):
    answer = frame.post(rows(lead), {**CITY, "rows": "1", "c0-people": "7", "do": do})
    assert 'value="Lyon"' in answer.text and 'class="error"' not in answer.text
    assert ("Condition 2" in answer.text) == (do == "add")
    assert Form.objects.get(pk=lead.pk).choices == []


@pytest.mark.parametrize(
    ("do", "left"), [("drop:0", "Paris"), ("drop:1", "Lyon"), ("drop:7", "Lyon"), ("up:1", "Paris")]
)
def test_a_condition_can_be_removed_or_moved(frame, lead, do, left):
    second = {"c1-field": "submitted", "c1-name": "city", "c1-operator": "equals", "c1-value": "Paris"}
    answer = frame.post(rows(lead), {**CITY, **second, "rows": "2", "do": do}).text
    assert answer.index(f'value="{left}"') and 'name="c0-value" value="' + left in answer


def test_there_are_ten_at_most(frame, lead):
    answer = frame.post(rows(lead), {"rows": "10", "do": "add"}).text
    assert "Condition 10" in answer and "Condition 11" not in answer and "choice-add" not in answer


def test_only_what_is_needed_is_asked(frame, lead):
    page = frame.post(rows(lead), {"rows": "1", "c0-field": "any", "c0-creates": "contact", "do": "look"}).text
    assert 'id="c0-people"' in page
    assert not any(f'id="c0-{name}"' in page for name in ("name", "operator", "value", "stage"))


def test_where_the_portal_tells_them_stages_and_people_have_names(client, installed, portal, form):
    portal.scope += ",user"
    portal.add_user(70, admin=False, name="Ines")
    typed = {**CITY, "rows": "1", "c0-creates": "deal", "c0-stage": "C3:NEW", "c0-people": ["70", "99"]}
    opened = Frame(client, installed)
    page = opened.post(rows(form), {**typed, "do": "look"}).text
    assert '<optgroup label="Partners">' in page and '<option value="C3:NEW" selected>First call</option>' in page
    assert '<option value="70" selected>Moreau Ines</option>' in page
    assert '<option value="99" selected>99</option>' in page
    opened.post(rows(form), typed)
    form.refresh_from_db()
    assert form.choices[0]["people"] == [70, 99]


def test_another_portals_form_is_not_there(frame, other):
    assert frame.get(rows(make_form(other))).status_code == 404


def test_a_submission_tells_its_condition(frame, stored, make_submission):
    row = make_submission(form=stored, body={"name": "Ines", "city": "Lyon"})
    page = frame.get(reverse("submission", args=[row.pk])).text
    assert "Condition 1 matches. Responsible: user 7, one of 2 in turns." in page
    assert reverse("form-choices", args=[stored.pk]) in page
