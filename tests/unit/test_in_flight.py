"""Answers that threads wait for, and how many of them there are."""

import threading
import time

import pytest

from b24app.api import batch
from traces.delivery.in_flight import InFlight

ANSWER = batch.Answer({"c0": 1}, {}, {})


@pytest.fixture(autouse=True)
def three_senders(settings):
    settings.SENDER_THREADS = 3


@pytest.fixture
def out():
    """What a worker has in flight, two hits at most; each thread is free again at the end."""
    kept = InFlight(2)
    yield kept
    while kept:
        kept.back(5)
    kept.release()
    every_thread = InFlight(9)
    assert every_thread.reserve(9) == 3
    every_thread.release()


def test_an_answer_comes_back_with_its_hit(out):
    out.reserve(1)
    out.start("hit", lambda: ANSWER)
    ((hit, (answer, _)),) = out.back(5)
    assert (hit, answer, len(out)) == ("hit", ANSWER, 0)


def test_the_seconds_are_those_of_the_answer_not_of_the_look(out):
    out.reserve(1)
    out.start("hit", lambda: ANSWER)
    time.sleep(0.2)
    ((_, (_, seconds)),) = out.back(0)
    assert seconds < 0.2


def test_what_is_raised_comes_back_as_well(out):
    def fail():
        raise ValueError

    out.reserve(1)
    out.start("hit", fail)
    ((_, (answer, _)),) = out.back(5)
    assert isinstance(answer, ValueError)


def test_a_slow_one_does_not_hold_up_the_others(out):
    go_on = threading.Event()
    out.reserve(2)
    out.start("slow", lambda: go_on.wait(5) and ANSWER)
    out.start("fast", lambda: ANSWER)
    assert [hit for hit, _ in out.back(5)] == ["fast"]
    go_on.set()


def test_nothing_is_back_before_its_time(out):
    go_on = threading.Event()
    out.reserve(1)
    out.start("hit", lambda: go_on.wait(5) and ANSWER)
    assert out.back(0) == []
    go_on.set()


def test_a_worker_has_no_more_than_its_share(out):
    assert out.reserve(3) == 2


def test_all_workers_share_the_threads(out):
    other = InFlight(2)
    assert (out.reserve(2), other.reserve(2)) == (2, 1)
    other.release()
