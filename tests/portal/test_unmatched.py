"""Counting what no rule took: every one is counted, and a portal's list stays short whatever visitors send."""

import threading
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from django.db import connection

from tests.fixtures.delivery import drained
from traces.delivery import unmatched
from traces.models import Unmatched

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
MONDAY = date(2026, 11, 23)


def counts(portal):
    rows = Unmatched.objects.filter(portal=portal)
    return {(row.week, row.field, row.value): row.count for row in rows}


def test_the_same_values_add_up(acme):
    unmatched.count(acme.pk, [("source", "x"), ("source", "x"), ("utm_source", "x")], NOW)
    unmatched.count(acme.pk, iter([("source", "x"), ("referrer", "a.example")]), NOW + timedelta(hours=1))
    assert counts(acme) == {
        (MONDAY, "source", "x"): 3,
        (MONDAY, "utm_source", "x"): 1,
        (MONDAY, "referrer", "a.example"): 1,
    }


def test_the_last_time_is_kept(acme):
    for hour in (1, 2):
        unmatched.count(acme.pk, [("source", "x")], NOW + timedelta(hours=hour))
    assert Unmatched.objects.get().last_at == NOW + timedelta(hours=2)


@pytest.mark.parametrize(
    ("now", "week"),
    [
        (datetime(2026, 11, 22, 23, 59, tzinfo=UTC), date(2026, 11, 16)),
        (datetime(2026, 11, 23, tzinfo=UTC), MONDAY),
        (datetime(2026, 11, 23, 2, tzinfo=timezone(timedelta(hours=3))), date(2026, 11, 16)),
    ],
)
def test_a_week_begins_on_monday_in_utc(acme, now, week):
    unmatched.count(acme.pk, [("source", "x")], now)
    assert set(counts(acme)) == {(week, "source", "x")}


def test_nothing_to_count_asks_the_database_nothing(acme, django_assert_num_queries):
    with django_assert_num_queries(0):
        unmatched.count(acme.pk, [], NOW)


def test_a_portal_that_is_gone_counts_nothing(db):
    unmatched.count(77, [("source", "x")], NOW)
    assert not Unmatched.objects.exists()


def test_portals_are_counted_apart(acme, other):
    unmatched.count(acme.pk, [("source", "x")], NOW)
    assert counts(other) == {}


def test_a_long_value_is_cut(acme):
    unmatched.count(acme.pk, [("source", "x" * 201), ("source", "x" * 300)], NOW)
    assert counts(acme) == {(MONDAY, "source", "x" * 200): 2}


@pytest.mark.parametrize("value", ["%s", "'; --", "\u00e4\u4e2d\U0001f600", "\\"])
def test_any_text_is_only_a_text(acme, value):
    for _ in range(2):
        unmatched.count(acme.pk, [("source", value)], NOW)
    assert counts(acme) == {(MONDAY, "source", value): 2}


@pytest.fixture
def room_for_two(monkeypatch):
    monkeypatch.setattr(unmatched, "MAX_VALUES", 2)


def test_what_is_too_much_is_counted_together(acme, room_for_two):
    unmatched.count(acme.pk, [("source", f"{number}") for number in range(9)] + [("referrer", "a")], NOW)
    assert counts(acme) == {
        (MONDAY, "source", "0"): 1,
        (MONDAY, "source", "1"): 1,
        (MONDAY, "source", ""): 7,
        (MONDAY, "referrer", ""): 1,
    }


def test_values_that_have_their_place_keep_it(acme, room_for_two):
    for values in ("ab", "cab", "cd"):
        unmatched.count(acme.pk, [("source", value) for value in values], NOW)
    assert counts(acme) == {(MONDAY, "source", "a"): 2, (MONDAY, "source", "b"): 2, (MONDAY, "source", ""): 3}


def test_the_next_week_has_room_again(acme, room_for_two):
    for days in (0, 7):
        unmatched.count(acme.pk, [("source", value) for value in "abc"], NOW + timedelta(days=days))
    assert len(counts(acme)) == 6


def test_a_portal_keeps_five_hundred_values_a_week(acme):
    unmatched.count(acme.pk, [("source", f"{number}") for number in range(700)], NOW)
    assert (len(counts(acme)), counts(acme)[MONDAY, "source", ""]) == (501, 200)


@pytest.mark.django_db(transaction=True)
def test_workers_at_once_lose_none_and_keep_the_limit(acme, room_for_two):
    def work(name):
        for number in range(10):
            unmatched.count(acme.pk, [("source", f"{name}{number}"), ("utm_source", "same")], NOW)
        connection.close()

    workers = [threading.Thread(target=work, args=[name]) for name in "abcd"]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sum(counts(acme).values()) == 80
    assert Unmatched.objects.exclude(value="").count() == 2


@pytest.mark.django_db
@pytest.mark.parametrize(("sender", "counted"), [("", 1), ("test", 0)])
def test_a_test_of_our_own_is_no_new_value(installed, make_submission, sender, counted):
    row = make_submission(body={"page_url": "https://acme.example/?utm_source=trace-relay-test"}, sender=sender)
    drained(row)
    assert (row.state, Unmatched.objects.filter(field="utm_source").count()) == ("delivered", counted)
