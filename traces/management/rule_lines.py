"""Source rules as the commands print them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.core.management.base import CommandError

from b24app.models import Portal
from traces.models import SourceRule

COLUMNS = ("id", "position", "value", "utm_source", "crm_source", "crm_description", "also_known", "active")


def at_position(portal: Portal, position: int) -> SourceRule:
    """The rule at a position, as `listed` numbers them; raises `CommandError` where there is none."""
    row = SourceRule.objects.filter(portal=portal, position=position).first()
    if row is None:
        raise CommandError(f"The portal has no rule {position}. `manage.py source_rules` lists them.")
    return row


def columns(row: SourceRule) -> dict[str, Any]:
    """A rule for JSON."""
    return {"match": row.field, "how": row.operator, **{name: getattr(row, name) for name in COLUMNS}}


def listed(rows: Sequence[SourceRule]) -> Iterator[str]:
    """The rules of a portal in their order, one a line, for people."""
    for position, row in enumerate(rows, start=1):
        yield f"{position}. {row}"
    if not rows:
        yield "The portal has no source rules."
