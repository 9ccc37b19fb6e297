"""A visitor's existing records in the CRM: how to find them, and to which one a submission is added. Pure.

The progress of a submission (`traces.compose.steps`) has `found_contact_phone` and the like for the first record with
that phone or e-mail, with `…_all` for the numbers of several, and `open_lead`, `open_deal` for the newest one that is
still open; 0 if there is none. Source: the fact sheet on CRM entities, on crm.duplicate.findbycomm and the lists;
Bitrix24's documentation of STATUS_SEMANTIC_ID and STAGE_SEMANTIC_ID (`P`: still open) and of crm.timeline.comment.add.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from b24app.api.batch import Command
from traces.compose.phones import digits_of
from traces.compose.records import BY_NAME
from traces.compose.submitted import submitted_values

if TYPE_CHECKING:
    from traces.compose.prepared import Prepared

# What a form does about visitors whom the CRM knows (`traces.models.Repeats`).
NEW, FIND, JOIN = "new", "find", "join"
FIND_BY_COMM, COMMENT_ADD = "crm.duplicate.findbycomm", "crm.timeline.comment.add"
# What is looked for, by the kind of form; other kinds make what they make.
_LOOKED_FOR: Mapping[str, tuple[str, ...]] = {
    "lead": ("contact", "company"),
    "deal": ("contact", "company"),
    "contact": ("contact",),
    "company": ("company",),
}
# The kinds whose submissions can be added to what is still open, with the records in the order of preference.
_OPEN: Mapping[str, tuple[str, ...]] = {"lead": ("lead", "deal"), "deal": ("deal", "lead")}
_SEMANTIC = {"lead": "STATUS_SEMANTIC_ID", "deal": "STAGE_SEMANTIC_ID"}
_OWNERS = {"lead": "@ID", "deal": "@CONTACT_ID"}
_FOUND_AS = {"lead": "lead", "deal": "contact"}
_CHANNELS = ("phone", "email")
MAX_VALUES, MAX_COMMENT_LENGTH = 20, 60_000
# What the timeline would read as a mark-up of its own: `[b]`, `[/url]`, `[user=1]`.
_MARK_UP = re.compile(r"\[(?=[/*A-Za-z])")

Progress = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Known:
    """How a visitor is looked for in the CRM: by these phones and e-mails, as far as `repeats` says so.

    `comment` goes into the timeline of the record that the submission is added to.
    """

    repeats: str = NEW
    phones: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    comment: str = ""

    @property
    def contacts(self) -> frozenset[str]:
        """What identifies the same visitor in another submission: e-mails, and phones without extensions."""
        numbers = (digits_of(number.partition("#")[0]) for number in self.phones)
        return frozenset((*numbers, *map(str.casefold, self.emails)))


class Found(int):
    """The first record found, 0 if none; `numbers` are those of all."""

    numbers: tuple[int, ...]

    @classmethod
    def of(cls, numbers: Sequence[int]) -> Found:
        """What a look-up has found."""
        found = cls(numbers[0] if numbers else 0)
        found.numbers = tuple(numbers)
        return found


def repeats_of(kind: str) -> tuple[str, ...]:
    """What a form of this kind can do about visitors whom the CRM knows: some of `NEW`, `FIND` and `JOIN`."""
    return (NEW, *([FIND] if kind in _LOOKED_FOR else []), *([JOIN] if kind in _OPEN else []))


def methods(kind: str, repeats: str) -> set[str]:
    """The methods that submissions of such a form need besides those that make something."""
    if repeats == NEW or kind not in _LOOKED_FOR:
        return set()
    if kind not in _OPEN:
        return {FIND_BY_COMM, COMMENT_ADD}
    open_ones = {COMMENT_ADD, *(f"crm.{name}.list" for name in _OPEN[kind])}
    return {FIND_BY_COMM} | (open_ones if repeats == JOIN else set())


def look_ups(prepared: Prepared, progress: Progress) -> dict[str, Command]:
    """Ask for records with the same phone or e-mail, as far as they were not asked for; nothing once a trace exists."""
    if prepared.known.repeats == NEW or "trace" in progress or progress.get(prepared.kind):
        return {}
    commands = {}
    for name in _wanted(prepared, progress):
        for channel, values in zip(_CHANNELS, (prepared.known.phones, prepared.known.emails), strict=True):
            if values and f"found_{name}_{channel}" not in progress:
                params = {"type": channel.upper(), "values": list(values), "entity_type": BY_NAME[name].type}
                commands[f"found_{name}_{channel}"] = Command(FIND_BY_COMM, params)
    return commands or _open_ones(prepared, progress)


def found(name: str, progress: Progress) -> int:
    """The first contact or company that was found, or 0; what was found of leads may be closed."""
    if name not in _LOOKED_FOR["deal"]:
        return 0
    return next((number for channel in _CHANNELS if (number := progress.get(f"found_{name}_{channel}", 0))), 0)


def joined(prepared: Prepared, progress: Progress) -> tuple[str, int] | None:
    """The record that the submission is added to, as its name and number; None if a new one is made."""
    kind = prepared.kind
    if prepared.known.repeats == NEW or progress.get(kind):
        return None
    if kind in _OPEN:
        names = _OPEN[kind] if prepared.known.repeats == JOIN else ()
        return next(((name, number) for name in names if (number := progress.get(f"open_{name}"))), None)
    number = found(kind, progress) if kind in _LOOKED_FOR else 0
    return (kind, number) if number else None


def unjoined(prepared: Prepared, progress: Progress) -> dict[str, Any]:
    """The progress after the portal refused to add to a record, which may be gone: sent again, a new one is made."""
    record = joined(prepared, progress)
    if record is None or "comment" in progress:
        return dict(progress)
    gone = ("open_", f"found_{prepared.kind}_")
    return {name: number for name, number in progress.items() if not name.startswith(gone)}


def comment(name: str, number: int, text: str) -> Command:
    """The command that writes into a record's timeline."""
    fields = {"ENTITY_ID": number, "ENTITY_TYPE": name, "COMMENT": text}
    return Command(COMMENT_ADD, {"fields": fields})


def comment_text(form_name: str, page: str, body: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
    """The submission as a text for a record's timeline, and the repairs if it had to be cut."""
    lines = [form_name, page, *(f"{name}: {value}" for name, value in submitted_values(body))]
    text = _MARK_UP.sub("[\u200b", "\n".join(line for line in lines if line))
    return text[:MAX_COMMENT_LENGTH], ("value_shortened",) if len(text) > MAX_COMMENT_LENGTH else ()


def _wanted(prepared: Prepared, progress: Progress) -> list[str]:
    """The names of what is looked for; a deal's contact and company only where it would make one."""
    names = _LOOKED_FOR.get(prepared.kind, ())
    if prepared.kind == "deal":
        names = tuple(name for name in names if name in prepared.records and not progress.get(name))
    joins = prepared.known.repeats == JOIN and prepared.kind in _OPEN
    return [*(("lead",) if joins else ()), *names]


def _open_ones(prepared: Prepared, progress: Progress) -> dict[str, Command]:
    """Ask which of the found leads, and of the found contacts' deals, are still open; the newest one counts."""
    if prepared.known.repeats != JOIN or prepared.kind not in _OPEN:
        return {}
    commands = {}
    for name in _OPEN[prepared.kind]:
        numbers = _all_found(_FOUND_AS[name], progress)
        if numbers and f"open_{name}" not in progress:
            wanted = {_OWNERS[name]: numbers, _SEMANTIC[name]: "P"}
            params = {"filter": wanted, "order": {"ID": "DESC"}, "select": ["ID"], "start": -1}
            commands[f"open_{name}"] = Command(f"crm.{name}.list", params)
    return commands


def _all_found(name: str, progress: Progress) -> list[int]:
    numbers: list[int] = []
    for channel in _CHANNELS:
        first = progress.get(f"found_{name}_{channel}", 0)
        numbers += progress.get(f"found_{name}_{channel}_all") or ([first] if first else [])
    return list(dict.fromkeys(numbers))


def channels(
    phones: Collection[str], emails: Collection[str], records: Mapping[str, Mapping[str, Any]]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The phones and e-mails that existing records are found by: those recognised, and those that a mapping gives."""
    found = {"PHONE": list(phones), "EMAIL": list(emails)}
    for values in records.values():
        for field, texts in found.items():
            texts += (entry["VALUE"] for entry in values.get(field) or ())
    phone, email = (tuple(dict.fromkeys(texts))[:MAX_VALUES] for texts in found.values())
    return phone, email
