"""The figures of the overview."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from traces import sentences
from traces.history import statistics
from traces.history.statistics import Day
from traces.pages import chart

pytestmark = pytest.mark.django_db
DAYS = [date(2026, 3, 1), date(2026, 3, 2)]


def test_hours_are_folded_into_the_readers_days():
    hours = [("delivered", "2026-02-28 21", 1), ("failed", "2026-03-01 20", 2), ("queued", "2026-03-01 21", 4)]
    folded = statistics.fold(DAYS, ["2026-02-28 21", "2026-03-01 21"], hours)
    assert folded == [Day(DAYS[0], delivered=1, failed=2), Day(DAYS[1], waiting=4)]


def test_what_looks_like_spam_is_no_failure():
    hour = "2026-03-01 05"
    folded = statistics.fold(DAYS[:1], ["2026-03-01 00"], [("failed", hour, 1), ("spam", hour, 2)])
    assert folded == [Day(DAYS[0], failed=1, spam=2)]


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kathmandu", "Pacific/Auckland"])
def test_each_submission_is_counted_on_its_day(acme, make_submission, zone):
    with timezone.override(zone):
        midnight = statistics.beginning(timezone.localdate())
        for minutes, facts in ((-1, {}), (0, {"state": "spam"}), (0, {"state": "delivered"})):
            make_submission(received_at=midnight + timedelta(minutes=minutes), **facts)
        days = statistics.by_day(acme, statistics.last_days(14))
    assert (len(days), days[-2].waiting, days[-1].delivered, days[-1].spam, days[-1].total) == (14, 1, 1, 1, 1)


def test_the_speed_is_the_median_and_the_slowest(acme, make_submission):
    now = timezone.now()
    for seconds in (1, 2, 9):
        make_submission(state="delivered", received_at=now, delivered_at=now + timedelta(seconds=seconds))
    assert statistics.speed(acme) == statistics.Speed(3, 2.0, 9.0)


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0.01, "under 0.1 s"), (0.24, "0.2 s"), (42, "42 s"), (180, "3 min"), (7200, "2 h"), (172_800, "2 days")],
)
def test_a_length_of_time_is_told_as_a_person_says_it(seconds, told):
    assert sentences.duration(seconds) == told


def test_the_highest_bar_has_the_whole_height_and_the_least_can_be_seen():
    drawn = chart.of_days([Day(DAYS[0], delivered=1000), Day(DAYS[1], failed=1)])
    assert [bar.height for column in drawn.columns for bar in column.bars] == [chart.HEIGHT, chart.MIN_HEIGHT]


def test_no_bar_is_higher_than_the_picture():
    (column,) = chart.of_days([Day(DAYS[0], delivered=1000, waiting=1, failed=1)]).columns
    assert sum(bar.height for bar in column.bars) == chart.HEIGHT
