"""Hits in flight: threads of this process wait for their answers, so that one worker has several out at a time.

The threads do nothing but ask; what an answer makes of the rows is the worker's, who takes the answers as they come.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent import futures
from functools import lru_cache
from typing import TypeAlias

from django.conf import settings
from django.db import connections

from b24app.api import batch
from traces.delivery.claims import Hit

# What became of a request, and how many seconds it took.
Outcome: TypeAlias = tuple[batch.Answer | Exception, float]


def asked(ask: Callable[[], batch.Answer]) -> Outcome:
    """What `ask` returns or raises."""
    began = time.monotonic()
    try:
        answer: batch.Answer | Exception = ask()
    except Exception as error:
        answer = error
    return answer, time.monotonic() - began


class InFlight:
    """The hits that a worker has in flight, `most` of them at a time."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.ready = 0  # threads that are kept for the next hits
        self._hits: dict[futures.Future[Outcome], Hit] = {}

    def __len__(self) -> int:
        return len(self._hits)

    def reserve(self, wanted: int) -> int:
        """Keep threads for the next hits; how many there are, since not all may be free and `most` may be out."""
        wanted = min(wanted, self.most - len(self._hits))
        while self.ready < wanted and _places(settings.SENDER_THREADS).acquire(blocking=False):
            self.ready += 1
        return min(self.ready, wanted)

    def start(self, hit: Hit, ask: Callable[[], batch.Answer]) -> None:
        """Send the hit from a thread that was kept."""
        self.ready -= 1
        self._hits[_threads(settings.SENDER_THREADS).submit(_asked_apart, ask)] = hit

    def back(self, seconds: float) -> list[tuple[Hit, Outcome]]:
        """The hits whose answers have come, or come within so many seconds."""
        done, _ = futures.wait(self._hits, seconds, futures.FIRST_COMPLETED)
        return [(self._hits.pop(future), future.result()) for future in done]

    def release(self) -> None:
        """Give back the threads that were kept and not needed."""
        for _ in range(self.ready):
            _places(settings.SENDER_THREADS).release()
        self.ready = 0


def _asked_apart(ask: Callable[[], batch.Answer]) -> Outcome:
    try:
        return asked(ask)
    finally:
        connections.close_all()  # one was needed only where a token was renewed or the like
        _places(settings.SENDER_THREADS).release()


@lru_cache
def _places(threads: int) -> threading.BoundedSemaphore:
    return threading.BoundedSemaphore(threads)


@lru_cache
def _threads(threads: int) -> futures.ThreadPoolExecutor:
    return futures.ThreadPoolExecutor(threads, thread_name_prefix="sender")
