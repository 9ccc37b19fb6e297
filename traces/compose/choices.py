"""Which of a form's choices a submission matches, and so which records it becomes, where and whose. Pure.

The choices are tried in their order and the first that matches decides, as source rules are; they are compared as
these are, too (`matching`). A form without choices makes of each submission what its settings say.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from traces.compose import matching, sources
from traces.compose.records import KINDS
from traces.compose.sources import Facts, Rule
from traces.compose.submitted import NAMES, submitted_values

# What a choice looks at: a submitted field, which its `name` says, or what source rules look at.
SUBMITTED = "submitted"
FIELDS = (
    *(SUBMITTED, "page_path", "page_host", "utm_source", "utm_medium", "utm_campaign", "referrer"),
    *("form_name", "form_id", sources.CLICK_ID, sources.ANY),
)
MAX_CHOICES, MAX_PEOPLE, MAX_NAME_LENGTH, MAX_STAGE_LENGTH = 10, 10, 100, 50
MAX_USER_ID = 2**31 - 1
# Records that are linked were there before, so no choice is left.
_NOT_CHOSEN = ("link",)

# Why a choice cannot be stored, besides the faults of a source rule; in words in `traces.sentences`.
NAME_MISSING, NOTHING_CHOSEN, NO_STAGE, NO_PEOPLE = "name_missing", "nothing_chosen", "no_stage", "no_people"
TOO_MANY = "too_many"


@dataclass(frozen=True, slots=True)
class Choice:
    """Where `field` is as `operator` and `value` say, a submission gets the rest; an empty part changes nothing.

    `name` is that of the submitted field where `field` is `SUBMITTED`; `creates` is one of `KINDS`; `stage` is a lead's
    STATUS_ID or a deal's STAGE_ID, which tells the pipeline too; `people` are the portal's users who are responsible in
    turns.
    """

    field: str
    name: str = ""
    operator: str = sources.EQUALS
    value: str = ""
    creates: str = ""
    stage: str = ""
    people: tuple[int, ...] = ()

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Choice:
        """A choice as a form keeps it."""
        return cls(**{**stored, "people": tuple(stored.get("people") or ())})

    @property
    def rota(self) -> str:
        """The people as the form's rota counts them, so that choices with the same people share their turns."""
        return ",".join(map(str, self.people))

    @property
    def rule(self) -> Rule:
        """What is looked for, as a source rule; one on a submitted field looks at it as at a form's name."""
        field = "form_name" if self.field == SUBMITTED else self.field
        return Rule(0, field, self.operator, self.value, utm_source="-")


@dataclass(frozen=True, slots=True)
class Chosen:
    """The choice that a submission matches, by its `number` from 1, and the person whose turn it is (0: nobody's)."""

    number: int
    choice: Choice
    responsible: int = 0


def first(choices: Iterable[Choice], facts: Facts, body: Mapping[str, Any]) -> tuple[int, Choice] | None:
    """The first choice that a submission matches, with its number from 1."""
    for number, choice in enumerate(choices, start=1):
        if matching.agrees(choice.rule, _texts(choice, facts, body)):
            return number, choice
    return None


def responsible(choice: Choice, rota: Mapping[str, int], given: int = 0) -> int:
    """The person who is responsible by this choice, or 0; `given` is who was, for this submission, already.

    `rota` is how many turns the people have had together: the next one is whose it is.
    """
    if not choice.people:
        return 0
    return given if given in choice.people else choice.people[rota.get(choice.rota, 0) % len(choice.people)]


def fields_of(chosen: Chosen | None, record: str) -> dict[str, Any]:
    """The fields that a choice gives to a record; they come before the form's own."""
    if chosen is None:
        return {}
    fields: dict[str, Any] = {"ASSIGNED_BY_ID": chosen.responsible} if chosen.responsible else {}
    stage = chosen.choice.stage
    if stage and record == "lead":
        fields["STATUS_ID"] = stage
    if stage and record == "deal":
        fields |= {"CATEGORY_ID": pipeline_of(stage), "STAGE_ID": stage}
    return fields


def pipeline_of(stage: str) -> int:
    """The number of a deal stage's pipeline: `C3:NEW` is of 3, `NEW` of the first, whose number is 0."""
    head, colon, _name = stage.partition(":")
    number = head.removeprefix("C")
    return int(number) if colon and head.startswith("C") and number.isdecimal() else 0


def fault(choice: Choice, creates: str) -> str:
    """Why a choice cannot be stored with a form that `creates` this kind, or "" where it can.

    A code of `sources.FAULTS` or one of the four above.
    """
    if choice.field not in FIELDS:
        return sources.FIELD_UNKNOWN
    if choice.field == SUBMITTED and not choice.name.strip():
        return NAME_MISSING
    if not (choice.creates or choice.stage or choice.people):
        return NOTHING_CHOSEN
    if choice.creates in _NOT_CHOSEN or (choice.creates and choice.creates not in KINDS):
        return NOTHING_CHOSEN
    if choice.stage and _without_stage(choice, creates):
        return NO_STAGE
    if len(choice.people) > MAX_PEOPLE or not all(0 < person <= MAX_USER_ID for person in choice.people):
        return NO_PEOPLE
    return sources.fault(choice.rule)


def kinds(creates: str, choices: Sequence[Mapping[str, Any]]) -> frozenset[str]:
    """All kinds of which a form's submissions may become one, by its own and its choices as it keeps them."""
    return frozenset({creates, *(choice["creates"] for choice in choices if choice.get("creates"))})


def _without_stage(choice: Choice, creates: str) -> bool:
    """Whether what is made has no stages, or the stage is none."""
    has_stages = {"lead", "deal"} & set(KINDS.get(choice.creates or creates, ()))
    return not has_stages or len(choice.stage) > MAX_STAGE_LENGTH or not choice.stage.isprintable()


def _texts(choice: Choice, facts: Facts, body: Mapping[str, Any]) -> list[str]:
    """The texts that a choice is compared with."""
    if choice.field != SUBMITTED:
        return matching.texts(choice.field, facts)
    named = (body.get(NAMES) or {}).get(choice.name)
    found = [text for name, text in submitted_values(body) if name == choice.name]
    return found or ([str(text) for text in (named if isinstance(named, list) else [named]) if text])
