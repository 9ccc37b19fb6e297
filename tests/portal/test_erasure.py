"""Deleting data: a portal's own, what is old, and what an administrator wants gone."""

import threading
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone

from b24app.models import Portal
from b24app.portal import install
from tests.fixtures.forms import make_form
from traces import tasks
from traces.history import erasure
from traces.models import Attempt, Batch, Preferences, Submission

NOW = timezone.now()


@pytest.fixture
def erasing(transactional_db):
    """Somebody erases what was asked to be erased, over and over, while the test runs."""
    over = threading.Event()

    def erase():
        try:
            while not over.wait(0.003):
                erasure.erase_requested()
        finally:
            connections.close_all()

    thread = threading.Thread(target=erase)
    thread.start()
    yield
    over.set()
    thread.join()


def test_an_installation_meets_the_erasure_of_the_one_before(erasing, wired, portal):
    for _ in range(40):
        visit = install.open_frame(install.claim_of_frame(*portal.frame_post()))
        assert visit.portal.users.count() == 1
        Portal.objects.update(state=Portal.State.UNINSTALLED, clean_requested_at=timezone.now())


def received(days):
    return NOW - timedelta(days=days)


@pytest.mark.parametrize("state", ["delivered", "failed", "test"])
def test_what_has_ended_goes_after_the_days_that_are_the_default(make_submission, state):
    make_submission(state=state, due_at=None, received_at=received(181))
    kept = make_submission(state=state, due_at=None, received_at=received(179))
    erasure.erase_old(NOW)
    assert list(Submission.objects.all()) == [kept]


@pytest.mark.parametrize(("days", "left"), [(30, 0), (40, 1), (0, 1)])
def test_a_portal_chooses_the_days(make_submission, acme, days, left):
    Preferences.objects.create(portal=acme, retention_days=days)
    make_submission(state="delivered", due_at=None, received_at=received(35))
    erasure.erase_old(NOW)
    assert Submission.objects.count() == left


@pytest.mark.parametrize("state", ["queued", "sending"])
def test_what_has_not_ended_is_never_too_old(make_submission, state):
    make_submission(state=state, received_at=received(999))
    erasure.erase_old(NOW)
    assert Submission.objects.count() == 1


def test_one_portals_days_are_not_the_others(make_submission, acme, other):
    Preferences.objects.create(portal=acme, retention_days=1)
    theirs = make_submission(form=make_form(other), state="delivered", due_at=None, received_at=received(35))
    erasure.erase_old(NOW)
    assert list(Submission.objects.all()) == [theirs]


def test_the_attempts_go_with_their_submission(make_submission):
    row = make_submission(state="failed", due_at=None, received_at=received(200))
    row.attempts.create(method="crm.lead.add", outcome="refused", params={"words": "a visitor's name"})
    erasure.erase_old(NOW)
    assert not Attempt.objects.exists()


def test_a_sweep_deletes_a_few_chunks_only(make_submission, monkeypatch):
    monkeypatch.setattr(erasure, "CHUNK", 2)
    monkeypatch.setattr(erasure, "CHUNKS_A_SWEEP", 2)
    for _ in range(5):
        make_submission(state="delivered", due_at=None, received_at=received(200))
    erasure.erase_old(NOW)
    assert Submission.objects.count() == 1


def test_old_weeks_of_unmatched_values_go(acme):
    for days in (7 * 11, 7 * 14):
        acme.unmatched.create(week=received(days).date(), field="utm_source", value=str(days), last_at=NOW)
    erasure.erase_old(NOW)
    assert list(acme.unmatched.values_list("value", flat=True)) == ["77"]


def wish(portal, before=NOW):
    return Preferences.objects.create(portal=portal, erase_before=before)


LATER = NOW + erasure.LATE_COMMITS + timedelta(seconds=1)


@pytest.mark.parametrize("state", ["queued", "delivered", "failed"])
def test_what_an_administrator_wants_gone_goes_whatever_its_state(make_submission, acme, state):
    wish(acme)
    make_submission(state=state, received_at=received(1))
    kept = make_submission(state=state, received_at=NOW + timedelta(seconds=1))
    erasure.erase_wanted(LATER)
    assert list(Submission.objects.all()) == [kept]


def test_the_wish_is_fulfilled_once_nothing_is_left(make_submission, acme):
    wish(acme)
    make_submission(received_at=received(1))
    erasure.erase_wanted(LATER)
    assert Preferences.objects.get().erase_before is None


def test_what_is_being_sent_waits_until_it_is_settled(make_submission, acme):
    wish(acme)
    out = Batch.objects.create(portal=acme, lease_id="0" * 32, lease_until=NOW)
    row = make_submission(state="sending", due_at=None, batch=out, received_at=received(1))
    erasure.erase_wanted(LATER)
    assert Submission.objects.filter(pk=row.pk).exists() and Preferences.objects.get().erase_before
    Submission.objects.update(state="delivered", batch=None)
    erasure.erase_wanted(LATER)
    assert not Submission.objects.exists()


def test_a_wish_stands_until_what_came_before_it_must_be_committed(acme):
    wish(acme)
    erasure.erase_wanted(NOW)
    assert Preferences.objects.get().erase_before == NOW


def test_a_wish_made_anew_in_the_meantime_is_not_forgotten(acme, monkeypatch):
    wish(acme)
    monkeypatch.setattr(erasure, "_delete_chunks", lambda rows: Preferences.objects.update(erase_before=LATER))
    erasure.erase_wanted(LATER)
    assert Preferences.objects.get().erase_before == LATER


def test_another_portals_submissions_stay(make_submission, acme, other):
    wish(acme)
    theirs = make_submission(form=make_form(other), received_at=received(1))
    erasure.erase_wanted(LATER)
    assert list(Submission.objects.all()) == [theirs]


def test_the_sweep_deletes_both(make_submission, acme, redis):
    make_submission(state="failed", due_at=None, received_at=received(181))
    wish(acme, before=NOW - timedelta(days=1))
    make_submission(received_at=received(2))
    tasks.sweep()
    assert not Submission.objects.exists()
