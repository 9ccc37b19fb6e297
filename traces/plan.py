"""What is asked of the portal for one submission. Pure: the form's kind and the body in, commands out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

TRACE_ADD = "crm.tracking.trace.add"
ENTITY_TYPES = ("LEAD", "DEAL", "CONTACT", "COMPANY", "QUOTE")


@dataclass(frozen=True, slots=True)
class Command:
    """One REST method with its parameters."""

    method: str
    params: dict[str, Any]


def commands(kind: str, body: Mapping[str, Any], trace: str) -> list[Command]:
    """The commands for a submission of a form that creates `kind`, with the built TRACE text."""
    params: dict[str, Any] = {"TRACE": trace}
    if kind == "link":
        params["ENTITIES"] = entities(body)
    return [Command(TRACE_ADD, params)]


def entities(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The records to link, as the portal takes them: `[{"TYPE": "LEAD", "ID": 1}]`."""
    return [{"TYPE": entry["TYPE"], "ID": int(entry["ID"])} for entry in body.get("ENTITIES") or []]


def entities_fault(value: Any) -> str:
    """Why the portal would refuse these ENTITIES, in one sentence, or "" where it would not.

    It checks all of them before it stores anything, so one bad entry would cost the whole trace.
    """
    if not isinstance(value, list) or not value:
        return "ENTITIES must be a list with at least one record."
    for entry in value:
        if not isinstance(entry, dict) or entry.get("TYPE") not in ENTITY_TYPES:
            return f"Each of ENTITIES needs a TYPE, one of {', '.join(ENTITY_TYPES)}, in capital letters."
        number = entry.get("ID")
        digits = number if isinstance(number, str) else str(number) if type(number) is int else ""
        if not (digits.isascii() and digits.isdigit() and 0 < int(digits[:20]) < 2**63):
            return "Each of ENTITIES needs an ID, a whole number above 0."
    return ""
