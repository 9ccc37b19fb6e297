"""When a form's silence is unusual: synthetic rhythms, and what is none."""

from datetime import UTC, datetime, timedelta

import pytest

from traces.monitoring import rhythm

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
WEEKS = 4


def rhythm_of(hours, days=range(5), weeks=WEEKS, without=()):
    """Submissions at these hours of these days of each week, the oldest first."""
    return [
        MONDAY + timedelta(weeks=week, days=day, hours=hour)
        for week in range(weeks)
        for day in days
        for hour in hours
        if week * 7 + day not in without
    ]


EVERY_HOUR = rhythm_of(range(24), range(7))
OFFICE = rhythm_of(range(9, 18))
ONE_A_DAY = rhythm_of([10])
SATURDAYS = rhythm_of(range(8, 20), [5])
TWO_A_WEEK = rhythm_of([9], [0, 3], weeks=6)
RHYTHMS = {
    "every hour": EVERY_HOUR,
    "in office hours": OFFICE,
    "one a working day": ONE_A_DAY,
    "on Saturdays": SATURDAYS,
    "two a week": TWO_A_WEEK,
}


def first_alarm(times):
    """How long after the last submission the alarm comes, to the hour."""
    return next(hours * HOUR for hours in range(24 * 90) if rhythm.is_silent(times, times[-1] + hours * HOUR))


@pytest.mark.parametrize("times", RHYTHMS.values(), ids=RHYTHMS)
def test_along_its_own_rhythm_a_form_is_never_silent(times):
    for place in range(1, len(times)):
        known = [time for time in times[:place] if time > times[place - 1] - rhythm.HISTORY]
        assert not rhythm.is_silent(known, times[place] - timedelta(seconds=1))


@pytest.mark.parametrize("hours", range(0, 72, 6))
def test_a_weekend_is_no_silence(hours):
    friday_evening = OFFICE[-1]
    assert not rhythm.is_silent(OFFICE, friday_evening + hours * HOUR)


@pytest.mark.parametrize(
    ("times", "after"),
    [
        (EVERY_HOUR, 2 * DAY),  # no sooner than that
        (OFFICE, 4 * (2 * DAY + 16 * HOUR)),  # four weekends
        (ONE_A_DAY, 4 * 3 * DAY),
        (TWO_A_WEEK, 4 * 4 * DAY),
    ],
)
def test_a_form_that_breaks_is_noticed_after_four_of_its_longest_silences(times, after):
    assert first_alarm(times) == after + HOUR


def test_a_holiday_among_the_weeks_changes_nothing():
    with_holiday = rhythm_of(range(9, 18), without=range(7, 12))
    assert first_alarm(with_holiday) == first_alarm(OFFICE)


@pytest.mark.parametrize(
    "times",
    [[], [MONDAY], EVERY_HOUR[:300], [MONDAY + 3 * DAY * number for number in range(9)]],
    ids=["none", "one", "less than two weeks", "less than ten"],
)
def test_what_is_too_little_has_no_rhythm(times):
    assert rhythm.longest_silence(times) is None
    assert not (times and rhythm.is_silent(times, times[-1] + 365 * DAY))
