"""The rows of a batch: which of them may go out now, and which may travel together. Pure.

The portal replaces texts that look like references between commands, so a row that has one travels outside of a batch.
"""

from __future__ import annotations

import uuid
from collections import Counter
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


@dataclass(frozen=True, slots=True)
class Wait:
    """How long a method may not be called, and the code of the reason unless that is its speed."""

    seconds: float
    code: str = ""


# Until then what finds no room with others of its method lets rows with other methods go first.
CROWDED = Wait(1.0)


def split_blocked(items: Sequence[Item], blocked: Mapping[str, Wait]) -> tuple[list[Item], dict[Wait, list[uuid.UUID]]]:
    """Returns the rows that need no blocked method; and the others' ids by how long they wait, using up no try."""
    ready: list[Item] = []
    waiting: dict[Wait, list[uuid.UUID]] = {}
    for item in items:
        waits = [blocked[command.method] for command in item.commands.values() if command.method in blocked]
        if waits:
            waiting.setdefault(max(waits, key=lambda wait: wait.seconds), []).append(item.row.pk)
        else:
            ready.append(item)
    return ready, waiting


def together(items: Sequence[Item], max_commands: int) -> list[Item]:
    """The first of the rows, and all others that can travel with it, with this many commands in total.

    Of several rows by a visitor looked up in the CRM, only the first one goes: the next one then finds its records.
    """
    if not items:
        return []
    first = items[0]
    if not _can_travel(first):
        name, command = next(iter(first.commands.items()))
        return [Item(first.row, first.prepared, {name: command})]  # a plain call; the next step has the other commands
    chosen: list[Item] = []
    visitors: set[str] = set()
    for item in items:
        contacts = item.prepared.known.contacts
        if not _can_travel(item) or not visitors.isdisjoint(contacts):
            continue
        max_commands -= len(item.commands)
        if chosen and max_commands < 0:
            break
        chosen.append(item)
        visitors |= contacts
    return chosen


def fitting(items: Sequence[Item], room: Mapping[str, int]) -> list[Item]:
    """The rows that fit, the oldest first; `room` are the commands allowed for a limited method.

    If none fits with all its commands, the first that fits with some goes with these: its next step has the
    others.
    """
    needed = Counter(command.method for item in items for command in item.commands.values())
    if all(number <= room.get(method, number) for method, number in needed.items()):
        return list(items)
    left = dict(room)
    chosen: list[Item] = []
    for item in items:
        needed = Counter(command.method for command in item.commands.values())
        if all(number <= left.get(method, number) for method, number in needed.items()):
            chosen.append(item)
            left |= {method: left[method] - number for method, number in needed.items() if method in left}
    return chosen or [part for item in items if (part := _part(item, left)).commands][:1]


def _part(item: Item, room: Mapping[str, int]) -> Item:
    """The row with those of its commands that find room."""
    left, commands = dict(room), {}
    for name, command in item.commands.items():
        if left.get(command.method, 1) > 0:
            commands[name] = command
            left |= {command.method: left[command.method] - 1} if command.method in left else {}
    return Item(item.row, item.prepared, commands)


def _can_travel(item: Item) -> bool:
    return all(map(can_travel, item.commands.values()))
