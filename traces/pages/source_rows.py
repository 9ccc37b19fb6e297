"""The list of rules on the page "sources": each in words, how often it decided, and those that hold a text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from b24app.portal import crm_directory
from traces import sentences
from traces.history import rule_use
from traces.models import SourceRule
from traces.pages.frame import Reader
from traces.setup import known_values, rules

PAGE_ROWS = 50


@dataclass(frozen=True, slots=True)
class RuleRow:
    """A rule of the list; `up` and `down` are the positions beside it, 0 where there is none.

    `seen` and `given` are the rule in words, `whole` is the same with all its letters. `needs_name` is whether the
    CRM's name of its source is not known yet; `is_doubtful` whether its utm_source is not among the known ones.
    """

    rule: SourceRule
    seen: str
    given: str
    whole: str
    needs_name: bool
    is_doubtful: bool
    moves: bool
    up: int
    down: int
    count: int
    last_at: datetime | None


@dataclass(frozen=True, slots=True)
class Listed:
    """The rules that are shown, around a position or those that were `found`, and how many there are."""

    rows: Sequence[RuleRow]
    count: int
    place: int = 1
    earlier: int = 0
    later: int = 0
    found: int = 0

    @property
    def needs_names(self) -> bool:
        """Whether the CRM is to be asked what it calls its sources."""
        return any(row.needs_name for row in self.rows)


def around(reader: Reader, at: int) -> Listed:
    """The rules around the position `at`, `PAGE_ROWS` of them."""
    known = list(reader.portal.source_rules.all())
    count = len(known)
    first = (min(max(at, 1), max(count, 1)) - 1) // PAGE_ROWS * PAGE_ROWS
    return Listed(
        rows=_rows(reader, known[first : first + PAGE_ROWS], known),
        count=count,
        place=first + 1,
        earlier=max(first - PAGE_ROWS + 1, 0),
        later=first + PAGE_ROWS + 1 if first + PAGE_ROWS < count else 0,
    )


def holding(reader: Reader, text: str) -> Listed:
    """The rules that hold a text, in whatever part of them; the first `PAGE_ROWS` of them are shown."""
    known, names = list(reader.portal.source_rules.all()), crm_directory.known_crm_sources(reader.portal)
    found = [row for row in known if text.casefold() in _text(row, names).casefold()]
    return Listed(rows=_rows(reader, found[:PAGE_ROWS], known), count=len(known), found=len(found))


def _text(row: SourceRule, names: Mapping[str, str]) -> str:
    rule = row.rule()
    words = (sentences.seen(rule, whole=True), sentences.given(rule, names.get(row.crm_source, ""), whole=True))
    return " ".join((*words, row.crm_source, row.crm_description))


def _rows(reader: Reader, shown: Sequence[SourceRule], known: Iterable[SourceRule]) -> list[RuleRow]:
    movable = sum(not rules.is_default(row) for row in known)
    names = crm_directory.known_crm_sources(reader.portal)
    utm_sources = known_values.names(reader.portal.pk)
    uses = rule_use.of(reader.portal, [row.pk for row in shown])
    return [
        _row(row, movable, names, bool(known_values.doubt(row.utm_source, utm_sources)[0]), uses.get(row.pk))
        for row in shown
    ]


def _row(
    row: SourceRule, movable: int, names: Mapping[str, str], is_doubtful: bool, use: rule_use.Use | None
) -> RuleRow:
    moves, rule, name = not rules.is_default(row), row.rule(), names.get(row.crm_source, "")
    return RuleRow(
        rule=row,
        seen=sentences.seen(rule),
        given=sentences.given(rule, name),
        whole=f"{sentences.seen(rule, whole=True)} → {sentences.given(rule, name, whole=True)}",
        needs_name=bool(row.crm_source) and not names,
        is_doubtful=is_doubtful,
        moves=moves,
        up=row.position - 1 if moves and row.position > 1 else 0,
        down=row.position + 1 if moves and row.position < movable else 0,
        count=use.count if use else 0,
        last_at=use.last_at if use else None,
    )
