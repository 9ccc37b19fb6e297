"""No known trap of Celery with Redis bites: the visibility time-out, countdowns, prefetching."""

import time

import pytest

from tests.fixtures.fleet import NO_WORKERS, PATIENCE_SECONDS, open_shops, runs_of_each_message, tell
from tests.fixtures.waiting import until

STACK = NO_WORKERS
pytestmark = pytest.mark.usefixtures("impatient_worker")


@pytest.mark.timeout(60)
def test_visibility_time_out_and_countdown_no_message_is_kept_and_none_comes_twice(stack, connection):
    slow, counting = open_shops(stack, {"long-task": 20, "countdown": 0})
    slow.control("set", command_seconds=0.1)
    stack.sandbox("POST", "/faults", kind="throttle", portal="countdown", times=2)
    began = time.monotonic()
    for shop in (slow, counting):
        shop.post()
    unacknowledged = set()
    while slow.waiting() or counting.waiting():
        unacknowledged |= set(connection.keys("*unacked*"))
        assert time.monotonic() - began < PATIENCE_SECONDS
        time.sleep(0.05)
    for shop in (slow, counting):
        shop.settle()
    runs = runs_of_each_message(stack)
    tell(f"{time.monotonic() - began:.1f} s; {len(runs)} messages so far, each received {set(runs.values())} times")
    assert unacknowledged == set()
    assert set(runs.values()) == {1}
    assert counting.attempts() == {"waited": 1, "delivered": 1}  # two waits in a row are one line of its history


@pytest.mark.timeout(60)
def test_prefetch_a_worker_that_is_busy_with_slow_portals_serves_another_one_at_once(stack, connection):
    *slow, quick = open_shops(stack, {"slow1": 0, "slow2": 0, "slow3": 0, "quick": 0}, command_seconds=0.7)
    quick.control("set", command_seconds=0.0)
    for shop in slow:
        shop.post()
    until(lambda: all(connection.keys(f"trace-relay:lanes:{shop.portal_id}") for shop in slow))
    began = time.monotonic()
    quick.post()
    until(lambda: quick.portal()["traces"] == 1)
    seconds = time.monotonic() - began
    still_busy = [shop.waiting() for shop in slow]
    for shop in [quick, *slow]:
        shop.settle()
    tell(f"served after {seconds:.2f} s while the slow portals had {still_busy} left")
    assert seconds < 1
    assert still_busy == [1, 1, 1]
