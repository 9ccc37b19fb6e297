"""The way of one submission, as an operator's command and an administrator's page tell it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from b24app.api.batch import Command
from traces.compose import matching, sources, steps
from traces.compose.prepared import Prepared
from traces.models import Submission
from traces.setup import rulebook


@dataclass(frozen=True, slots=True)
class Explanation:
    """What becomes of a submission by the form and the rules as they are now.

    `repairs` are keys of `sentences.REPAIRS`, those of its arrival first; `rules` are empty where the portal finds the
    source by itself; `commands` are all from the beginning, as if nothing were there yet.
    """

    prepared: Prepared
    repairs: tuple[str, ...]
    rules: tuple[matching.Explained, ...]
    commands: tuple[Command, ...]

    @property
    def trace(self) -> str:
        """The trace as indented JSON."""
        return pretty(self.prepared.built)


def explain(row: Submission) -> Explanation:
    """The explanation of a submission that was not emptied; what cannot be prepared raises whatever stopped it."""
    rules = rulebook.load(row.portal_id)
    prepared = rules.prepare(row)
    repairs = tuple(dict.fromkeys([*row.repairs, *prepared.repairs]))
    return Explanation(prepared, repairs, matching.explain(rules.rules, prepared.facts), tuple(_commands(prepared)))


def pretty(value: Any) -> str:
    """A value as indented JSON, in its own letters."""
    return json.dumps(value, ensure_ascii=False, indent=2)


def asked(rule: sources.Rule) -> str:
    """What a rule looks for: `source equals "Fair"`."""
    return sources.in_words(rule)


def records(row: Submission, prepared: Prepared | None) -> list[Mapping[str, Any]]:
    """The records that a submission has become so far, as `{"TYPE": "LEAD", "ID": 1}`."""
    if row.state == Submission.State.DELIVERED or prepared is None:
        return list(row.entities)
    # Those that it is to be linked to were there before it.
    return list(steps.made(replace(prepared, entities=()), row.progress))


def _commands(prepared: Prepared) -> list[Command]:
    """Every step; a negative number stands for what the command with this place has made."""
    progress: dict[str, int] = {}
    commands: list[Command] = []
    while commands_of_step := steps.next_commands(prepared, progress):
        for name, command in commands_of_step.items():
            commands.append(command)
            progress[name] = 0 if steps.is_look_up(name) else -len(commands)
    return commands
