"""What was deleted by a click comes back within a minute, and never after an erasure."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.utils import timezone

from tests.fixtures.product import Frame
from tests.pages.helpers import VISITOR
from traces.history import erasure, visitor_requests
from traces.models import Attempt, Form, Preferences, Removed, Submission

pytestmark = pytest.mark.django_db
LIST = "/b24/app/submissions/"


@pytest.fixture
def row(receive):
    """A failed submission with two attempts."""
    row = receive(VISITOR, state="failed", code="error_core", params={"words": "Fill COMPANY."}, due_at=None)
    for outcome in ("retry", "refused"):
        Attempt.objects.create(submission=row, method="crm.lead.add", outcome=outcome, exchange="{}")
    return row


@pytest.fixture
def undone(frame, row):
    """Delete the submission; what puts it back returns the answer."""
    page = frame.post(f"{LIST}delete/", {"id": [row.pk]}).text
    assert not Submission.objects.exists()
    number = re.search(r'name="undo" value="(\d+)"', page)[1]
    return lambda frame=frame: frame.post(f"{LIST}undo/", {"undo": number})


def facts(query):
    """Every column, but the numbers of the attempts."""
    return [{name: value for name, value in row.items() if name != "id"} for row in query.order_by("id").values()]


def test_it_comes_back_as_it_was(frame, row):
    before = facts(Submission.objects), facts(Attempt.objects)
    page = frame.post(f"{LIST}{row.pk}/delete/").text
    answer = frame.post(f"{LIST}undo/", {"undo": re.search(r'name="undo" value="(\d+)"', page)[1]})
    assert "1 submission restored." in answer.text
    assert (facts(Submission.objects), facts(Attempt.objects)) == before
    assert (Submission.objects.get().pk, Removed.objects.exists()) == (row.pk, False)


def test_after_a_minute_it_is_gone(undone):
    with time_machine.travel(timezone.now() + timedelta(seconds=61)):
        answer = undone()
    assert (answer.status_code, Submission.objects.exists()) == (422, False)


def test_the_sweep_erases_it(undone):
    erasure.erase(timezone.now(), thorough=False)
    assert Removed.objects.exists()
    erasure.erase(timezone.now() + timedelta(seconds=61), thorough=False)
    assert not Removed.objects.exists()


def test_nothing_of_it_stands_in_the_clear(undone):
    with connection.cursor() as cursor:
        cursor.execute("SELECT content FROM traces_removed")
        (stored,) = cursor.fetchone()
    assert "Ines" not in stored


def test_a_visitors_erasure_leaves_nothing_to_put_back(undone, acme):
    visitor_requests.erase(acme, "ines@shop.example")
    assert (undone().status_code, Submission.objects.exists()) == (422, False)


def test_deleting_all_leaves_nothing_to_put_back(undone, acme):
    Preferences.objects.update_or_create(portal=acme, defaults={"erase_before": timezone.now()})
    erasure.erase(timezone.now(), thorough=False)
    assert (undone().status_code, Submission.objects.exists()) == (422, False)


def test_what_came_again_meanwhile_is_not_doubled(undone, row, make_submission):
    Submission.objects.bulk_create([Submission.from_db("default", *_columns(row))])
    assert (undone().status_code, Submission.objects.count()) == (422, 1)


def _columns(row):
    names = [field.attname for field in row._meta.concrete_fields]
    return names, [getattr(row, name) for name in names]


def test_without_its_form_it_does_not_come_back(undone):
    Form.objects.all().delete()
    assert (undone().status_code, Submission.objects.exists()) == (422, False)


def test_another_portal_cannot_put_it_back(client, undone, other):
    assert undone(Frame(client, other)).status_code == 422


def test_what_is_under_way_is_not_deleted(frame, receive):
    row = receive({}, state="sending", due_at=None)
    assert "0 submissions deleted." in frame.post(f"{LIST}delete/", {"id": [row.pk]}).text
    assert Submission.objects.exists()
