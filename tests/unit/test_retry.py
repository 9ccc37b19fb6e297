"""When a submission is tried again."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from traces.delivery import retry

chances = st.floats(0, 1, exclude_max=True)


@given(st.integers(0, 10_000), chances)
def test_a_wait_is_never_shorter_or_longer_than_said(tries, chance):
    assert retry.MIN_SECONDS <= retry.delay(tries, chance) <= retry.MAX_SECONDS


@given(st.integers(1, 20), chances)
def test_waits_grow(tries, chance):
    assert retry.delay(tries + 1, chance) >= retry.delay(tries, chance)


def test_waits_are_spread_over_their_whole_length():
    assert [retry.delay(3, chance) for chance in (0, 0.5)] == [1.0, 23.0]


def test_it_goes_on_for_three_days():
    start = datetime(2026, 1, 1, tzinfo=UTC)
    assert not retry.is_over(start, start + timedelta(days=3))
    assert retry.is_over(start, start + timedelta(days=3, seconds=1))
