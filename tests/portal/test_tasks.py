"""What the workers' tasks do: one turn after another, and the sweep."""

import pytest
from django.db import DatabaseError

from b24app.pace import wakeups
from traces import tasks
from traces.delivery import drain, wake
from traces.delivery.next import AT_ONCE, Next
from traces.history import erasure
from traces.monitoring import notices

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("installed")]


@pytest.fixture
def sent(monkeypatch):
    """The countdowns of the wake-ups that were sent."""
    countdowns: list[float | None] = []
    monkeypatch.setattr(wake, "_publish", lambda portal_id, seconds: countdowns.append(seconds))
    return countdowns


def test_a_turn_that_ended_is_followed_by_another(monkeypatch, sent):
    monkeypatch.setattr(drain, "drain", lambda _: AT_ONCE)
    tasks.drain_portal(7)
    assert sent == [0.0]


def test_only_one_returns_later(monkeypatch, sent):
    monkeypatch.setattr(drain, "drain", lambda _: Next(5.0))
    answers = iter([True, False])
    monkeypatch.setattr(wakeups, "first_to_return", lambda portal_id, seconds: next(answers))
    tasks.drain_portal(7)
    tasks.drain_portal(7)
    assert sent == [5.0]


def test_a_broker_that_is_away_ends_no_task(monkeypatch, caplog):
    def fail(*args, **kwargs):
        raise ConnectionError

    monkeypatch.setattr(drain, "drain", lambda _: AT_ONCE)
    monkeypatch.setattr(wake, "_publish", fail)
    tasks.drain_portal(7)
    assert "a wake-up was not sent (ConnectionError)" in caplog.text


def test_a_failing_database_is_told_without_the_row_that_it_quotes(monkeypatch, caplog, sent):
    def fail(*_):
        raise DatabaseError("Failing row contains (Planted-Name)")

    monkeypatch.setattr(drain, "drain", fail)
    tasks.drain_portal(7)
    assert "the database failed" in caplog.text
    assert ("Planted-Name" in caplog.text, sent) == (False, [])


def test_the_sweep_wakes_each_portal_with_due_rows(make_submission, installed, monkeypatch):
    make_submission()
    woken: list[int] = []
    monkeypatch.setattr(wake, "wake", woken.append)
    tasks.sweep()
    assert woken == [installed.pk]


def test_a_part_of_the_sweep_that_fails_keeps_no_other_from_being_done(monkeypatch, caplog):
    row = "Failing row contains (Planted-Name)"

    def fail(*_, **__):
        raise DatabaseError(row)

    told: list[object] = []
    monkeypatch.setattr(wakeups, "first_to_tidy", lambda seconds: True)
    monkeypatch.setattr(erasure, "erase", fail)
    monkeypatch.setattr(notices, "look", told.append)
    tasks.sweep()
    assert len(told) == 1
    assert ("the sweep: DatabaseError" in caplog.text, "Planted-Name" in caplog.text) == (True, False)


def test_sweeps_do_not_overlap(redis, monkeypatch, make_submission, installed):
    make_submission()
    woken: list[int] = []
    tidied: list[None] = []

    def tidy():
        tidied.append(None)
        if len(tidied) == 1:
            tasks.sweep()

    monkeypatch.setattr(wake, "wake", woken.append)
    monkeypatch.setattr(erasure, "erase_requested", tidy)
    tasks.sweep()
    assert (len(tidied), woken) == (1, [installed.pk] * 2)
    tasks.sweep()
    assert len(tidied) == 2


def test_a_sweep_whose_worker_died_keeps_the_others_out_for_a_while_only(redis):
    with wakeups.only_sweep(0.01) as first:
        while redis.exists(f"{wakeups.PREFIX}sweeping"):
            pass
        with wakeups.only_sweep(60) as second:
            pass
    assert (first, second) == (True, True)
