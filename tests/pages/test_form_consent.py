"""A form's consent: chosen on the page of its fields, kept with each submission, shown on its page."""

from datetime import timedelta

import pytest
from django.utils import timezone

from b24app.models import Portal
from tests.fixtures.product import Frame
from tests.pages.helpers import error_of
from traces.models import ConsentText, Form, Submission

pytestmark = pytest.mark.django_db
TEXT = "I agree that Shop keeps my data."


@pytest.fixture
def here(form):
    return f"/b24/app/forms/{form.pk}/consent/"


def test_the_choice_is_stored(frame, form, here):
    answer = frame.post(here, {"consent_field": " agree ", "consent_text": TEXT, "agreement_id": ""})
    form.refresh_from_db()
    assert (answer.status_code, form.consent_field, form.agreement_id) == (200, "agree", None)
    assert [one.text for one in form.consent_texts.all()] == [TEXT]
    assert TEXT in frame.get(here).text


def test_a_text_that_is_saved_again_is_no_new_one(frame, form, here):
    for _ in range(2):
        frame.post(here, {"consent_field": "agree", "consent_text": TEXT})
    assert ConsentText.objects.count() == 1


def test_the_submitted_names_are_offered(frame, here, receive):
    receive({"my_tick": "on"})
    assert '<option value="my_tick">' in frame.get(here).text


def test_the_portals_agreements_are_offered_where_the_right_was_given(client, installed, portal, form, here):
    portal.scope += ",userconsent"
    portal.agreements = [
        {"ID": "19", "NAME": "Personal data", "ACTIVE": "Y", "LANGUAGE_ID": "en"},
        {"ID": "21", "NAME": "Former rules", "ACTIVE": "N", "LANGUAGE_ID": None},
    ]
    Portal.objects.update(scope="crm,userconsent")
    page = Frame(client, installed)
    seen = page.get(here).text
    assert ("Personal data" in seen, "Former rules" in seen) == (True, False)
    page.post(here, {"consent_field": "agree", "agreement_id": "19"})
    assert Form.objects.get().agreement_id == 19
    answer = page.post(here, {"consent_field": "agree", "agreement_id": "20"})
    assert (answer.status_code, Form.objects.get().agreement_id) == (422, 19)
    assert error_of(answer.text, "consent-agreement_id").startswith("Choose one of the agreements")


def test_without_the_right_it_says_that_consents_are_kept_here(client, installed, portal, form, here):
    seen = Frame(client, installed).get(here).text
    assert "userconsent" in seen and "consent-agreement_id" not in seen


@pytest.mark.parametrize(("tick", "state"), [({"agree": "on"}, "given"), ({}, "missing")])
def test_whether_the_visitor_agreed_is_kept_and_shown(frame, form, post, tick, state):
    Form.objects.update(consent_field="agree")
    ConsentText.objects.create(form=form, text=TEXT, since=timezone.now() - timedelta(days=1))
    answer = post({"NAME": "Ines", "PHONE": "+33170000000", **tick})
    assert (answer.status_code, Submission.objects.get().consent) == (200, state)
    seen = frame.get(f"/b24/app/submissions/{answer.json()['id']}/").text
    assert ("Given " in seen, "Not given" in seen, TEXT in seen) == (state == "given", state == "missing", True)


def test_what_came_before_a_change_shows_the_former_text(frame, form, receive):
    now = timezone.now()
    ConsentText.objects.create(form=form, text="The former text", since=now - timedelta(days=9))
    ConsentText.objects.create(form=form, text="The new text", since=now - timedelta(days=1))
    row = receive({"agree": "on"}, consent="given", received_at=now - timedelta(days=2))
    seen = frame.get(f"/b24/app/submissions/{row.pk}/").text
    assert ("The former text" in seen, "The new text" in seen) == (True, False)


def test_a_text_that_the_form_sent_is_shown_instead(frame, form, receive):
    Form.objects.update(consent_field="agree")
    ConsentText.objects.create(form=form, text=TEXT, since=timezone.now() - timedelta(days=9))
    row = receive({"agree": "Yes, with Shop's rules of May"}, consent="given")
    assert "rules of May" in frame.get(f"/b24/app/submissions/{row.pk}/").text
