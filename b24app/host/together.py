"""What many threads ask at the same time, done by one thread for all of them at once.

A commit, or a question to the database, costs nearly the same for one as for thirty. Nobody waits longer than `seconds`
for an answer, and what has waited for three quarters of them is not begun any more: whoever does it has the time until
`ends_at`. While the thread is held up, whoever comes is refused at once.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")
# For each question, in their order, what is answered or raised.
Answers = Sequence[Answer | BaseException]


class Late(Exception):
    """There was no answer in time. What had begun may be done all the same."""


class _Ticket(Generic[Asked, Answer]):
    """One question, while its thread waits."""

    __slots__ = ("answer", "asked", "done", "since")

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self.answer: Answer | BaseException = Late()
        self.since = time.monotonic()
        self.done = threading.Lock()
        self.done.acquire()


class _Ways:
    """How this process answers what is asked; the web server says so before it takes the first request."""

    in_threads = False


def answer_in_threads() -> None:
    """Let each `Together` of this process answer in its own thread from now on, instead of in the callers'."""
    _Ways.in_threads = True


class Together(Generic[Asked, Answer]):
    """Has `answer_all` answer what is asked; see `answer_in_threads`."""

    def __init__(
        self, name: str, answer_all: Callable[[Sequence[Asked]], Answers[Answer]], *, seconds: float, at_once: int
    ) -> None:
        self._name, self._answer_all = name, answer_all
        self._seconds, self._at_once = seconds, at_once
        self._tickets: SimpleQueue[_Ticket[Asked, Answer]] = SimpleQueue()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        # Since when the thread is at one group; 0 while it waits for the next.
        self._began = 0.0
        # When the first of those who are answered now waits no longer; without a thread nobody gives up.
        self.ends_at = math.inf

    @property
    def has_thread(self) -> bool:
        """Whether it has its own thread."""
        return self._thread is not None

    def start(self) -> None:
        """Answer in its own thread from now on."""
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()

    def ask(self, asked: Asked) -> Answer:
        """The answer. Raises `Late`, and what `answer_all` raised for this question."""
        if self._thread is None and _Ways.in_threads:
            self.start()
        answer = self._wait(asked) if self._thread else self._answered([asked])[0]
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def _wait(self, asked: Asked) -> Answer | BaseException:
        if self._is_held_up():
            return Late()
        ticket: _Ticket[Asked, Answer] = _Ticket(asked)
        self._tickets.put(ticket)
        return ticket.answer if ticket.done.acquire(timeout=self._seconds) else Late()

    def _is_held_up(self) -> bool:
        began = self._began
        return bool(began) and time.monotonic() - began > self._seconds

    def _run(self) -> None:
        while True:
            group = self._next()
            if not group:
                continue
            self._began = time.monotonic()
            self.ends_at = min(ticket.since for ticket in group) + self._seconds
            answers = self._answered([ticket.asked for ticket in group])
            self._began = 0.0
            for ticket, answer in zip(group, answers, strict=True):
                ticket.answer = answer
                ticket.done.release()

    def _next(self) -> list[_Ticket[Asked, Answer]]:
        """All that wait, `at_once` at most, but for those who have waited for too long."""
        group = [self._tickets.get()]
        try:
            while len(group) < self._at_once:
                group.append(self._tickets.get_nowait())
        except Empty:
            pass
        too_old = time.monotonic() - self._seconds * 3 / 4
        for ticket in group:
            if ticket.since < too_old:
                ticket.done.release()
        return [ticket for ticket in group if ticket.since >= too_old]

    def _answered(self, group: list[Asked]) -> Answers[Answer]:
        try:
            return self._answer_all(group)
        except Exception as error:  # whatever it is, each of those who wait has to learn it, and the thread goes on
            return [error] * len(group)
