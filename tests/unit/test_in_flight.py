"""Answers that threads wait for, and how many of them there are."""

import threading
import time

import pytest

from b24app.api import batch
from traces.delivery.in_flight import InFlight, _senders

ANSWER = batch.Answer({"c0": 1}, {}, {})


@pytest.fixture(autouse=True)
def three_senders(settings):
    settings.SENDER_THREADS = 3


@pytest.fixture
def in_flight():
    """What a worker has in flight, two batches at most; each thread is free again at the end."""
    batches = InFlight(7, 2)
    yield batches
    while batches:
        batches.wait(5)
    batches.release()
    others = [InFlight(portal_id, 9) for portal_id in (7, 8)]
    assert sum(other.reserve(9) for other in others) == 3
    for other in others:
        other.release()


def test_an_answer_comes_back_with_its_batch(in_flight):
    in_flight.reserve(1)
    in_flight.start("batch", lambda: ANSWER)
    ((batch, (answer, _)),) = in_flight.wait(5)
    assert (batch, answer, len(in_flight)) == ("batch", ANSWER, 0)


def test_the_seconds_are_those_of_the_answer_not_of_the_look(in_flight):
    in_flight.reserve(1)
    in_flight.start("batch", lambda: ANSWER)
    time.sleep(0.2)
    ((_, (_, seconds)),) = in_flight.wait(0)
    assert seconds < 0.2


def test_what_is_raised_comes_back_as_well(in_flight):
    def fail():
        raise ValueError

    in_flight.reserve(1)
    in_flight.start("batch", fail)
    ((_, (answer, _)),) = in_flight.wait(5)
    assert isinstance(answer, ValueError)


def test_a_slow_one_does_not_hold_up_the_others(in_flight):
    go_on = threading.Event()
    in_flight.reserve(2)
    in_flight.start("slow", lambda: go_on.wait(5) and ANSWER)
    in_flight.start("fast", lambda: ANSWER)
    assert [name for name, _ in in_flight.wait(5)] == ["fast"]
    go_on.set()


def test_nothing_is_back_before_its_time(in_flight):
    go_on = threading.Event()
    in_flight.reserve(1)
    in_flight.start("batch", lambda: go_on.wait(5) and ANSWER)
    assert in_flight.wait(0) == []
    go_on.set()


def test_a_worker_has_no_more_than_its_share(in_flight):
    assert in_flight.reserve(3) == 2


def test_a_portal_has_half_of_the_threads_at_most_whoever_works_on_it(settings):
    settings.SENDER_THREADS = 10
    first, second, other = InFlight(7, 4), InFlight(7, 4), InFlight(8, 9)
    assert (first.reserve(4), second.reserve(4), other.reserve(9)) == (4, 1, 5)
    for batches in (first, second, other):
        batches.release()


def test_all_workers_share_the_threads(in_flight):
    other = InFlight(8, 2)
    assert (in_flight.reserve(2), other.reserve(2)) == (2, 1)
    other.release()


def test_threads_that_begin_together_share_one_number_of_threads(settings):
    settings.SENDER_THREADS = 17
    begin, made = threading.Barrier(8), []

    def make():
        begin.wait(5)
        made.append(_senders())

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(map(id, made))) == 1
