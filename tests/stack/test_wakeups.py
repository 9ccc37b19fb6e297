"""What Redis decides, with a Redis and without one."""

import itertools
import time

import pytest

from b24app.pace import wakeups
from tests.fixtures.redis import NOWHERE

_numbers = itertools.count(time.time_ns() // 1000)


@pytest.fixture
def portal_id():
    """A portal that no run has used before: the Redis may be one that stays."""
    return next(_numbers)


def test_one_wakeup_stands_for_all_that_follow(redis, portal_id):
    assert [wakeups.first_to_wake(portal_id) for _ in range(3)] == [True, False, False]


def test_an_answered_wakeup_makes_room_for_the_next(redis, portal_id):
    wakeups.first_to_wake(portal_id)
    wakeups.note_woken(portal_id)
    assert wakeups.first_to_wake(portal_id)


def test_a_lost_wakeup_is_missed_for_seconds_only(redis, portal_id):
    wakeups.first_to_wake(portal_id)
    assert 0 < redis.ttl(f"trace-relay:wake:{portal_id}") <= 5


def test_one_of_many_returns(redis, portal_id):
    assert [wakeups.first_to_return(portal_id, 10) for _ in range(2)] == [True, False]


def test_a_portal_has_so_many_lanes_and_no_more(redis, portal_id):
    with wakeups.lane(portal_id, 2, 5) as a, wakeups.lane(portal_id, 2, 5) as b, wakeups.lane(portal_id, 2, 5) as c:
        assert (a, b, c) == (2, 1, 0)


def test_a_lane_is_given_back(redis, portal_id):
    for _ in range(2):
        with wakeups.lane(portal_id, 1, 5) as mine:
            assert mine


def test_a_lane_is_given_back_after_a_fault(redis, portal_id):
    with pytest.raises(RuntimeError), wakeups.lane(portal_id, 1, 5):
        raise RuntimeError
    with wakeups.lane(portal_id, 1, 5) as mine:
        assert mine


def test_who_overstayed_takes_nobody_elses_lane_away(redis, portal_id):
    with wakeups.lane(portal_id, 1, 0.02):
        time.sleep(0.03)
        with wakeups.lane(portal_id, 1, 5) as second:
            assert second
            # the first one has left by now, as far as Redis knows
            with wakeups.lane(portal_id, 1, 5) as third:
                assert not third


def test_lanes_of_dead_workers_leave_nothing_behind(redis, portal_id):
    with wakeups.lane(portal_id, 2, 5):
        assert 0 < redis.pttl(f"trace-relay:lanes:{portal_id}") <= 5000
    assert not redis.exists(f"trace-relay:lanes:{portal_id}")


def test_portals_have_lanes_of_their_own(redis, portal_id):
    with wakeups.lane(portal_id, 1, 5), wakeups.lane(portal_id + 1, 1, 5) as mine:
        assert mine


def test_without_redis_work_goes_on():
    with wakeups.lane(1, 1, 5) as mine:
        assert mine


def test_without_redis_no_wakeup_is_sent_and_no_visitor_waits():
    wakeups.first_to_wake(1)
    began = time.monotonic()
    assert [wakeups.first_to_wake(1) for _ in range(1000)] == [False] * 1000
    assert time.monotonic() - began < 0.5


def test_redis_is_asked_again_after_a_while(redis, portal_id, settings, monkeypatch):
    url, settings.REDIS_URL = settings.REDIS_URL, NOWHERE
    assert not wakeups.first_to_wake(portal_id)
    settings.REDIS_URL = url
    assert not wakeups.first_to_wake(portal_id)
    monkeypatch.setattr(wakeups.breaker, "resting_until", time.monotonic() - 0.01)
    assert wakeups.first_to_wake(portal_id)
