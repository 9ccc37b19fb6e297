"""What Redis decides: when a portal is worked on, and by how many at a time. Never what is true.

All of it may vanish at any moment (a restart, FLUSHALL): a lost wake-up is made good by the sweep, a lost
lane lets one more worker in for a while, which the hits in the database put up with.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

import redis
from django.conf import settings
from redis.commands.core import Script

logger = logging.getLogger(__name__)

PREFIX = "trace-relay:"
# How long one wake-up stands for all that follow; a message that got lost is missed for no longer.
_WAKE_SECONDS = 5
# After a failure nobody tries Redis again for so long: a visitor must not wait for its time-outs.
_REST_SECONDS = 2.0
_SWEPT_KEPT_SECONDS = 7 * 24 * 3600
_resting_until = 0.0

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


def swept() -> None:
    """A worker has done beat's sweep just now: both are alive."""
    try:
        connection().set(f"{PREFIX}swept", time.time(), ex=_SWEPT_KEPT_SECONDS)
    except redis.RedisError:
        logger.warning("Redis is away: that a sweep was done is not noted")


def last_sweep() -> float | None:
    """The unix time of the last sweep; None where it is not known. Raises `redis.RedisError`."""
    noted = connection().get(f"{PREFIX}swept")
    return float(noted) if isinstance(noted, bytes) else None


def first_to_tidy(seconds: float) -> bool:
    """Whether this caller is the one to delete what is old, once in so many seconds; False where Redis is away."""
    return _is_first(f"{PREFIX}tidy", seconds)


def first_to_wake(portal_id: int) -> bool:
    """Whether this caller is the one to send a wake-up for the portal; False also where Redis is away."""
    global _resting_until
    if time.monotonic() < _resting_until:
        return False
    try:
        return bool(connection().set(f"{PREFIX}wake:{portal_id}", 1, nx=True, ex=_WAKE_SECONDS))
    except redis.RedisError as error:
        _resting_until = time.monotonic() + _REST_SECONDS
        logger.warning("Redis is away (%s): deliveries wait for the sweep", type(error).__name__)
        return False


def first_to_return(portal_id: int, seconds: float) -> bool:
    """Whether this caller is the one to come back to the portal in so many seconds; False where Redis is away."""
    return _is_first(f"{PREFIX}return:{portal_id}", seconds)


def first_to_recruit(portal_id: int, seconds: float) -> bool:
    """Whether this caller is the one to call for other workers, who would all call for others; False without Redis."""
    return _is_first(f"{PREFIX}recruit:{portal_id}", seconds)


def count(name: str, seconds: int) -> int:
    """How often this was called with the name within so many seconds, this time included; 0 where Redis is away."""
    global _resting_until
    if time.monotonic() < _resting_until:
        return 0
    try:
        with connection().pipeline() as together:
            together.incr(f"{PREFIX}count:{name}")
            together.expire(f"{PREFIX}count:{name}", seconds)
            return int(together.execute()[0])
    except redis.RedisError as error:
        _resting_until = time.monotonic() + _REST_SECONDS
        logger.warning("Redis is away (%s): nothing is counted", type(error).__name__)
        return 0


def woken(portal_id: int) -> None:
    """The wake-up has arrived: what comes from now on needs another one."""
    try:
        connection().delete(f"{PREFIX}wake:{portal_id}")
    except redis.RedisError:
        logger.warning("Redis is away: a wake-up may be late")


def _is_first(key: str, seconds: float) -> bool:
    try:
        return bool(connection().set(key, 1, nx=True, px=max(1, int(seconds * 1000))))
    except redis.RedisError:
        return False


@contextmanager
def lane(portal_id: int, places: int, seconds: float) -> Iterator[int]:
    """One of the portal's `places` for a worker: how many were free, its own included, or 0 where all are taken.

    A place is given back at the end, or by itself after `seconds` where its worker died. With Redis away
    the place is given: the hits in the database keep two workers from the same row anyway.
    """
    key, mine = f"{PREFIX}lanes:{portal_id}", uuid.uuid4().hex
    try:
        free = int(_take_lane(connection())(keys=[key], args=[mine, places, int(seconds * 1000)]))
    except redis.RedisError:
        free = places
    try:
        yield free
    finally:
        if free:
            _give_back(key, mine)


@lru_cache(maxsize=2)
def _take_lane(connection: redis.Redis) -> Script:
    return connection.register_script(_TAKE_LANE)


def _give_back(key: str, mine: str) -> None:
    try:
        connection().zrem(key, mine)
    except redis.RedisError:
        logger.warning("Redis is away: a lane stays taken until it runs out")
