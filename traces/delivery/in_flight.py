"""Batches in flight: threads of this process wait for their answers, so that one worker has several out at a time.

The threads do nothing but ask; what an answer makes of the rows is the worker's, who takes the answers as they come.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent import futures
from typing import TypeAlias

from django.conf import settings
from django.db import connections

from b24app.api import batch
from traces.delivery.claims import PreparedBatch

# What became of a request, and how many seconds it took.
Outcome: TypeAlias = tuple[batch.Answer | Exception, float]


def outcome_of(ask: Callable[[], batch.Answer]) -> Outcome:
    """Returns what `ask` returns or raises, and how many seconds it took."""
    began = time.monotonic()
    try:
        answer: batch.Answer | Exception = ask()
    except Exception as error:
        answer = error
    return answer, time.monotonic() - began


class InFlight:
    """The batches of a portal that a worker has in flight, `max_batches` at a time."""

    def __init__(self, portal_id: int, max_batches: int) -> None:
        self.portal_id = portal_id
        self.max_batches = max_batches
        self.ready = 0  # threads that are reserved for the next batches
        self._batches: dict[futures.Future[Outcome], PreparedBatch] = {}

    def __len__(self) -> int:
        return len(self._batches)

    def reserve(self, wanted: int) -> int:
        """Reserve threads for the next batches. Returns how many were free."""
        wanted = min(wanted, self.max_batches - len(self._batches))
        while self.ready < wanted and _senders().take_place(self.portal_id):
            self.ready += 1
        return min(self.ready, wanted)

    def start(self, prepared: PreparedBatch, ask: Callable[[], batch.Answer]) -> None:
        """Send the batch from a reserved thread."""
        self.ready -= 1
        senders = _senders()
        self._batches[senders.threads.submit(_ask_apart, ask, senders, self.portal_id)] = prepared

    def wait(self, seconds: float) -> list[tuple[PreparedBatch, Outcome]]:
        """The batches that are answered now or within this many seconds."""
        done, _ = futures.wait(self._batches, seconds, futures.FIRST_COMPLETED)
        return [(self._batches.pop(future), future.result()) for future in done]

    def release(self) -> None:
        """Give back the threads that were reserved and not needed."""
        for _ in range(self.ready):
            _senders().give_back(self.portal_id)
        self.ready = 0


class _Senders:
    """The process's threads that ask, and how many of them each portal has: half of them at most."""

    def __init__(self, number: int) -> None:
        self.free, self.max_share = number, number - number // 2
        self.taken: Counter[int] = Counter()
        self.lock = threading.Lock()
        self.threads = futures.ThreadPoolExecutor(max(1, number), thread_name_prefix="sender")

    def take_place(self, portal_id: int) -> bool:
        """Reserve a thread for the portal; False if none is free, or the portal has its share."""
        with self.lock:
            if not self.free or self.taken[portal_id] >= self.max_share:
                return False
            self.free -= 1
            self.taken[portal_id] += 1
            return True

    def give_back(self, portal_id: int) -> None:
        """Another batch may have the thread."""
        with self.lock:
            self.free += 1
            self.taken -= Counter({portal_id: 1})  # without one that has none left


# One for the process; workers' threads share it, so the lock makes sure that none builds a second one.
_senders_lock = threading.Lock()
_senders_by_number: dict[int, _Senders] = {}


def _senders() -> _Senders:
    number = settings.SENDER_THREADS
    with _senders_lock:
        if number not in _senders_by_number:
            _senders_by_number[number] = _Senders(number)
        return _senders_by_number[number]


def _ask_apart(ask: Callable[[], batch.Answer], senders: _Senders, portal_id: int) -> Outcome:
    try:
        return outcome_of(ask)
    finally:
        connections.close_all()  # one was needed only where a token was renewed or the like
        senders.give_back(portal_id)
