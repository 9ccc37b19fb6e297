"""How close a portal is to its limits, which `b24app.pace.limits` keeps in Redis; nothing is changed here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from b24app.models import Portal
from b24app.pace import limits


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

    @property
    def percent(self) -> int:
        """Returns how much is used, in percent: all of it where the portal refuses the method."""
        return 100 if self.blocked else round(100 * min(1.0, self.used / self.limit)) if self.limit else 0


@dataclass(frozen=True, slots=True)
class Usage:
    """How many requests the portal's bucket holds now of its `burst`, and the methods whose operating time is known.

    `burst` is 0 if the portal does not count requests.
    """

    level: float
    burst: float
    methods: list[Method]

    @property
    def percent(self) -> int:
        """Returns how full the bucket is, in percent; 0 if nothing is limited."""
        return round(100 * min(1.0, self.level / self.burst)) if self.burst else 0

    @property
    def highest_percent(self) -> int:
        """Returns how close the portal is to the limit that it is closest to."""
        return max(self.percent, *(method.percent for method in self.methods), 0)


def of(portal: Portal, methods: Iterable[str]) -> Usage | None:
    """What is used of the portal's limits now, by itself and by these methods; None if Redis is away."""
    names = list(methods)
    answer = limits.run(portal, names, "state", limits.rate_of(portal), limits.MAX_OPERATING_SECONDS)
    if answer is None:
        return None
    level, states = answer
    known = [_method(name, *state) for name, state in zip(names, states, strict=True) if state]
    return Usage(float(level), limits.tariff_of(portal).burst, known)


def _method(name: str, used: bytes, limit: bytes, resets_at: bytes, blocked: int) -> Method:
    return Method(name, float(used), float(limit), datetime.fromtimestamp(float(resets_at), UTC), bool(blocked))
