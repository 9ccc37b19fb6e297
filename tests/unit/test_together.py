"""What many threads ask at once is answered together, and nobody waits for longer than was said."""

import math
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from b24app.host.together import Late, Together


@pytest.fixture
def asked():
    """The groups that were asked, in their order."""
    return []


def doubled(asked, *, go=None):
    """Answers with twice the number, and with an error in the place of 13."""

    def answer_all(numbers):
        asked.append(list(numbers))
        if go:
            go.wait(10)
        return [ValueError(number) if number == 13 else 2 * number for number in numbers]

    return answer_all


def test_without_a_thread_the_caller_answers(asked):
    assert Together("test", doubled(asked), seconds=1, at_once=9).ask(4) == 8


def test_those_who_come_meanwhile_are_answered_together(asked):
    go = threading.Event()
    together = Together("test", doubled(asked, go=go), seconds=10, at_once=3)
    together.start()
    with ThreadPoolExecutor(9) as callers:
        first = callers.submit(together.ask, 0)
        while not asked:
            time.sleep(0.001)
        others = [callers.submit(together.ask, number) for number in range(1, 8)]
        while together._tickets.qsize() < 7:
            time.sleep(0.001)
        go.set()
        assert [future.result() for future in [first, *others]] == [2 * number for number in range(8)]
    assert [len(group) for group in asked] == [1, 3, 3, 1]


@pytest.mark.parametrize("with_thread", [True, False])
def test_an_error_is_its_own_askers_alone(asked, with_thread):
    together = Together("test", doubled(asked), seconds=10, at_once=9)
    if with_thread:
        together.start()
    with pytest.raises(ValueError, match="13"):
        together.ask(13)
    assert together.ask(1) == 2


def test_whoever_waits_too_long_is_told_so_and_nothing_is_done(asked):
    go = threading.Event()
    together = Together("test", doubled(asked, go=go), seconds=0.05, at_once=9)
    together.start()
    for number in range(3):
        with pytest.raises(Late):
            together.ask(number)
    go.set()
    while together._began:
        time.sleep(0.001)
    assert together.ask(7) == 14
    assert asked == [[0], [7]]


def test_while_it_is_held_up_nobody_waits_at_all(asked):
    go = threading.Event()
    together = Together("test", doubled(asked, go=go), seconds=0.2, at_once=9)
    together.start()
    with pytest.raises(Late):
        together.ask(1)
    began = time.monotonic()
    for _ in range(100):
        with pytest.raises(Late):
            together.ask(2)
    assert time.monotonic() - began < 0.2
    go.set()


def test_what_breaks_a_group_is_told_to_all_of_it():
    def fail(numbers):
        raise OSError("broken")

    together = Together("test", fail, seconds=10, at_once=9)
    together.start()
    for number in range(2):
        with pytest.raises(OSError, match="broken"):
            together.ask(number)


def test_whoever_answers_knows_until_when_the_first_waits(asked):
    together = Together("test", lambda numbers: [together.ends_at for _ in numbers], seconds=10, at_once=9)
    assert together.ask(0) == math.inf
    together.start()
    began = time.monotonic()
    assert began + 10 <= together.ask(0) <= time.monotonic() + 10
