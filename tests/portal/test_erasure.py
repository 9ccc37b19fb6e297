"""Deleting data: a portal's own, what is old, and what an administrator wants gone."""

import threading
from datetime import timedelta
from unittest.mock import Mock

import pytest
from django.db import DatabaseError, connections
from django.utils import timezone

from b24app.models import Portal
from b24app.portal import install
from tests.fixtures.forms import make_form
from traces import tasks
from traces.history import erasure, resending
from traces.models import Attempt, Batch, Notice, Preferences, Submission

NOW = timezone.now()


@pytest.fixture
def erasing(transactional_db, settings):
    """Somebody erases what was asked to be erased, over and over, while the test runs."""
    settings.CLEAN_GRACE_DAYS = 0
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
    erasure.erase_old_notes(NOW)
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
    monkeypatch.setattr(erasure, "delete_chunks", lambda rows: Preferences.objects.update(erase_before=LATER))
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


def test_what_was_told_long_ago_goes(acme):
    for days, over in ((61, True), (59, True), (400, False)):
        Notice.objects.create(portal=acme, about=f"silent:{days}", at=received(days), over=over)
    erasure.erase_old_notes(NOW)
    assert sorted(Notice.objects.values_list("about", flat=True)) == ["silent:400", "silent:59"]


def test_what_the_portal_was_asked_goes_after_two_weeks_and_the_attempt_stays(make_submission):
    row = make_submission(state="delivered", due_at=None)
    for days in (15, 13):
        row.attempts.create(method=f"m{days}", outcome="done", at=received(days), exchange="{}")
    erasure.empty_exchanges(NOW)
    assert dict(row.attempts.values_list("method", "exchange")) == {"m15": None, "m13": "{}"}


@pytest.mark.parametrize("part", ["erase_requested", "erase_wanted", "erase_old", "purge_held"])
def test_a_part_that_fails_stops_no_other_and_quotes_no_row(make_submission, acme, monkeypatch, caplog, part):
    def fail(*_):
        raise DatabaseError("Failing row contains (Planted-Name)")

    monkeypatch.setattr(erasure, part, Mock(side_effect=fail, __name__=part))
    make_submission().attempts.create(method="m", outcome="done", at=received(15), exchange="{}")
    erasure.erase(NOW, thorough=True)
    assert Attempt.objects.get().exchange is None
    assert ("(DatabaseError)" in caplog.text, "Planted-Name" in caplog.text) == (True, False)


def test_a_portal_that_cannot_be_erased_stops_no_other(make_submission, acme, other, monkeypatch):
    delete_chunks = erasure.delete_chunks

    def fail_for_acme(rows):
        if rows.filter(portal=acme).exists():
            raise DatabaseError
        return delete_chunks(rows)

    monkeypatch.setattr(erasure, "delete_chunks", fail_for_acme)
    for form in (make_form(acme), make_form(other)):
        make_submission(form=form, state="failed", due_at=None, received_at=received(200))
    erasure.erase_old(NOW)
    assert [row.portal for row in Submission.objects.all()] == [acme]


@pytest.fixture
def held(acme):
    """acme has taken nothing for 91 days, and its administrator was told fifteen days ago what will be deleted."""
    Portal.objects.update(state="held", hold_code="plan", held_since=received(91))
    Notice.objects.create(portal=acme, about=Notice.PURGE, at=received(15), try_at=None)
    acme.refresh_from_db()
    return acme


def waiting(make_submission, days, **facts):
    told = {"terms": "planted", "idempotency_key": f"planted{days}", "sender_form_name": "Planted"}
    row = make_submission(body={"NAME": "Planted"}, received_at=received(days), **told, **facts)
    row.attempts.create(method="crm.lead.add", outcome="held", params={"words": "Planted"}, exchange="{}")
    return row


def test_what_waits_for_too_long_is_given_up_with_what_the_visitor_sent(held, make_submission):
    row = waiting(make_submission, 80)
    erasure.purge_held(NOW)
    row.refresh_from_db()
    assert (row.state, row.code, row.due_at, row.body) == ("failed", "held_too_long", None, {})
    stored = [*Submission.objects.values(), *Attempt.objects.values()]
    assert "lanted" not in str(stored)


@pytest.mark.parametrize(("days", "state"), [(0.5, "queued"), (2, "failed")])
def test_what_comes_after_the_day_that_was_told_stays(held, make_submission, days, state):
    row = waiting(make_submission, days)
    erasure.purge_held(NOW)
    row.refresh_from_db()
    assert row.state == state


@pytest.mark.parametrize(("days", "state"), [(13, "queued"), (15, "failed")])
def test_from_then_on_each_waits_for_two_weeks(held, make_submission, days, state):
    Portal.objects.update(held_since=received(150))
    Notice.objects.update(at=received(60))
    row = waiting(make_submission, days)
    erasure.purge_held(NOW)
    row.refresh_from_db()
    assert row.state == state


@pytest.mark.parametrize(
    ("facts", "warned"),
    [
        ({"held_since": received(89)}, 15),  # not for so long
        ({}, 13),  # told too late
        ({}, None),  # told never
        ({"state": "active", "held_since": None}, 15),
    ],
)
def test_nothing_is_given_up_before_its_time_or_untold(held, make_submission, facts, warned):
    row = waiting(make_submission, 80)
    Portal.objects.update(**facts)
    Notice.objects.update(at=received(warned or 0), over=warned is None)
    erasure.purge_held(NOW)
    row.refresh_from_db()
    assert (row.state, row.body) == ("queued", {"NAME": "Planted"})


def test_it_is_given_up_in_chunks(held, make_submission, monkeypatch):
    monkeypatch.setattr(erasure, "CHUNK", 2)
    monkeypatch.setattr(erasure, "CHUNKS_A_SWEEP", 2)
    for days in range(50, 55):
        waiting(make_submission, days)
    erasure.purge_held(NOW)
    assert Submission.objects.filter(state="failed").count() == 4


def test_another_portals_queue_stays(held, make_submission, other):
    row = waiting(make_submission, 80, form=make_form(other))
    erasure.purge_held(NOW)
    row.refresh_from_db()
    assert row.state == "queued"


def test_what_was_given_up_cannot_be_sent_again(held, make_submission):
    row = waiting(make_submission, 80)
    erasure.purge_held(NOW)
    row.refresh_from_db()
    assert (resending.may(row, NOW), resending.chosen(held, [row.pk])) == (False, 0)
