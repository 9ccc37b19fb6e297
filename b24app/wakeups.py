"""What Redis decides: when a portal is worked on, and by how many at a time. Never what is true.

All of it may vanish at any moment (a restart, FLUSHALL): a lost wake-up is made good by the sweep, a lost
lane lets one more worker in for a while, which the claims in the database put up with.
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

logger = logging.getLogger(__name__)

PREFIX = "trace-relay:"
# How long one wake-up stands for all that follow; a message that got lost is missed for no longer.
_WAKE_SECONDS = 5
# After a failure nobody tries Redis again for so long: a visitor must not wait for its time-outs.
_REST_SECONDS = 2.0
_resting_until = 0.0

_RELEASE = """
if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end
return 0
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
    try:
        key = f"{PREFIX}return:{portal_id}"
        return bool(connection().set(key, 1, nx=True, px=max(1, int(seconds * 1000))))
    except redis.RedisError:
        return False


def woken(portal_id: int) -> None:
    """The wake-up has arrived: what comes from now on needs another one."""
    try:
        connection().delete(f"{PREFIX}wake:{portal_id}")
    except redis.RedisError:
        logger.warning("Redis is away: a wake-up may be late")


@contextmanager
def lane(portal_id: int, places: int, seconds: float) -> Iterator[bool]:
    """One of the portal's `places` for a worker, or False where all are taken.

    A place is given back at the end, or by itself after `seconds` where its worker died. With Redis away
    the place is given: the claims in the database keep two workers from the same row anyway.
    """
    mine = uuid.uuid4().hex
    key = ""
    try:
        for number in range(places):
            if connection().set(f"{PREFIX}lane:{portal_id}:{number}", mine, nx=True, px=int(seconds * 1000)):
                key = f"{PREFIX}lane:{portal_id}:{number}"
                break
        taken = not key
    except redis.RedisError:
        taken = False
    try:
        yield not taken
    finally:
        if key:
            _give_back(key, mine)


def _give_back(key: str, mine: str) -> None:
    try:
        connection().eval(_RELEASE, 1, key, mine)
    except redis.RedisError:
        logger.warning("Redis is away: a lane stays taken until it runs out")
