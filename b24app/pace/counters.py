"""How many may come: leaky buckets, in Redis for all processes, in this process while Redis is away.

A bucket is kept as the time at which it will be empty, so that a limit is one number, which Redis forgets by itself.
The clock is the caller's: the servers' clocks differ by far less than a bucket lasts. Nothing that tells who somebody
is gets to Redis: addresses and tokens are hashed with the secret key.
"""

from __future__ import annotations

import functools
import hashlib
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import redis
from django.conf import settings
from redis.commands.core import Script

from b24app.pace import wakeups

_MINUTE = 60.0


@dataclass(frozen=True, slots=True)
class Limit:
    """`size` at once and `rate` a second in the long run; with the rate 0, `size` in each minute of the clock."""

    name: str
    size: int
    rate: float = 0.0

    @property
    def interval(self) -> float:
        """The seconds in which one leaves the bucket; 0 if a minute is counted."""
        return 1 / self.rate if self.rate else 0.0

    @property
    def step(self) -> float:
        """What one more adds to the number that is kept."""
        return self.interval or 1.0

    def key(self, now: float) -> str:
        """What the limit is counted under."""
        minute = "" if self.rate else f":{int(now // _MINUTE)}"
        return f"{wakeups.PREFIX}limit:{self.name}{minute}"


@dataclass(frozen=True, slots=True)
class Taken:
    """The result of a check: the limit that is `full` and for how many seconds, or None if the request was counted.

    `is_first` says whether the caller has to send the wake-up it asked for; None if Redis did not answer.
    """

    full: Limit | None = None
    wait: float = 0.0
    is_first: bool | None = None


class Local:
    """The buckets of this process; of very many the oldest are forgotten."""

    MAX_KEYS = 20_000

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: dict[str, float] = {}

    def take(self, limits: Sequence[Limit], now: float) -> Taken:
        """Count one of each limit, or none where one of them is full."""
        with self._lock:
            values = {}
            for limit in limits:
                value, wait = _next(limit, self._values.get(limit.key(now), 0.0), now)
                if wait > 1e-6:
                    return Taken(limit, wait)
                values[limit.key(now)] = value
            for key, value in values.items():
                self._values.pop(key, None)
                self._values[key] = value
            while len(self._values) > self.MAX_KEYS:
                del self._values[next(iter(self._values))]
        return Taken()

    def give_back(self, limits: Sequence[Limit], now: float) -> None:
        """Take back what was counted."""
        with self._lock:
            for limit in limits:
                if limit.key(now) in self._values:
                    self._values[limit.key(now)] -= limit.step

    def remember(self, key: str, until: float) -> None:
        """Keep a mark until then."""
        with self._lock:
            self._values.pop(key, None)
            self._values[key] = until

    def remembers(self, key: str, now: float) -> bool:
        """Whether the mark is kept still."""
        return self._values.get(key, 0.0) > now

    def clear(self) -> None:
        """Forget everything."""
        self._values.clear()


local = Local()


@dataclass(frozen=True, slots=True)
class Question:
    """Limits of which one each is to be counted, and a portal (0: none) that may need a wake-up then."""

    limits: Sequence[Limit] = ()
    wakes: int = 0


def take(limits: Sequence[Limit], *, wakes: int = 0) -> Taken:
    """Count one of each limit, or none where one of them is full; `wakes` is a portal that may need a wake-up."""
    return take_all([Question(limits, wakes)])[0]


def take_all(questions: Sequence[Question]) -> list[Taken]:
    """What `take` would answer to each question, in one round trip."""
    if not any(question.limits or question.wakes for question in questions):
        return [Taken()] * len(questions)
    now = time.time()
    asked = partial(_asked, questions, now)
    answers = wakeups.ask(asked, None, "this process counts by itself")
    return answers or [local.take(question.limits, now) for question in questions]


def _asked(questions: Sequence[Question], now: float, client: redis.Redis) -> list[Taken]:
    keys: list[str] = []
    arguments: list[str | float] = [f"{now:.6f}", wakeups.WAKE_SECONDS]
    left = _MINUTE - now % _MINUTE
    for question in questions:
        keys += [limit.key(now) for limit in question.limits]
        arguments += [len(question.limits), 1 if question.wakes else 0]
        for limit in question.limits:
            arguments += [limit.size, limit.interval, left]
        if question.wakes:
            keys.append(wakeups.wake_key(question.wakes))
    answers = _script(client)(keys=keys, args=arguments)
    return [
        Taken(question.limits[number - 1] if number else None, float(wait), bool(first) if question.wakes else None)
        for question, (number, wait, first) in zip(questions, answers, strict=True)
    ]


def give_back(limits: Sequence[Limit]) -> None:
    """Take back what was counted just now: it was no such thing."""
    if not limits:
        return
    now = time.time()

    def given(client: redis.Redis) -> bool:
        with client.pipeline() as together:
            for limit in limits:
                together.incrbyfloat(limit.key(now), -limit.step)
                together.expire(limit.key(now), int(limit.size * limit.interval or _MINUTE) + 1)
            together.execute()
        return True

    if not wakeups.ask(given, False, "this process counts by itself"):
        local.give_back(limits, now)


def remember(*secrets: str, seconds: float) -> None:
    """Remember for this many seconds that these were seen, but never the texts themselves."""
    key = f"{wakeups.PREFIX}seen:{digest(*secrets)}"

    def kept(client: redis.Redis) -> bool:
        return bool(client.set(key, 1, px=int(seconds * 1000)))

    if not wakeups.ask(kept, False, "this process remembers by itself"):
        local.remember(key, time.time() + seconds)


def remembers(*secrets: str) -> bool:
    """Whether these were seen not long ago."""
    key = f"{wakeups.PREFIX}seen:{digest(*secrets)}"
    seen = wakeups.ask(lambda client: bool(client.exists(key)), False, "this process remembers by itself")
    return seen or local.remembers(key, time.time())


def digest(*secrets: str) -> str:
    """The same texts as something that tells nobody what they are."""
    key = hashlib.sha256(settings.SECRET_KEY.encode()).digest()
    return hashlib.blake2b("\0".join(secrets).encode(errors="replace"), key=key, digest_size=16).hexdigest()


def _next(limit: Limit, stored: float, now: float) -> tuple[float, float]:
    """The limit's number with one more, and the seconds to wait until that fits; as the script has it."""
    if not limit.rate:
        return stored + 1, (_MINUTE - now % _MINUTE if stored + 1 > limit.size else 0.0)
    value = max(stored, now) + limit.interval
    return value, value - now - limit.size * limit.interval


@functools.lru_cache(maxsize=2)
def _script(connection: redis.Redis) -> Script:
    return connection.register_script(Path(__file__).with_suffix(".lua").read_text())


def seconds_of(wait: float) -> int:
    """A wait as Retry-After tells it: whole seconds, one at least."""
    return max(1, -int(-wait // 1))


def limits_of(*limits: tuple[str, Any, float]) -> list[Limit]:
    """The limits that are switched on, of (name, size, rate): a size of 0 is none."""
    return [Limit(name, int(size), rate) for name, size, rate in limits if size > 0]
