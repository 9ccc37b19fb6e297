"""Who sent a submission: which of the submitted values are a name, a phone, an e-mail address and so on. Pure.

Every form builder and every website has its own names; `traces.compose.labels` knows them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from traces.compose.emails import EMAIL
from traces.compose.labels import address_parts, meaning_of
from traces.compose.recognition import Recognition
from traces.compose.submitted import HONEYPOT, submitted_values

__all__ = ["EMAIL", "HONEYPOT", "Visitor", "meaning_of", "recognise", "submitted_values"]


@dataclass(frozen=True, slots=True)
class Visitor:
    """What a submission says of its sender.

    `comments` are the message and, a line each, what was recognised and fits no field; `rest` is what was not
    recognised, by its submitted name; `repairs` are what was changed, as keys of `traces.sentences.REPAIRS`.
    """

    name: str = ""
    last_name: str = ""
    second_name: str = ""
    phones: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    company: str = ""
    comments: str = ""
    position: str = ""
    web: str = ""
    rest: tuple[tuple[str, str], ...] = ()
    repairs: tuple[str, ...] = ()

    @property
    def full_name(self) -> str:
        """First and last name."""
        return f"{self.name} {self.last_name}".strip()

    @property
    def goods(self) -> tuple[str, ...]:
        """What was ordered, a line each; it stands among the rest too."""
        return tuple(value for name, value in self.rest if meaning_of(name) == "goods")

    @property
    def consent(self) -> tuple[tuple[str, str], ...]:
        """What the visitor has agreed to, as (field, its text); it stands among the rest too."""
        return tuple((name, value) for name, value in self.rest if meaning_of(name) == "consent")


def recognise(body: Mapping[str, Any]) -> Visitor:
    """The visitor of a submission's body."""
    values = list(submitted_values(body))
    if not values:
        return Visitor()
    names = {name for name, _ in values}
    recognition = Recognition()
    for name, value in values:
        is_address = not names.isdisjoint(address_parts(name))
        recognition.take(name, value, "" if is_address else meaning_of(name))
    recognition.guess()
    person = recognition.person()
    return Visitor(
        name=person.first,
        last_name=person.last,
        second_name=person.second,
        phones=tuple(recognition.phones.values()),
        emails=tuple(recognition.emails.values()),
        company=recognition.single.get("company", ""),
        comments="\n".join([*recognition.messages, *recognition.lines]),
        position=recognition.single.get("position", ""),
        web=recognition.single.get("web", ""),
        rest=tuple(recognition.rest),
        repairs=tuple(recognition.repairs),
    )
