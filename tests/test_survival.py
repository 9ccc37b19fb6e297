"""Every process of the product runs for real; some are killed with -9, Redis is wiped, and all is counted."""

import random
import threading
import time
from collections import Counter

import pytest
import requests

from tests.stack import private_services, start_stack

SUBMISSIONS = 2000
SENDERS = 4
PATIENCE_SECONDS = 120


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stack")
    with (
        private_services() as services,
        start_stack(folder, workers=2, plan="none", B24_HTTP_TIMEOUT="2", **services) as stack,
    ):
        stack.install()
        yield stack


def page(number):
    return f"https://shop.example.com/order/{number}"


def send(form, numbers, accepted):
    """Post until a 202 or 200 tells that it is stored; a repeated post has the same key."""
    with requests.Session() as session:
        for number in numbers:
            for _ in range(100):
                try:
                    headers = {"Idempotency-Key": f"order-{number}"}
                    answer = session.post(form["url"], json={"page_url": page(number)}, headers=headers, timeout=10)
                except requests.RequestException:
                    continue
                if answer.status_code in (200, 202):
                    accepted[number] = answer.json()["id"]
                    break
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


@pytest.mark.timeout(240)
def test_killed_workers_and_a_wiped_redis_lose_nothing(stack):
    form = stack.create_form("Survival", "trace")
    accepted: dict[int, str] = {}
    chance = random.Random(4)
    senders = start_senders(form, accepted)
    for step in range(8):
        time.sleep(chance.uniform(0.5, 1.5))
        victim = stack.processes[chance.choice(["worker0", "worker1"])]
        victim.kill()
        victim.start()
        if step in (2, 5):
            stack.flush_redis()
    for sender in senders:
        sender.join()
    states = wait_until_settled(stack)
    assert len(accepted) == SUBMISSIONS
    assert (states["delivered"], sum(states.values())) == (SUBMISSIONS, SUBMISSIONS)

    on_portal = Counter(trace["pages"][0]["URL"] for trace in stack.portal_traces())
    assert set(on_portal) == {page(number) for number in accepted}
    doubled = [url for url, times in on_portal.items() if times > 1]
    told = {page(number) for number, id in accepted.items() if unknown(form, id)} if doubled else set()
    print(f"\n{SUBMISSIONS} submissions, 8 kills, 2 wipes: {len(doubled)} sent twice, {len(told)} marked as perhaps so")
    assert set(doubled) <= told


def unknown(form, id):
    headers = {"Authorization": f"Bearer {form['secret']}"}
    attempts = requests.get(f"{form['url']}{id}/", headers=headers, timeout=10).json()["attempts"]
    return any(attempt["outcome"] == "unknown" for attempt in attempts)
