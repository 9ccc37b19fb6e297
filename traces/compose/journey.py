"""A visitor's path as a list of steps, from a clean trace (`traces.compose.trace`). Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

# What a step is.
REFERRER, TAGS, PAGE, DEVICE = "referrer", "tags", "page", "device"


@dataclass(frozen=True, slots=True)
class Step:
    """One step: `kind` as above, `url` of a referrer or a page, `title` of a page, `tags` as (name, value).

    A device has the `title` "mobile" or "computer".
    """

    kind: str
    at: datetime | None = None
    url: str = ""
    title: str = ""
    tags: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Visit:
    """The steps of one visit; `former` ones were before the one that ended in the submission."""

    former: bool
    steps: tuple[Step, ...]


def visits(trace: Mapping[str, Any]) -> list[Visit]:
    """The visits of a trace, the oldest first; those of which nothing is known are left out."""
    former = [Visit(True, tuple(_steps(visit))) for visit in (trace.get("previous") or {}).get("list") or []]
    all_visits = [*former, Visit(False, tuple(_steps(trace)))]
    return [visit for visit in all_visits if any(step.kind != DEVICE for step in visit.steps)]


def _steps(trace: Mapping[str, Any]) -> Iterator[Step]:
    if referrer := trace.get("ref"):
        yield Step(REFERRER, url=referrer)
    tags = trace.get("tags") or {}
    if listed := tags.get("list"):
        yield Step(TAGS, at=_time(tags.get("ts", 0)), tags=tuple(listed.items()))
    pages = (trace.get("pages") or {}).get("list") or []
    for url, seconds, *title in pages:
        yield Step(PAGE, at=_time(seconds), url=url, title=title[0] if title else "")
    if (url := trace.get("url")) and url not in [page[0] for page in pages]:
        yield Step(PAGE, url=url)
    if device := trace.get("device"):
        yield Step(DEVICE, title="mobile" if device.get("isMobile") else "computer")


def _time(seconds: int) -> datetime | None:
    """A time of a trace, which may be none: 0, or one that no calendar has."""
    try:
        return datetime.fromtimestamp(seconds, UTC) if seconds > 0 else None
    except (ValueError, OverflowError, OSError):
        return None


def touch(visit: Visit) -> str:
    """What brought a visit: its UTM tags, else the referring website; "" if neither."""
    for kind in (TAGS, REFERRER):
        for step in visit.steps:
            if step.kind == kind:
                return step.url if kind == REFERRER else " · ".join(value for _name, value in step.tags if value)
    return ""
