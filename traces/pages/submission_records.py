"""The CRM records that a submission has become, as links that open them in the portal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from traces.compose.records import BY_TYPE
from traces.pages import form_mapping


@dataclass(frozen=True, slots=True)
class Record:
    """A record that came of a submission; `path` opens its card, "" where the portal opens none."""

    name: str
    path: str


def cards(made: Sequence[Mapping[str, Any]]) -> list[Record]:
    """The records that a submission has become, as links to their cards."""
    return [_card(str(entry.get("TYPE", "")), entry.get("ID")) for entry in made]


def _card(kind: str, number: Any) -> Record:
    record = BY_TYPE.get(kind)
    if record is None:
        return Record(f"{kind} {number}", "")
    path = f"/crm/{record.name}/details/{number}/" if record.has_card else ""
    return Record(f"{form_mapping.RECORDS[record.name]} {number}", path)
