"""Every process of the product runs for real and is killed with -9, Redis is wiped, and all is counted."""

import os
import random
import signal
import threading
import time
from collections import Counter

import psycopg
import pytest
import requests

from tests.fixtures.soak import SOAK

STACK = {"workers": 2, "B24_HTTP_TIMEOUT": "2"}
SUBMISSIONS = 2000
SENDERS = 4
PATIENCE_SECONDS = 120


def page(number):
    return f"https://shop.example.com/order/{number}"


def send(form, numbers, accepted):
    """Post until a 200 tells that it is stored; a repeated post has the same key."""
    with requests.Session() as session:
        for number in numbers:
            for _ in range(100):
                try:
                    headers = {"Idempotency-Key": f"order-{number}"}
                    answer = session.post(form["url"], json={"page_url": page(number)}, headers=headers, timeout=10)
                    if answer.status_code == 200:
                        accepted[number] = answer.json()["id"]
                        break
                except requests.RequestException:
                    pass  # the web server is being killed
                time.sleep(0.1)


def start_senders(form, accepted):
    threads = [
        threading.Thread(target=send, args=(form, range(first, SUBMISSIONS, SENDERS), accepted))
        for first in range(SENDERS)
    ]
    for thread in threads:
        thread.start()
    return threads


def wait_until_settled(stack):
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        states = stack.counts()["states"]
        if states["queued"] + states["sending"] == 0:
            return states
        time.sleep(1)
    return stack.counts()["states"]


def crash_database(stack):
    """Restart PostgreSQL under everybody's feet; SQLite has no process of its own to kill."""
    url = stack.env["DATABASE_URL"]
    if not url.startswith("postgres"):
        return
    with psycopg.connect(url, autocommit=True) as connection:
        if os.environ.get("DATABASE_MAY_CRASH"):
            # The server restarts from its log when one of its own is killed.
            os.kill(connection.info.backend_pid, signal.SIGKILL)
        else:
            others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
            connection.execute(f"{others} AND pid <> pg_backend_pid()")


def revive(process):
    process.kill()
    process.start()


@SOAK
@pytest.mark.timeout(240)
def test_whatever_is_killed_nothing_is_lost(stack):
    stack.install()
    form = stack.create_form("Survival", "trace")
    accepted: dict[int, str] = {}
    chance = random.Random(4)
    senders = start_senders(form, accepted)
    other_victims = {1: lambda: revive(stack.processes["web"]), 3: lambda: crash_database(stack)}
    other_victims |= {2: stack.flush_redis, 5: stack.flush_redis, 6: lambda: revive(stack.redis)}
    for step in range(8):
        time.sleep(chance.uniform(0.5, 1.5))
        revive(stack.processes[chance.choice(["worker0", "worker1"])])
        other_victims.get(step, lambda: None)()
    for sender in senders:
        sender.join()
    states = wait_until_settled(stack)
    assert len(accepted) == SUBMISSIONS
    assert (states["delivered"], sum(states.values())) == (SUBMISSIONS, SUBMISSIONS)

    on_portal = Counter(trace["pages"][0]["URL"] for trace in stack.portal_traces())
    assert set(on_portal) == {page(number) for number in accepted}
    doubled = [url for url, times in on_portal.items() if times > 1]
    told = {page(number) for number, id in accepted.items() if unknown(form, id)} if doubled else set()
    print(f"\n{SUBMISSIONS} submissions: {len(doubled)} sent twice, {len(told)} marked as perhaps sent twice")
    assert set(doubled) <= told


def unknown(form, id):
    headers = {"Authorization": f"Bearer {form['secret']}"}
    attempts = requests.get(f"{form['url']}{id}/", headers=headers, timeout=10).json()["attempts"]
    return any(attempt["outcome"] == "unknown" for attempt in attempts)
