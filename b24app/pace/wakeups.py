"""What Redis decides: when a portal is served, and by how many workers at once. Never what is true.

All of it may vanish at any moment (a restart, FLUSHALL): the sweep replaces a lost wake-up, and a lost
lane admits one more worker for a while, which the claims in the database tolerate.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import TypeVar

import redis
from django.conf import settings
from redis.commands.core import Script

logger = logging.getLogger(__name__)

PREFIX = "trace-relay:"
# How long one wake-up stands for all that follow; a message that got lost is missed for no longer.
WAKE_SECONDS = 5
_SWEPT_SECONDS = 7 * 24 * 3600
T = TypeVar("T")


class Breaker:
    """Whether Redis is left alone, after a failure, for a while: a visitor must not wait for its time-outs."""

    SECONDS = 2.0

    def __init__(self) -> None:
        # Read and written as a whole by the threads: who comes too early or too late asks Redis once more.
        self.resting_until = 0.0

    @property
    def is_open(self) -> bool:
        """Whether Redis is not to be asked now."""
        return time.monotonic() < self.resting_until

    def trip(self) -> None:
        """Leave Redis alone from now on for `SECONDS`."""
        self.resting_until = time.monotonic() + self.SECONDS


breaker = Breaker()

# Lanes are a sorted set: who holds one, by when it ends (milliseconds of Redis' own clock).
_TAKE_LANE = """
local time = redis.call('time')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('zremrangebyscore', KEYS[1], '-inf', now)
local free = tonumber(ARGV[2]) - redis.call('zcard', KEYS[1])
if free <= 0 then return 0 end
redis.call('zadd', KEYS[1], now + ARGV[3], ARGV[1])
redis.call('pexpire', KEYS[1], ARGV[3])
return free
"""


@lru_cache(maxsize=2)
def _connect(url: str) -> redis.Redis:
    return redis.Redis.from_url(url, socket_timeout=1, socket_connect_timeout=0.5)


def connection() -> redis.Redis:
    """The Redis of `REDIS_URL`; Celery's `redis+socket://` is redis-py's `unix://`."""
    return _connect(settings.REDIS_URL.replace("redis+socket://", "unix://"))


def reachable() -> bool:
    """Whether Redis answers right now."""
    try:
        return bool(connection().ping())
    except redis.RedisError:
        return False


def note_swept() -> None:
    """Note that a worker has done beat's sweep just now: both are alive."""
    try:
        connection().set(f"{PREFIX}swept", time.time(), ex=_SWEPT_SECONDS)
    except redis.RedisError:
        logger.warning("Redis is away: that a sweep was done is not noted")


def last_sweep() -> float | None:
    """Returns the unix time of the last sweep, None if it is not known. Raises `redis.RedisError`."""
    noted = connection().get(f"{PREFIX}swept")
    return float(noted) if isinstance(noted, bytes) else None


def first_to_tidy(seconds: float) -> bool:
    """Whether this caller has to delete old rows, once in this many seconds; False while Redis is down."""
    return _is_first(f"{PREFIX}tidy", seconds)


@contextmanager
def only_sweep(seconds: float) -> Iterator[bool]:
    """Whether no other sweep runs its slow parts; also True while Redis is down.

    Others are kept out until the end, or for this many seconds if the worker dies.
    """
    key, sweep = f"{PREFIX}sweeping", uuid.uuid4().hex
    try:
        is_only = bool(connection().set(key, sweep, nx=True, px=int(seconds * 1000)))
    except redis.RedisError:
        is_only = True
    try:
        yield is_only
    finally:
        if is_only:
            _end_sweep(key, sweep)


def _end_sweep(key: str, sweep: str) -> None:
    try:
        if connection().get(key) == sweep.encode():  # a slower one than thought leaves the next one's alone
            connection().delete(key)
    except redis.RedisError:
        logger.warning("Redis is away: the next sweep may be late")


def first_to_wake(portal_id: int) -> bool:
    """Whether this caller is the one to send a wake-up for the portal; False also if Redis is away."""
    key = wake_key(portal_id)
    return ask(
        lambda client: bool(client.set(key, 1, nx=True, ex=WAKE_SECONDS)), False, "deliveries wait for the sweep"
    )


def wake_key(portal_id: int) -> str:
    """What tells that a wake-up for the portal is on its way."""
    return f"{PREFIX}wake:{portal_id}"


def first_to_return(portal_id: int, seconds: float) -> bool:
    """Whether this caller has to return to the portal in this many seconds; False while Redis is down."""
    return _is_first(f"{PREFIX}return:{portal_id}", seconds)


def first_to_recruit(portal_id: int, seconds: float) -> bool:
    """Whether this caller is the one to call for other workers, who would all call for others; False without Redis."""
    return _is_first(f"{PREFIX}recruit:{portal_id}", seconds)


def note_woken(portal_id: int) -> None:
    """Note that the wake-up has arrived: what comes from now on needs another one."""
    try:
        connection().delete(wake_key(portal_id))
    except redis.RedisError:
        logger.warning("Redis is away: a wake-up may be late")


def ask(question: Callable[[redis.Redis], T], default: T, consequence: str) -> T:
    """What Redis answers for a visitor who waits; `default` while it is away, at once from the second time on."""
    if breaker.is_open:
        return default
    try:
        return question(connection())
    except redis.RedisError as error:
        breaker.trip()
        logger.warning("Redis is away (%s): %s", type(error).__name__, consequence)
        return default


def _is_first(key: str, seconds: float) -> bool:
    try:
        return bool(connection().set(key, 1, nx=True, px=max(1, int(seconds * 1000))))
    except redis.RedisError:
        return False


@contextmanager
def lane(portal_id: int, places: int, seconds: float) -> Iterator[int]:
    """Take one of the portal's `places` for a worker.

    Yields how many places were free, its own included, or 0 if all are taken. A place is given back at the end, or
    by itself after `seconds` where its worker died. With Redis away the place is given: the claims in the database keep
    two workers from the same row anyway.
    """
    key, worker = f"{PREFIX}lanes:{portal_id}", uuid.uuid4().hex
    try:
        free = int(_take_lane(connection())(keys=[key], args=[worker, places, int(seconds * 1000)]))
    except redis.RedisError:
        free = places
    try:
        yield free
    finally:
        if free:
            _give_back(key, worker)


@lru_cache(maxsize=2)
def _take_lane(connection: redis.Redis) -> Script:
    return connection.register_script(_TAKE_LANE)


def _give_back(key: str, worker: str) -> None:
    try:
        connection().zrem(key, worker)
    except redis.RedisError:
        logger.warning("Redis is away: a lane stays taken until it runs out")
