"""Source rules as the commands print them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from traces.models import SourceRule

COLUMNS = ("id", "position", "value", "utm_source", "crm_source", "crm_description")


def columns(row: SourceRule) -> dict[str, Any]:
    """A rule for JSON."""
    return {"match": row.field, "how": row.operator, **{name: getattr(row, name) for name in COLUMNS}}


def listed(rows: Sequence[SourceRule]) -> Iterator[str]:
    """The rules of a portal in their order, one a line, for people."""
    for position, row in enumerate(rows, start=1):
        yield f"{position}. {row}"
    if not rows:
        yield "The portal has no source rules."
