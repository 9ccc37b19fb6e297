"""The figures of the overview."""

from datetime import date, timedelta

import pytest
from django.utils import timezone, translation

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


def heights(*days):
    return [bar.height for column in chart.of_days(days).columns for bar in column.bars]


def test_bars_are_as_high_as_the_lines_say_and_the_least_can_be_seen():
    assert heights(Day(DAYS[0], delivered=1000), Day(DAYS[1], failed=1)) == [chart.HEIGHT, chart.MIN_HEIGHT]
    assert heights(Day(DAYS[0], delivered=720), Day(DAYS[1], failed=360)) == [900, 450]  # the highest line is at 800


@pytest.mark.parametrize(
    ("most", "half"), [(0, 1), (1, 1), (2, 1), (3, 2), (9, 5), (20, 10), (23, 15), (137, 70), (1000, 500), (1001, 550)]
)
def test_the_lines_have_round_numbers_and_hold_all(most, half):
    assert chart.half_of(most) == half


@pytest.mark.parametrize("days", [1, 2, 7, 14, 30, 90, 366])
def test_few_days_have_their_date_below_and_the_last_always(days):
    drawn = chart.of_days([Day(date(2026, 1, 1) + timedelta(days=number)) for number in range(days)])
    marks = [column.mark for column in drawn.columns]
    assert marks[-1] and min(days, 5) <= sum(map(bool, marks)) <= chart.MAX_MARKS


def test_a_date_is_written_as_russian_writes_it():
    with translation.override("ru"):
        (column,) = chart.of_days([Day(date(2026, 11, 14))]).columns
    assert column.label == "Сб, 14 ноября" and column.mark == ("Сб", "14 ноября")


def test_no_bar_is_higher_than_the_picture():
    (column,) = chart.of_days([Day(DAYS[0], delivered=1000, waiting=1, failed=1)]).columns
    assert sum(bar.height for bar in column.bars) <= chart.HEIGHT
