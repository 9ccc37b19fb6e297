"""Much that waits for one portal: a worker has several batches in flight."""

import time

import pytest
from django.db import DatabaseError

from b24app.models import Portal
from traces.delivery import drain, settle, wake
from traces.delivery.next import AT_ONCE, NOT_NEEDED
from traces.models import Form, Submission

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def backlog(settings, installed):
    """More than one batch carries, in a process with senders; nothing is limited."""
    settings.SENDER_THREADS = 8
    Portal.objects.update(tariff="unlimited")
    form = Form.objects.create(portal=installed, name="Shop", secret_hash="0" * 64)
    facts = {"portal": installed, "form": form, "body": {"TRACE": "{}"}, "body_hash": "0" * 64}
    Submission.objects.bulk_create(Submission(**facts) for _ in range(120))


def test_several_batches_are_in_flight_at_a_time(backlog, installed, portal):
    portal.command_seconds = 0.02
    began = time.monotonic()
    drain.drain(installed.pk)
    assert Submission.objects.filter(state="delivered").count() == 120
    assert time.monotonic() - began < 120 * 0.02


def test_when_the_turn_is_over_another_goes_on_and_no_answer_is_lost(backlog, installed, portal, settings, monkeypatch):
    portal.command_seconds = 0.02
    settings.TURN_SECONDS = 0.01
    in_flight: list[int] = []

    def publish(portal_id, seconds):
        in_flight.append(Submission.objects.filter(state="sending").count())

    monkeypatch.setattr(wake, "_publish", publish)
    assert drain.drain(installed.pk) == NOT_NEEDED
    assert in_flight[-1] > 0
    assert not Submission.objects.filter(state="sending").exists()


def test_where_nobody_can_be_called_the_turn_is_followed_by_another(backlog, installed, portal, settings):
    portal.command_seconds = 0.02
    settings.TURN_SECONDS = 0.01
    assert drain.drain(installed.pk) == AT_ONCE


def test_a_fault_of_ours_while_one_answer_is_settled_drops_no_other(backlog, installed, portal, monkeypatch):
    original, broken = settle.settle, []

    def settle_or_break(*args):
        if not broken:
            broken.extend(row.pk for row in args[1].rows)
            raise KeyError("ours")
        return original(*args)

    monkeypatch.setattr(settle, "settle", settle_or_break)
    drain.drain(installed.pk)
    assert set(Submission.objects.exclude(pk__in=broken).values_list("state", flat=True)) == {"delivered"}


def test_a_database_that_fails_while_one_answer_is_settled_drops_no_other(backlog, installed, monkeypatch):
    original, broken = settle.settle, []

    def settle_or_break(*args):
        if not broken:
            broken.append(args[1].batch)
            raise DatabaseError
        return original(*args)

    monkeypatch.setattr(settle, "settle", settle_or_break)
    with pytest.raises(DatabaseError):
        drain.drain(installed.pk)
    lost = Submission.objects.filter(batch=broken[0]).count()
    assert Submission.objects.filter(state="sending").count() == lost
