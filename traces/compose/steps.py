"""The commands that make a submission's records on the portal, step by step. Pure.

The commands of one step do not depend on each other and travel in one batch; the next step is known when their results
are. `progress` maps names to numbers and is stored with the submission after every batch, so that an interrupted one
continues after what is done: `trace`, `lead`, `deal`, `contact`, `company`, `quote` are the numbers of what was made,
`found_…` and `open_…` those of existing records (`traces.compose.existing`), `comment` that of the note in an existing
record's timeline, `unsure_…` marks what may have been made, `bound` is 1 when the deal has its company, `consent` is
the number of the visitor's consent in the portal's list, 0 if the portal has refused it. Source: the fact sheets
on TRACE and on CRM entities.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from b24app.api import errors
from b24app.api.batch import Answer, Command
from traces.compose import consent, existing
from traces.compose.records import BY_NAME, BY_TYPE, KINDS

if TYPE_CHECKING:
    from traces.compose.prepared import Prepared

TRACE_ADD = "crm.tracking.trace.add"
ORIGINATOR = "trace-relay"
# Commands that make something anew with each call: their numbers stand in the receipt.
MAKING = frozenset({"trace", "comment", consent.NAME, *BY_NAME})
# The records that a new one names; of a lead they were there before, and what is mapped has precedence.
_LINKED = {"lead": ("company", "contact"), "contact": ("company",), "deal": ("contact",)}
_LOOK_UPS = ("found_", "open_", "look_")

_ID = re.compile("[0-9]{1,18}")

Progress = Mapping[str, Any]


def next_commands(prepared: Prepared, progress: Progress) -> dict[str, Command]:
    """The commands of the next step, by the name under which their results go into the progress; none at the end."""
    if commands := _records(prepared, progress):
        return commands
    return consent.add(prepared.agreement, prepared.built.get("url", ""), progress, made(prepared, progress))


def _records(prepared: Prepared, progress: Progress) -> dict[str, Command]:
    """What is still to do of all that makes the records and the trace; none once they are there."""
    if commands := _unsure(prepared, progress) or existing.look_ups(prepared, progress):
        return commands
    if joined := existing.joined(prepared, progress):
        return _join(prepared, progress, *joined)
    if commands := _trace(prepared, progress):
        return commands
    for name in _to_make(prepared):
        if not _number(name, progress):
            return {name: Command(f"crm.{name}.add", {"fields": _fields(prepared, name, progress)})}
    if prepared.kind == "deal" and (company := _number("company", progress)) and not progress.get("bound"):
        # A company that is given at once would be linked to the trace as the contact with its number.
        params = {"id": progress["deal"], "fields": {"COMPANY_ID": company}}
        return {"bound": Command("crm.deal.update", params)}
    return {}


def methods(kind: str, repeats: str = existing.NEW) -> set[str]:
    """The methods that submissions of such a form usually need; `repeats` is what it does about known visitors."""
    needed = {f"crm.{name}.add" for name in KINDS[kind]} | existing.methods(kind, repeats)
    if kind == "deal":
        needed |= {TRACE_ADD, "crm.deal.update"}
    return needed or {TRACE_ADD}


def is_look_up(name: str) -> bool:
    """Whether a command of this name only reads."""
    return name.startswith(_LOOK_UPS)


def made(prepared: Prepared, progress: Progress) -> list[dict[str, Any]]:
    """The records that the submission made or was linked to, as `{"TYPE": "LEAD", "ID": 1}`."""
    joined = existing.joined(prepared, progress)
    numbers = [joined] if joined else [(name, _number(name, progress)) for name in KINDS[prepared.kind]]
    return [
        *map(dict, prepared.entities),
        *({"TYPE": BY_NAME[name].type, "ID": number} for name, number in numbers if number),
    ]


def after(progress: Progress, results: Mapping[str, int]) -> dict[str, Any]:
    """The progress with the results of a step."""
    now = dict(progress)
    for name, number in results.items():
        record = name.removeprefix("look_")
        if record == name:
            now[name] = int(number)
            if isinstance(number, existing.Found) and len(number.numbers) > 1:
                now[f"{name}_all"] = list(number.numbers)
        else:
            now.pop(f"unsure_{record}", None)
            if number:
                now[record] = number
    return now


def unsure(progress: Progress, names: Sequence[str]) -> dict[str, Any]:
    """The progress after a step whose answer was lost for good: what may have been made is looked for first."""
    return {**progress, **{f"unsure_{name}": 1 for name in names if name in BY_NAME and BY_NAME[name].has_origin}}


def key(number: int) -> str:
    """The key in a batch of the command with this number, from 0."""
    return f"c{number}"


def outcome(answer: Answer, key: str, command: Command) -> int | errors.PortalError:
    """The number that goes into the progress for the command with this key, or why there is none.

    It is the id of what the command made or of the first record that it found (0: none found), and 1 for an update.
    """
    if key in answer.errors:
        return answer.errors[key]
    if key not in answer.results:
        return errors.Transient("not_run")
    try:
        number = _READ.get(command.method.rpartition(".")[2], _new_id)(answer.results[key])
    except (AttributeError, IndexError, KeyError, TypeError, ValueError):
        number = None
    if number is None:
        return errors.Ambiguous("unreadable")
    return number


def entities(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The records to link, as the portal takes them: `[{"TYPE": "LEAD", "ID": 1}]`."""
    return [{"TYPE": entry["TYPE"], "ID": int(entry["ID"])} for entry in body.get("ENTITIES") or []]


def entities_fault(value: Any) -> str:
    """Why the portal would refuse these ENTITIES, in one sentence, or "" if it would not.

    It checks all of them before it stores anything, so one bad entry would cost the whole trace.
    """
    if not isinstance(value, list) or not value:
        return "ENTITIES must be a list with at least one record."
    for entry in value:
        if not isinstance(entry, dict) or entry.get("TYPE") not in BY_TYPE:
            return f"Each of ENTITIES needs a TYPE, one of {', '.join(BY_TYPE)}, in capital letters."
        number = entry.get("ID")
        digits = number if isinstance(number, str) else str(number) if type(number) is int else ""
        if not (digits.isascii() and digits.isdigit() and 0 < int(digits[:20]) < 2**63):
            return "Each of ENTITIES needs an ID, a whole number above 0."
    return ""


def _to_make(prepared: Prepared) -> list[str]:
    return [name for name in KINDS[prepared.kind] if name in prepared.records]


def _number(name: str, progress: Progress) -> int:
    """The number of a record that was made or, of a contact or a company, found; or 0."""
    number: int = progress.get(name, 0) or existing.found(name, progress)
    return number


def _unsure(prepared: Prepared, progress: Progress) -> dict[str, Command]:
    """Look for what may have been made by a call whose answer was lost."""
    origin = {"ORIGINATOR_ID": ORIGINATOR, "ORIGIN_ID": prepared.origin}
    params = {"filter": origin, "select": ["ID"], "start": -1}
    names = [name for name in KINDS[prepared.kind] if progress.get(f"unsure_{name}")]
    return {f"look_{name}": Command(f"crm.{name}.list", params) for name in names}


def _join(prepared: Prepared, progress: Progress, name: str, number: int) -> dict[str, Command]:
    """Link the trace to an existing record, and write what came into its timeline."""
    linked = [*map(dict, prepared.entities), {"TYPE": BY_NAME[name].type, "ID": number}]
    commands = {
        "trace": Command(TRACE_ADD, {"TRACE": prepared.trace, "ENTITIES": linked}),
        "comment": existing.comment(name, number, prepared.known.comment),
    }
    return {key: command for key, command in commands.items() if key not in progress}


def _trace(prepared: Prepared, progress: Progress) -> dict[str, Command]:
    """The trace first, where several records share it or there is none: existing ones are linked at once."""
    alone = len(KINDS[prepared.kind]) == 1 and not prepared.entities
    if alone or progress.get("trace"):
        return {}
    linked = [dict(entity) for entity in prepared.entities]
    for name in ("contact", "company"):
        if prepared.kind == "deal" and not progress.get(name) and (number := _number(name, progress)):
            linked.append({"TYPE": BY_NAME[name].type, "ID": number})
    params: dict[str, Any] = {"TRACE": prepared.trace}
    return {"trace": Command(TRACE_ADD, {**params, "ENTITIES": linked} if linked else params)}


def _fields(prepared: Prepared, name: str, progress: Progress) -> dict[str, Any]:
    fields = dict(prepared.records[name])
    if BY_NAME[name].has_origin:
        fields |= {"ORIGINATOR_ID": ORIGINATOR, "ORIGIN_ID": prepared.origin}
    if trace := progress.get("trace"):
        fields["TRACE"] = trace
    elif prepared.kind != "lead_utm":
        fields["TRACE"] = prepared.trace
    for other in _LINKED.get(name, ()):
        field = f"{other.upper()}_ID"
        if (number := _number(other, progress)) and (name != "lead" or field not in fields):
            fields[field] = number
    return fields


def _new_id(result: Any) -> int | None:
    """A number above 0. A text is one too: what a portal computes on the way may change the type."""
    number = int(result) if isinstance(result, str) and _ID.fullmatch(result) else result
    return number if type(number) is int and 0 < number < 2**63 else None


def _update_done(result: Any) -> int | None:
    return 1 if result in (True, "1", "true") else None


def _first_listed(result: Any) -> int | None:
    """The first of a list's records, whose numbers are texts."""
    if not isinstance(result, list):
        return None
    return int(result[0]["ID"]) if result else 0


def _duplicates(result: Any) -> existing.Found | None:
    """The records that were found: `{"CONTACT": [12, 19]}`, or an empty list."""
    if not isinstance(result, (dict, list)):
        return None
    found = next(iter(result.values()), ()) if isinstance(result, dict) else ()
    return existing.Found.of([int(number) for number in found])


# How the result of a method is read, by the last part of its name.
_READ: dict[str, Callable[[Any], int | None]] = {
    "update": _update_done,
    "list": _first_listed,
    "findbycomm": _duplicates,
}
