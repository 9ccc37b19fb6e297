"""Workers come, go and are killed for real: no submission is lost or doubled. Each test has portals of its own."""

import os
import signal
import time

import pytest
from django.conf import settings

from tests.fixtures.fleet import HTTP_SECONDS, NO_WORKERS, ask, connect, is_ready, open_shops, queued_wakeups, tell
from tests.fixtures.soak import SOAK
from tests.fixtures.waiting import until

STACK = NO_WORKERS
pytestmark = pytest.mark.usefixtures("impatient_worker")
LANE_SECONDS = settings.TURN_SECONDS + settings.CLAIM_SECONDS - settings.B24_HTTP_TIMEOUT + HTTP_SECONDS


@pytest.mark.timeout(90)
def test_workers_come_and_go_and_redis_restarts_in_mid_flight_and_each_submission_arrives_once(stack):
    names = [f"worker{number}" for number in range(1, 8)]
    more = [stack.add_worker(name) for name in names]
    (shop,) = open_shops(stack, {"scaled": 1500}, command_seconds=0.012)
    until(lambda: all(is_ready(stack, name) for name in names))
    shop.post()
    until(lambda: shop.waiting() <= 1300)
    left = [shop.waiting()]
    for worker in more[:4]:
        os.kill(worker.pid, signal.SIGTERM)
    stack.redis.kill()
    stack.redis.start()
    until(lambda: shop.waiting() <= 900)
    left.append(shop.waiting())
    for worker in more[4:]:
        os.kill(worker.pid, signal.SIGTERM)
    began = time.monotonic()
    until(lambda: not any(worker.alive for worker in more), 20)
    seconds = time.monotonic() - began
    left.append(shop.waiting())
    assert [worker.returncode for worker in more] == [0] * len(more)
    shop.settle()
    busy = sum("drain_portal" in (stack.data / f"{name}.log").read_text() for name in names)
    tell(f"left: {left}; the last three ended in {seconds:.1f} s; {busy} of seven had worked; {shop.attempts()}")
    assert left[1] > 0
    assert busy > 1


@pytest.mark.timeout(60)
def test_tokens_that_expire_under_several_workers_are_renewed_once(stack):
    more = [stack.add_worker("worker8"), stack.add_worker("worker9")]
    (shop,) = open_shops(stack, {"expiring": 400}, command_seconds=0.012)
    until(lambda: is_ready(stack, "worker8") and is_ready(stack, "worker9"))

    def refreshes():
        """Requests that the OAuth server got, and those that it granted."""
        state = stack.sandbox("GET", "/state")
        granted = [refresh for refresh in state["refreshes"] if refresh["member_id"] == shop.member_id]
        return state["faults_struck"].get("slow", 0), len(granted)

    shop.post()
    until(lambda: shop.waiting() <= 350)
    before = refreshes()
    # Every request to the OAuth server takes so long that others meet the renewal.
    stack.sandbox("POST", "/faults", kind="slow", times=0, portal="", seconds=0.5)
    shop.control("expire_tokens")
    left = shop.waiting()
    shop.settle()
    stack.sandbox("DELETE", "/faults")
    for worker in more:
        worker.stop()
    tell(f"expired with {left} left; asked, granted: {before}, then {refreshes()}; attempts: {shop.attempts()}")
    assert left > 0
    assert refreshes() == (before[0] + 1, before[1] + 1)


# --- A worker is killed with -9: with a call out, a countdown in its memory, and a message just taken ---------------


class Killed:
    """What a worker was at when it was killed, a portal for each, and the lanes that it left behind."""

    def __init__(self, stack):
        worker = stack.processes["worker0"]
        self.calling, self.counting, self.taken = open_shops(stack, {"calling": 0, "counting": 0, "taken": 0})
        self.calling.control("set", command_seconds=0.8)
        stack.sandbox("POST", "/faults", kind="throttle", portal="counting", times=2)
        self.counting.post()
        until(lambda: self.counting.portal()["throttled"] == 2)  # now it counts down two seconds
        with connect(stack) as connection:
            self.calling.post()
            until(lambda: ask(stack, f"SELECT id FROM traces_batch WHERE portal_id = {self.calling.portal_id}"))
            time.sleep(0.1)  # the call is out
            for _ in range(5):
                os.kill(worker.pid, signal.SIGSTOP)
                self.taken.post()
                if not queued_wakeups(connection):
                    break  # its connection was waiting, so Redis has handed the message over
                os.kill(worker.pid, signal.SIGCONT)
                until(lambda: self.taken.waiting() == 0)
            worker.kill()
            self.queued = queued_wakeups(connection)
            lanes = connection.keys(f"trace-relay:lanes:{self.calling.portal_id}")
            self.lanes = [connection.pttl(lane) / 1000 for lane in lanes]
        self.waiting = [shop.waiting() for shop in (self.calling, self.counting, self.taken)]
        self.calling.control("set", command_seconds=0.0)
        worker.start()


@pytest.fixture(scope="module")
def killed(stack, impatient_worker):
    return Killed(stack)


@SOAK
@pytest.mark.timeout(60)
def test_a_lane_of_a_killed_worker_ends_by_itself_and_its_rows_are_delivered(killed):
    tell(f"seconds that the lanes have left: {killed.lanes}")
    assert killed.lanes
    assert all(0 < seconds <= LANE_SECONDS for seconds in killed.lanes)
    assert killed.waiting[0] == 1
    killed.calling.settle()


@pytest.mark.timeout(60)
def test_lost_worker_a_message_that_it_had_just_taken_is_made_good_by_the_sweep(killed):
    assert (killed.queued, killed.waiting[2]) == (0, 1)
    killed.taken.settle()


@pytest.mark.timeout(60)
def test_lost_worker_a_countdown_in_its_memory_is_made_good_by_the_sweep(killed):
    assert (killed.queued, killed.waiting[1]) == (0, 1)
    killed.counting.settle()
