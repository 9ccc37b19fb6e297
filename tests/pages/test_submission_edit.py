"""A failed submission is corrected and sent, and the list's filter leads from one to the next."""

from datetime import timedelta

import pytest

from tests.fixtures.product import Frame
from tests.pages.conftest import NOON
from tests.pages.helpers import VISITOR
from traces.models import Submission

pytestmark = pytest.mark.django_db
LIST = "/b24/app/submissions/"


@pytest.fixture
def row(receive):
    """A failed submission."""
    body = {**VISITOR, "TRACE": '{"pages":{}}', "utm_source": "google"}
    return receive(body, state="failed", code="error_core", due_at=None)


def test_a_corrected_value_is_saved_and_sent(frame, row):
    answer = frame.post(f"{LIST}{row.pk}/edit/", {"value-0": "Ines Martin", "value-1": "+49 30 7654321"})
    assert "Sending again…" in answer.text
    before, row = row.body, Submission.objects.get()
    assert row.body == {**before, "phone": "+49 30 7654321"}
    assert (row.state, row.repairs, row.terms) == ("queued", ["edited"], None)


def test_a_missing_field_is_added(frame, row):
    frame.post(f"{LIST}{row.pk}/edit/", {"name": "company", "value": "Acme"})
    row.refresh_from_db()
    assert (row.body["company"], row.body["name"]) == ("Acme", "Ines Martin")


@pytest.mark.parametrize("name", ["TRACE", "_names", "utm_source"])
def test_what_is_no_field_of_a_form_cannot_be_added(frame, row, name):
    assert frame.post(f"{LIST}{row.pk}/edit/", {"name": name, "value": "x"}).status_code == 422
    assert Submission.objects.get().state == "failed"


@pytest.mark.parametrize(
    ("facts", "offered"),
    [({"state": "failed"}, True), ({"state": "delivered"}, False), ({"state": "spam"}, False)],
)
def test_only_a_failed_one_is_edited(frame, receive, facts, offered):
    row = receive(VISITOR, due_at=None, **facts)
    assert ("Save and resend" in frame.get(f"{LIST}{row.pk}/").text) is offered
    frame.post(f"{LIST}{row.pk}/edit/", {"value-0": "Otto"})
    row.refresh_from_db()
    assert (row.body["name"] == "Otto") is offered


def test_another_portals_one_is_left_alone(client, other, row):
    assert Frame(client, other).post(f"{LIST}{row.pk}/edit/", {"value-0": "Otto"}).status_code == 404
    assert Submission.objects.get().body["name"] == "Ines Martin"


def test_the_next_one_is_of_the_lists_filter(frame, receive):
    first, between, last = (
        receive({"name": name}, state=state, received_at=NOON + timedelta(minutes=minute))
        for minute, (name, state) in enumerate((("Ines", "failed"), ("Otto", "delivered"), ("Anna", "failed")))
    )
    led = frame.post(f"{LIST}{last.pk}/older/", {"state": "failed"})
    assert f'id="submission-id">{first.pk}<' in led.text
    led = frame.post(f"{LIST}{last.pk}/older/")
    assert f'id="submission-id">{between.pk}<' in led.text
    assert "oldest one that matches" in frame.post(f"{LIST}{first.pk}/older/", {"state": "failed"}).text
