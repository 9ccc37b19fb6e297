"""How close a portal is to its limits, which `b24app.pace.limits` keeps in Redis; nothing is changed here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import redis

from b24app.models import Portal
from b24app.pace import limits, wakeups

# As the portal counts it: Bitrix24's documentation, "Limits". Of it `limits.OPERATING_SECONDS` are used.
OPERATING_SECONDS = 480
# As in limits.lua: how a lowered rate grows back, and for how long a limit that was learned from a block is believed.
_RECOVER, _MIN_FACTOR, _LEARNED_FOR = 600.0, 0.25, 3600.0

Figures = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Method:
    """What a method has used of its operating time: `used` seconds of `limit`, some of which end at `resets_at`.

    `blocked` is whether the portal has refused it until then.
    """

    name: str
    used: float
    limit: float
    resets_at: datetime
    blocked: bool = False


@dataclass(frozen=True, slots=True)
class Usage:
    """How many requests the portal's bucket holds now of its `burst`, and the methods whose operating time is known.

    `burst` is 0 where the portal does not count requests.
    """

    level: float
    burst: float
    methods: list[Method]

    @property
    def percent(self) -> int:
        """How full the bucket is; 0 where nothing is limited."""
        return round(100 * min(1.0, self.level / self.burst)) if self.burst else 0


def of(portal: Portal, methods: Iterable[str]) -> Usage | None:
    """What is used of the portal's limits now, by itself and by these methods; None where Redis is away."""
    names = list(methods)
    key = f"{wakeups.PREFIX}pace:{portal.pk}"
    try:
        with wakeups.connection().pipeline(transaction=False) as together:
            together.time()
            for one in [key, *(f"{key}:{name}" for name in names)]:
                together.hgetall(one)
            time, bucket, *kept = together.execute()
    except redis.RedisError:
        return None
    now = time[0] + time[1] / 1_000_000 + limits.ahead
    plan = limits.plan_of(portal)
    found = [
        method for name, fields in zip(names, kept, strict=True) if (method := of_method(name, _read(fields), now))
    ]
    return Usage(level(_read(bucket), plan.rate, now), plan.burst, found)


def level(bucket: Figures, rate: float, now: float) -> float:
    """How many requests the bucket holds `now` (unix time); it drains by `rate` a second, or slower after a 503."""
    recovered = max(0.0, now - bucket.get("slow_at", now)) / _RECOVER
    factor = max(_MIN_FACTOR, min(1.0, bucket.get("slow", 1.0) + recovered))
    drained = rate * limits.RATE_SHARE * factor * max(0.0, now - bucket.get("at", now))
    return max(0.0, bucket.get("level", 0.0) - drained) if rate else 0.0


def of_method(name: str, kept: Figures, now: float) -> Method | None:
    """A method's operating time; None where nothing is known that is true still."""
    blocked, resets = kept.get("blocked", 0.0), kept.get("reset", 0.0)
    if max(blocked, resets) <= now:
        return None
    learned = now - kept.get("limit_at", now - _LEARNED_FOR) < _LEARNED_FOR
    limit = min(float(OPERATING_SECONDS), kept.get("limit", OPERATING_SECONDS)) if learned else float(OPERATING_SECONDS)
    until = blocked if blocked > now else resets
    used = limit if blocked > now else kept.get("used", 0.0)
    return Method(name, used, limit, datetime.fromtimestamp(until, UTC), blocked > now)


def _read(fields: Mapping[bytes, bytes]) -> dict[str, float]:
    return {name.decode(): float(value) for name, value in fields.items()}
