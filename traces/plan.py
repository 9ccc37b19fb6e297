"""What is asked of the portal for one submission. Pure: the form's kind and the body in, commands out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from b24app import errors
from b24app.batch import Answer, Command

TRACE_ADD = "crm.tracking.trace.add"
ENTITY_TYPES = ("LEAD", "DEAL", "CONTACT", "COMPANY", "QUOTE")


def commands(kind: str, body: Mapping[str, Any], trace: str) -> list[Command]:
    """The commands for a submission of a form that creates `kind`, with the built TRACE text."""
    params: dict[str, Any] = {"TRACE": trace}
    if kind == "link":
        params["ENTITIES"] = entities(body)
    return [Command(TRACE_ADD, params)]


def key(number: int) -> str:
    """The key in a batch of the command at this place, from 0."""
    return f"c{number}"


def outcome(answer: Answer, key: str) -> int | errors.PortalError:
    """The number that the portal gave to what the command made, or why there is none."""
    if key in answer.errors:
        return answer.errors[key]
    if key not in answer.results:
        return errors.Transient("not_run", "The portal did not run it.")
    made = answer.results[key]
    if type(made) is not int or not 0 < made < 2**63:
        return errors.Ambiguous("unreadable", "The portal's answer is not a trace's number.")
    return made


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
