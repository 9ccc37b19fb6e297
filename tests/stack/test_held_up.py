"""A database that answers nobody: senders learn it within a second, and what was refused is not stored later."""

import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import psycopg
import requests

STACK = {"workers": 0, "SWEEP_SECONDS": "3600"}
SENDERS = 40


@contextmanager
def held_up(url):
    """Nobody else can write into the table of submissions."""
    if url.startswith("postgres"):
        with psycopg.connect(url) as connection:
            connection.execute("LOCK TABLE traces_submission IN ACCESS EXCLUSIVE MODE")
            yield
            connection.rollback()
        return
    connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    try:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")
    finally:
        connection.close()


def test_senders_are_refused_at_once_and_health_answers(stack):
    stack.install()
    form = stack.create_form("Held up", "trace")

    def send(number):
        return requests.post(form["url"], json={"name": "Anna", "number": number}, timeout=30)

    assert send(0).status_code == 200
    with held_up(stack.env["DATABASE_URL"]), ThreadPoolExecutor(SENDERS) as senders:
        began = time.monotonic()
        waiting = senders.map(send, range(1, SENDERS + 1))
        assert requests.get(f"{stack.app_url}/healthz", timeout=5).status_code == 200
        answers = list(waiting)
        took = time.monotonic() - began
    assert {(answer.status_code, answer.headers["Retry-After"]) for answer in answers} == {(503, "5")}
    assert took < 5  # a second, and what a busy machine adds; the database would have let them wait for longer
    until = time.monotonic() + 30
    while send(99).status_code != 200 and time.monotonic() < until:
        time.sleep(0.1)
    assert sum(stack.counts()["states"].values()) == 2
