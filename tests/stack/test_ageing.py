"""Workers come, go and are killed for real: no submission is lost or doubled, and no known trap of Celery bites.

Each test has portals of its own. The worker that is always there believes in a visibility time-out of one second, so
that a message which is kept unacknowledged would come back within the test.
"""

import os
import re
import signal
import sqlite3
import sys
import time
from collections import Counter
from contextlib import closing

import psycopg
import pytest
import redis
import requests
from django.conf import settings

from tests.fixtures.stack import private_services, start_stack

HTTP_SECONDS = 2
LANE_SECONDS = settings.TURN_SECONDS + settings.CLAIM_SECONDS - settings.B24_HTTP_TIMEOUT + HTTP_SECONDS
PATIENCE_SECONDS = 30
VISIBILITY_SECONDS = 1
IMPATIENT_WORKER = f"""
import sys
from b24app.celery import app
restore = {{"unacked_restore_interval": 1, "unacked_restore_throttle": 1}}
app.conf.broker_transport_options |= {{"visibility_timeout": {VISIBILITY_SECONDS}, **restore}}
app.worker_main(sys.argv[1:])
"""
FILL = """
from b24app.models import Portal
for member_id, count in {counts!r}.items():
    form = Form.objects.create(portal=Portal.objects.get(member_id=member_id), name="Shop")
    pages = [{{"page_url": f"https://shop.example.com/order/{{number}}"}} for number in range(count)]
    Submission.objects.bulk_create(
        Submission(portal_id=form.portal_id, form=form, body=body, body_hash="0" * 64) for body in pages
    )
    print(form.portal_id, form.key)
"""


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stack")
    with (
        private_services() as services,
        start_stack(folder, workers=0, plan="none", B24_HTTP_TIMEOUT=str(HTTP_SECONDS), **services) as stack,
    ):
        options = ["worker", "-n", "worker0@%h", "--loglevel", "INFO", "--without-gossip", "--without-mingle"]
        stack.add("worker0", [sys.executable, "-c", IMPATIENT_WORKER, *options])
        wait_until(lambda: is_ready(stack, "worker0"))
        yield stack


@pytest.fixture
def connection(stack):
    with connect(stack) as connection:
        yield connection


def connect(stack):
    return redis.Redis.from_url(stack.env["REDIS_URL"].replace("redis+socket://", "unix://"))


def wait_until(true, seconds=PATIENCE_SECONDS):
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.02)


def is_ready(stack, worker):
    return re.search(r"@\S+ ready\.", (stack.data / f"{worker}.log").read_text()) is not None


def ask(stack, question):
    """The rows that the database answers, whichever it is."""
    url = stack.env["DATABASE_URL"]
    database = psycopg.connect(url) if url.startswith("postgres") else sqlite3.connect(url.removeprefix("sqlite:///"))
    with closing(database):
        return database.execute(question).fetchall()


class Shop:
    """A portal of a test's own, with a form that has submissions waiting."""

    def __init__(self, stack, name):
        self.stack, self.name, self.portal_id, self.key, self.posted = stack, name, 0, "", 0
        stack.sandbox("POST", "/portals", name=name, plan=None, host="localhost")
        opening = self.control("frame_post", user_id=1)
        page = requests.post(f"{stack.app_url}/b24/install/", params=opening["query"], data=opening["body"], timeout=30)
        assert 'id="install"' in page.text
        self.member_id = opening["body"]["member_id"]
        self.control("finish_install")

    def control(self, action, **body):
        return self.stack.sandbox("POST", f"/portals/{self.name}/{action}", **body)

    def portal(self):
        return self.stack.sandbox("GET", "/state")["portals"][self.name]

    def post(self):
        """Send as a visitor does: this wakes a worker."""
        body = {"page_url": f"https://shop.example.com/post/{self.posted}"}
        assert requests.post(f"{self.stack.app_url}/in/{self.key}/", json=body, timeout=10).status_code == 202
        self.posted += 1

    def waiting(self):
        where = f"portal_id = {self.portal_id} AND state IN ('queued', 'sending')"
        return ask(self.stack, f"SELECT count(*) FROM traces_submission WHERE {where}")[0][0]

    def settle(self, seconds=PATIENCE_SECONDS):
        """Wait until each submission is delivered, on the portal exactly once, and nothing was ever in doubt."""
        wait_until(lambda: self.waiting() == 0, seconds)
        stored = ask(
            self.stack, f"SELECT state, count(*) FROM traces_submission WHERE portal_id = {self.portal_id} GROUP BY 1"
        )
        assert [state for state, _ in stored] == ["delivered"]
        traces = self.stack.sandbox("GET", f"/portals/{self.name}/traces")
        on_portal = Counter(trace["pages"][0]["URL"] for trace in traces)
        assert (len(on_portal), set(on_portal.values())) == (stored[0][1], {1})
        assert "unknown" not in self.attempts()

    def attempts(self):
        """How often each outcome stands in the history."""
        joined = "traces_attempt a JOIN traces_submission s ON s.id = a.submission_id"
        return dict(
            ask(self.stack, f"SELECT outcome, count(*) FROM {joined} WHERE s.portal_id = {self.portal_id} GROUP BY 1")
        )


def open_shops(stack, counts, command_seconds=0.0):
    """Shops by name, each with so many submissions waiting that nobody was woken for."""
    shops = [Shop(stack, name) for name in counts]
    code = FILL.format(counts=dict(zip([shop.member_id for shop in shops], counts.values(), strict=True)))
    for shop, line in zip(shops, stack.run("shell", "-v", "0", "-c", code).splitlines(), strict=True):
        portal_id, shop.key = line.split()
        shop.portal_id = int(portal_id)
        shop.control("set", command_seconds=command_seconds)
    return shops


def queued_wakeups(connection):
    """How many wake-ups no worker has taken yet; the sweep's own messages come at any time and do not count."""
    return sum(b"traces.drain_portal" in message for message in connection.lrange("trace-relay:celery", 0, -1))


def runs_of_each_message(stack):
    """How many times each message was received, by the workers' own logs."""
    logs = "".join(log.read_text() for log in stack.data.glob("worker*.log"))
    return Counter(re.findall(r"Task traces\.drain_portal\[(\S+)\] received", logs))


def tell(text):
    print(f"\n{text}")


# --- The fleet grows, shrinks and ages -------------------------------------------------------------


@pytest.mark.timeout(90)
def test_workers_come_and_go_and_redis_restarts_in_mid_flight_and_each_submission_arrives_once(stack):
    names = [f"worker{number}" for number in range(1, 8)]
    more = [stack.add_worker(name) for name in names]
    (shop,) = open_shops(stack, {"scaled": 1500}, command_seconds=0.012)
    wait_until(lambda: all(is_ready(stack, name) for name in names))
    shop.post()
    wait_until(lambda: shop.waiting() <= 1300)
    left = [shop.waiting()]
    for worker in more[:4]:
        os.kill(worker.pid, signal.SIGTERM)
    stack.redis.kill()
    stack.redis.start()
    wait_until(lambda: shop.waiting() <= 900)
    left.append(shop.waiting())
    for worker in more[4:]:
        os.kill(worker.pid, signal.SIGTERM)
    began = time.monotonic()
    wait_until(lambda: not any(worker.alive for worker in more), 20)
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
    wait_until(lambda: is_ready(stack, "worker8") and is_ready(stack, "worker9"))

    def refreshes():
        """Requests that the OAuth server got, and those that it granted."""
        state = stack.sandbox("GET", "/state")
        granted = [refresh for refresh in state["refreshes"] if refresh["member_id"] == shop.member_id]
        return state["faults_struck"].get("slow", 0), len(granted)

    shop.post()
    wait_until(lambda: shop.waiting() <= 350)
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
        wait_until(lambda: self.counting.portal()["throttled"] == 2)  # now it counts down two seconds
        with connect(stack) as connection:
            self.calling.post()
            wait_until(lambda: ask(stack, f"SELECT id FROM traces_batch WHERE portal_id = {self.calling.portal_id}"))
            time.sleep(0.1)  # the call is out
            for _ in range(5):
                os.kill(worker.pid, signal.SIGSTOP)
                self.taken.post()
                if not queued_wakeups(connection):
                    break  # its connection was waiting, so Redis has handed the message over
                os.kill(worker.pid, signal.SIGCONT)
                wait_until(lambda: self.taken.waiting() == 0)
            worker.kill()
            self.queued = queued_wakeups(connection)
            lanes = connection.keys(f"trace-relay:lanes:{self.calling.portal_id}")
            self.lanes = [connection.pttl(lane) / 1000 for lane in lanes]
        self.waiting = [shop.waiting() for shop in (self.calling, self.counting, self.taken)]
        self.calling.control("set", command_seconds=0.0)
        worker.start()


@pytest.fixture(scope="module")
def killed(stack):
    return Killed(stack)


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


# --- The other known traps of Celery with Redis --------------------------------------------------------------


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
    assert counting.attempts() == {"waited": 2, "delivered": 1}


@pytest.mark.timeout(60)
def test_prefetch_a_worker_that_is_busy_with_slow_portals_serves_another_one_at_once(stack, connection):
    *slow, quick = open_shops(stack, {"slow1": 0, "slow2": 0, "slow3": 0, "quick": 0}, command_seconds=0.7)
    quick.control("set", command_seconds=0.0)
    for shop in slow:
        shop.post()
    wait_until(lambda: all(connection.keys(f"trace-relay:lanes:{shop.portal_id}") for shop in slow))
    began = time.monotonic()
    quick.post()
    wait_until(lambda: quick.portal()["traces"] == 1)
    seconds = time.monotonic() - began
    still_busy = [shop.waiting() for shop in slow]
    for shop in [quick, *slow]:
        shop.settle()
    tell(f"served after {seconds:.2f} s while the slow portals had {still_busy} left")
    assert seconds < 1
    assert still_busy == [1, 1, 1]
