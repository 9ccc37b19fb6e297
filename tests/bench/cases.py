"""What the delivery benchmark measures: the portal's settings, the work, and what the portal's rules allow."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

BATCH = 50


@dataclass(frozen=True, slots=True)
class Case:
    """`traces` for each of `portals`; `plan` None means no limits. `faults` are those of the sandbox' control."""

    key: str
    title: str
    traces: int
    theory: str
    portals: int = 1
    plan: str | None = "standard"
    command_seconds: float = 0.0
    faults: list[dict[str, Any]] = field(default_factory=list)

    @property
    def our_plan(self) -> str:
        """How our product is told of the plan, by `manage.py portal_plan`."""
        return self.plan or "unlimited"


def fastest(traces: int, *, rate: float = 2.0, burst: float = 50.0) -> float:
    """Seconds that a leaky bucket needs at least for traces in batches of 50, the first hits all at once."""
    return max(0.0, (traces / BATCH - burst) / rate)


def rate_after_burst(rate: float = 2.0) -> float:
    """Traces a second that the bucket lets in for ever."""
    return rate * BATCH


def operating_allows(seconds: float, each: float, limit: float = 480.0) -> float:
    """Commands of `each` seconds in so many seconds, of `limit` in any ten minutes (all of it at the start)."""
    return (limit + seconds * limit / 600) / each


LOST = [{"kind": "close_after", "probability": 0.1, "seed": 5}]
REFUSED = [
    {"kind": "throttle", "probability": 0.034, "seed": 6},
    {"kind": "html_502", "probability": 0.034, "seed": 7},
    {"kind": "close_before", "probability": 0.034, "seed": 8},
]
CASES = [
    Case("a", "50/2, 20 ms a command", 1000, "the bucket lets all in at once", command_seconds=0.02),
    Case("a+", "the same, 6,000 traces", 6000, f"{rate_after_burst():.0f}/s after the burst", command_seconds=0.02),
    Case("c", "limits off, 20 ms a command", 1000, "the portal's speed", plan=None, command_seconds=0.02),
    Case("c+", "the same, 10,000 traces", 10000, "the portal's speed", plan=None, command_seconds=0.02),
    Case("d", "200 portals, 50 traces each, 50/2", 50, "all in at once", portals=200),
    Case("e", "10 % of answers lost, 50/2", 2000, "0 lost, 0 doubled", faults=LOST),
    Case("e+", "the same, 20 ms a command", 2000, "0 lost, 0 doubled", command_seconds=0.02, faults=LOST),
    Case("f", "10 % of answers 503, 502 or reset, 50/2", 1000, "0 lost, 0 doubled", faults=REFUSED),
]


def trace(number: int) -> str:
    """A TRACE whose page says which one it is."""
    page = f"https://shop.example.com/order/{number}"
    pages = {"list": [[page, 1790000000, "Order"]]}
    return json.dumps({"url": page, "tags": {"ts": 1790000000, "list": {"utm_source": "fb"}}, "pages": pages})


def number_of(stored: dict[str, Any]) -> int:
    """The number of a stored trace, as `trace` made it."""
    return int(stored["pages"][0]["URL"].rpartition("/")[2])
