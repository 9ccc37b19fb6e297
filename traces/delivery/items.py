"""The rows of a batch: which of them may go out now, and which may travel together. Pure.

The portal replaces texts that look like references between commands, so a row that has one travels outside of a batch.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from b24app.api.batch import Command, can_travel
from traces.compose.prepared import Prepared
from traces.models import Submission


@dataclass(frozen=True, slots=True)
class Item:
    """One row of a batch, what is made of it, and the commands of its next step by their names."""

    row: Submission
    prepared: Prepared
    commands: Mapping[str, Command]


def split_blocked(
    items: Sequence[Item], blocked: Mapping[str, float]
) -> tuple[list[Item], dict[float, list[uuid.UUID]]]:
    """Returns the rows that need no blocked method; and the others' ids by the seconds to wait, using up no try."""
    ready: list[Item] = []
    waiting: dict[float, list[uuid.UUID]] = {}
    for item in items:
        wait = max((blocked.get(command.method, 0.0) for command in item.commands.values()), default=0.0)
        if wait:
            waiting.setdefault(wait, []).append(item.row.pk)
        else:
            ready.append(item)
    return ready, waiting


def together(items: list[Item], max_commands: int) -> list[Item]:
    """The first of the rows, and all others that may travel with it, of so many commands in all.

    Of rows by one visitor who is looked for in the CRM the first one goes, so that the next one finds what it has made.
    """
    if not items:
        return []
    first = items[0]
    if not _can_travel(first):
        name, command = next(iter(first.commands.items()))
        return [Item(first.row, first.prepared, {name: command})]  # a plain call; the next step has the other commands
    if first.row.isolated:
        return [first]
    chosen: list[Item] = []
    visitors: set[str] = set()
    for item in items:
        contacts = item.prepared.known.contacts
        if item.row.isolated or not _can_travel(item) or not visitors.isdisjoint(contacts):
            continue
        max_commands -= len(item.commands)
        if chosen and max_commands < 0:
            break
        chosen.append(item)
        visitors |= contacts
    return chosen


def _can_travel(item: Item) -> bool:
    return all(map(can_travel, item.commands.values()))
