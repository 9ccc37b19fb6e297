"""How fast a portal may be sent to: one account for all processes, kept in Redis by one script (limits.lua).

Two limits of the portal are kept. Its rate: a leaky bucket of requests, 50 and 2 a second, on the Enterprise plan 250
and 5 (Bitrix24's documentation, "Limits"), used with a small margin; a real 503 halves the rate, which then grows back
within minutes. And the operating time of each method: 480 s in any ten minutes, of which each answer tells what is used
and when some of it ends; what is left when most is used is spread over the time until then.

All of it may vanish: the portal's own answers teach it anew. With Redis away everything is granted, since then no
message arrives either: a turn under way ends within seconds, and the portal's 503 is obeyed.
"""

from __future__ import annotations

import logging
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
class Plan:
    """Hits a second and the bucket's size, both 0 where nothing is limited, and batches in flight at a time.

    More than four cannot all leave a receipt (`traces.delivery.receipt_slots`); on the company's own server speed is
    worth it. There a request costs nothing, so that what waits is shared out among all that may be in flight:
    `least_commands` and more in each. Elsewhere (0) a hit carries as much as it can.
    """

    rate: float
    burst: float
    in_flight: int
    least_commands: int = 0


PLANS = {
    Portal.Plan.STANDARD: Plan(2.0, 50.0, 4),
    Portal.Plan.ENTERPRISE: Plan(5.0, 250.0, 4),
    Portal.Plan.UNLIMITED: Plan(0.0, 0.0, 48, 25),
}
# The portal's clock and ours do not tick alike, and its own frame and other programs of ours are hits too.
RATE_SHARE, BURST_SHARE = 0.98, 0.8
OPERATING_SECONDS = 480.0 * 0.985
BLOCKED_SECONDS = 60.0
# As long as it is not known how long a command takes.
FIRST_COMMANDS = 10
# How many seconds a simulation is ahead of Redis' time.
ahead = 0.0


@dataclass(frozen=True, slots=True)
class Grant:
    """`commands` may be sent in one hit now, of about `each` seconds (0: unknown), or none for `wait` seconds."""

    commands: int
    wait: float = 0.0
    each: float = 0.0


@lru_cache(maxsize=1)
def _source() -> str:
    return Path(__file__).with_suffix(".lua").read_text()


@lru_cache(maxsize=2)
def _script(connection: redis.Redis) -> Script:
    return connection.register_script(_source())


def _run(portal: Portal, method: str, action: str, *arguments: object) -> Any:
    """What the script returns, or None where Redis is away."""
    key = f"{wakeups.PREFIX}pace:{portal.pk}"
    keys = [key, f"{key}:{method}", f"{key}:{method}:out"]
    try:
        return _script(wakeups.connection())(keys=keys, args=[ahead, action, *map(str, arguments)])
    except redis.RedisError as error:
        logger.warning("Redis is away (%s): a hit is not paced", type(error).__name__)
        return None


def plan_of(portal: Portal) -> Plan:
    """The figures of the portal's plan."""
    return PLANS[Portal.Plan(portal.plan)]


def _figures(portal: Portal) -> tuple[float, float]:
    plan = plan_of(portal)
    return plan.rate * RATE_SHARE, plan.burst * BURST_SHARE


def take(portal: Portal, method: str, commands: int, *, hit: bool = True) -> Grant:
    """Leave to send up to `commands` of `method` in one hit, which is counted; or how long to wait first.

    Where a hit has several methods each is asked for, and the hit itself is counted with one of them only.
    """
    return _grant(portal, method, "take", commands, _figures(portal) if hit else (0.0, 0.0))


def look(portal: Portal, method: str, commands: int) -> Grant:
    """What `take` would say now; nothing is counted."""
    return _grant(portal, method, "look", commands, _figures(portal))


def _grant(portal: Portal, method: str, action: str, commands: int, figures: tuple[float, float]) -> Grant:
    first = max(FIRST_COMMANDS, plan_of(portal).least_commands)
    answer = _run(portal, method, action, *figures, commands, first, OPERATING_SECONDS)
    return Grant(commands) if answer is None else Grant(int(answer[1]), float(answer[0]), float(answer[2]))


def take_hit(portal: Portal) -> float:
    """Seconds to wait before a request that is no work, such as a question; 0 where it may go and was counted."""
    answer = _run(portal, "", "take", *_figures(portal), 0)
    return 0.0 if answer is None else float(answer[0])


def report(portal: Portal, method: str, seconds_each: float, operating: Operating | None) -> None:
    """An answer to what `take` granted: how long a command took, and what the portal says that `method` has used."""
    figures = (operating.used, operating.resets_in) if operating else ("", "")
    _run(portal, method, "report", seconds_each, *figures)


def throttled(portal: Portal) -> None:
    """The portal answered 503 QUERY_LIMIT_EXCEEDED."""
    _run(portal, "", "throttled", *_figures(portal))


def blocked(portal: Portal, method: str) -> float:
    """The portal answered that `method` has used its operating time; the seconds until it may be tried."""
    answer = _run(portal, method, "blocked", BLOCKED_SECONDS, OPERATING_SECONDS)
    return BLOCKED_SECONDS if answer is None else float(answer)


def slower(portal: Portal, commands: int) -> None:
    """A batch of so many had begun and left no receipt: they may take longer than was thought, so fewer go next."""
    _run(portal, "", "slower", commands)
