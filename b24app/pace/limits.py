"""How fast we may send to a portal: one account for all processes, kept in Redis by one script (limits.lua).

Two limits of the portal are kept. Its rate: a leaky bucket of requests, 50 and 2 a second, on the Enterprise plan 250
and 5 (Bitrix24's documentation, "Limits"), used with a small margin. All that share our address share the bucket, so a
503 says that it is full, not that the rate is lower; only a further one within a minute halves the rate, which grows
back within a minute. And the operating time of each method: 480 s in any ten minutes, of which each answer tells what
is used and when some of it ends; what is left when most is used is spread over the time until then.

All of it may vanish: the portal's own answers restore it. While Redis is down everything is allowed, because no message
arrives then either: a running turn ends within seconds, and the portal's 503 is obeyed.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import redis
from redis.commands.core import Script

from b24app.api.batch import Operating
from b24app.models import Portal
from b24app.pace import wakeups

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Tariff:
    """Requests a second and the bucket's size, both 0 if nothing is limited, and batches in flight at a time.

    More than four cannot all leave a receipt (`traces.delivery.receipt_slots`); on the company's own server speed is
    worth it. There a request costs nothing, so that what waits is shared out among all that may be in flight:
    `min_commands` and more in each. Elsewhere (0) a request carries as much as it can.
    """

    rate: float
    burst: float
    in_flight: int
    min_commands: int = 0


TARIFFS = {
    Portal.Tariff.STANDARD: Tariff(2.0, 50.0, 4),
    Portal.Tariff.ENTERPRISE: Tariff(5.0, 250.0, 4),
    Portal.Tariff.UNLIMITED: Tariff(0.0, 0.0, 48, 25),
}
# The portal's clock and ours do not tick alike, and its own frame and other programs of ours send requests too.
RATE_SHARE, BURST_SHARE = 0.98, 0.8
# As the portal counts it: Bitrix24's documentation, "Limits"; and what is used of it.
MAX_OPERATING_SECONDS = 480.0
OPERATING_SECONDS = MAX_OPERATING_SECONDS * 0.985
BLOCKED_SECONDS = 60.0
# As long as it is not known how long a command takes.
FIRST_COMMANDS = 10


@dataclass(frozen=True, slots=True)
class Allowance:
    """`commands` of a method may be sent in one request now, or none for `wait` seconds.

    `seconds_per_command` is how long a command takes on the portal, 0 if that is not known.
    """

    commands: int
    wait: float = 0.0
    seconds_per_command: float = 0.0


def tariff_of(portal: Portal) -> Tariff:
    """The figures of the portal's tariff."""
    return TARIFFS[Portal.Tariff(portal.tariff)]


def rate_of(portal: Portal) -> float:
    """Returns the requests a second that we send to the portal at most, 0 if they are not limited."""
    return tariff_of(portal).rate * RATE_SHARE


def look(portal: Portal, methods: Iterable[str], commands: int) -> dict[str, Allowance]:
    """What `take` would answer now for up to `commands` of each method; nothing is counted."""
    return _allowances(portal, "look", dict.fromkeys(methods, commands))


def take(portal: Portal, commands: Mapping[str, int]) -> dict[str, Allowance]:
    """Ask for permission to send one request with up to this many `commands` of each method.

    Returns the allowance of each method. Operating time is reserved for what is granted, and the request is counted
    where any method is granted a command.
    """
    return _allowances(portal, "take", commands)


def _allowances(portal: Portal, action: str, commands: Mapping[str, int]) -> dict[str, Allowance]:
    first = max(FIRST_COMMANDS, tariff_of(portal).min_commands)
    answer = run(portal, commands, action, *_bucket(portal), first, OPERATING_SECONDS, *commands.values())
    if answer is None:
        return {method: Allowance(number) for method, number in commands.items()}
    seconds, allowed = float(answer[0]), answer[1]
    return {
        method: Allowance(int(number), float(wait), seconds)
        for method, (number, wait) in zip(commands, allowed, strict=True)
    }


def _bucket(portal: Portal) -> tuple[float, float]:
    """The rate and the size of the portal's bucket, as far as we use them."""
    return rate_of(portal), tariff_of(portal).burst * BURST_SHARE


def take_request(portal: Portal) -> float:
    """Ask leave to send a request that needs no operating time, such as a question.

    Returns the seconds to wait first: 0.0 where it may go, and was counted.
    """
    answer = run(portal, [], "take_request", *_bucket(portal))
    return 0.0 if answer is None else float(answer)


def count_request(portal: Portal) -> None:
    """Count a request that is sent without waiting for leave, such as a repetition of one that did nothing."""
    run(portal, [], "count_request", *_bucket(portal))


def note_answer(portal: Portal, method: str, seconds_per_command: float, operating: Operating | None) -> None:
    """Note an answer to what `take` granted: how long a command took, and what the portal says `method` has used."""
    figures = (operating.used, operating.resets_in) if operating else ("", "")
    run(portal, [method], "note_answer", seconds_per_command, *figures)


def note_throttled(portal: Portal) -> None:
    """Note that the portal answered 503 QUERY_LIMIT_EXCEEDED."""
    _, threshold = _bucket(portal)
    run(portal, [], "note_throttled", threshold)


def note_blocked(portal: Portal, method: str) -> float:
    """Note that the portal answered that `method` has used its operating time.

    Returns the seconds until the method may be tried again.
    """
    answer = run(portal, [method], "note_blocked", BLOCKED_SECONDS, OPERATING_SECONDS)
    return BLOCKED_SECONDS if answer is None else float(answer)


def note_slow(portal: Portal, commands: int) -> None:
    """Note that a batch of this many commands began and left no receipt. They may be slow: the next one is smaller."""
    run(portal, [], "note_slow", commands)


def run(portal: Portal, methods: Iterable[str], action: str, *arguments: object, ahead: float = 0.0) -> Any:
    """Returns what the script answers to `action`, or None if Redis is away.

    `ahead` are the seconds that a simulation is ahead of Redis' time.
    """
    key = f"{wakeups.PREFIX}pace:{portal.pk}"
    keys = [key, *(name for method in methods for name in (f"{key}:{method}", f"{key}:{method}:reserved"))]
    try:
        return _script(wakeups.connection())(keys=keys, args=[ahead, action, *map(str, arguments)])
    except redis.RedisError as error:
        logger.warning("Redis is away (%s): the portal's limits are not known", type(error).__name__)
        return None


@lru_cache(maxsize=2)
def _script(connection: redis.Redis) -> Script:
    return connection.register_script(Path(__file__).with_suffix(".lua").read_text())
