"""What a submission is once its sender's shape is out of the way: a flat body, and what was learned beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol


class FileName(Protocol):
    """What is left of an uploaded file: the field that it came in, and its name."""

    @property
    def field(self) -> str: ...
    @property
    def filename(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Posted:
    """One submission, whoever sent it.

    `sender` is the key of the sender that claimed it, or "". `body` holds text or a list of texts by a readable key;
    `TRACE`, `ENTITIES` and `PAGES` stay as they came. `delivery_id` is the sender's own id of this delivery, or "".
    `answer` is the text that the sender wants to read, or "". `noise` holds the names of what was left out.
    `names` has the texts by the names that the sender gives them, but those of `secrets`.
    """

    sender: str
    body: dict[str, Any]
    delivery_id: str = ""
    is_probe: bool = False
    answer: str = ""
    form_id: str = ""
    form_name: str = ""
    repairs: tuple[str, ...] = ()
    noise: tuple[str, ...] = ()
    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)
    secrets: frozenset[str] = frozenset()


@dataclass(slots=True)
class Notes:
    """What is written down on the way, in order and without repetition: codes of repairs, names of noise."""

    repairs: dict[str, None] = field(default_factory=dict)
    noise: dict[str, None] = field(default_factory=dict)

    def note(self, repair: str) -> None:
        """Note a repair by its code."""
        self.repairs[repair] = None

    def drop(self, name: str) -> None:
        """Note the name of a value that is left out."""
        self.noise[name] = None


def word_list(text: str) -> list[str]:
    """The words of a table's row."""
    return text.split()


def word_set(text: str) -> frozenset[str]:
    """The words of a table's row, for looking them up."""
    return frozenset(text.split())
