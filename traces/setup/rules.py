"""Keeping a portal's source rules in their order: the page in the portal and the operator's command do the same.

The positions are 1, 2, 3 …; the default rule (`any`) is the last one, and the only one of its kind. Each change locks
the portal's row, so that two of them do not mix the order up.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from django.db.models import F

from b24app.host.transactions import writing
from b24app.models import Portal
from traces.compose import sources
from traces.models import SourceRule

MAX_RULES = 1000
# Why a change is rejected, besides the faults of a rule itself (`sources.FAULTS`).
SECOND_DEFAULT, TOO_MANY, GONE = "second_default", "too_many", "gone"


class RuleRejected(Exception):
    """The change was not made; `code` is one of `sources.FAULTS` or of the three above."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def add(portal: Portal, row: SourceRule, position: int | None = None) -> list[SourceRule]:
    """Store a new rule at a position (from 1), or at the end. Returns all rules; raises `RuleRejected`."""
    _check(row)
    with _ordered(portal) as rows:
        if len(rows) >= MAX_RULES:
            raise RuleRejected(TOO_MANY)
        _insert(portal, rows, row, position)
    return rows


def change(portal: Portal, row: SourceRule) -> list[SourceRule]:
    """Store a changed rule; one that became the default rule goes to the end.

    Returns all rules; raises `RuleRejected`.
    """
    _check(row)
    with _ordered(portal) as rows:
        place = _place_of(rows, row.pk)
        rows.pop(place)
        _insert(portal, rows, row, place + 1)
        row.position = 0  # is stored in any case
    return rows


def move(portal: Portal, pk: int, position: int) -> list[SourceRule]:
    """Give a rule another position (from 1); the default rule stays the last.

    Returns all rules; raises `RuleRejected`.
    """
    with _ordered(portal) as rows:
        _insert(portal, rows, rows.pop(_place_of(rows, pk)), position)
    return rows


def switch(portal: Portal, pk: int, *, active: bool) -> SourceRule:
    """Turn a rule on or off. Returns it; raises `RuleRejected`."""
    with _ordered(portal) as rows:
        row = rows[_place_of(rows, pk)]
        row.active = active
        row.save(update_fields=["active"])
    return row


def remove(portal: Portal, pk: int) -> list[SourceRule]:
    """Remove a rule. Returns those that are left; raises `RuleRejected`."""
    with _ordered(portal) as rows:
        rows.pop(_place_of(rows, pk)).delete()
    return rows


def put_back(portal: Portal, row: SourceRule) -> list[SourceRule]:
    """Put a rule that was removed back to its position, under its number. Returns all rules; raises `RuleRejected`."""
    with _ordered(portal) as rows:
        if all(other.pk != row.pk for other in rows):
            if len(rows) >= MAX_RULES:
                raise RuleRejected(TOO_MANY)
            _insert(portal, rows, row, row.position)
            row.position = 0  # is stored in any case
    return rows


def replace(portal: Portal, new: Sequence[SourceRule]) -> list[SourceRule]:
    """Put these rules in the place of all there are; a default rule becomes the last.

    One that looks for the same as a former one keeps its number, by which submissions know it. Returns them in their
    order; raises `RuleRejected`.
    """
    if len(new) > MAX_RULES:
        raise RuleRejected(TOO_MANY)
    if sum(is_default(row) for row in new) > 1:
        raise RuleRejected(SECOND_DEFAULT)
    for row in new:
        _check(row)
        row.portal = portal
    with _ordered(portal) as rows:
        former = {(row.field, row.operator, row.value): row.pk for row in reversed(rows)}
        for row in new:
            row.pk = row.pk or former.pop((row.field, row.operator, row.value), None)
        portal.source_rules.all().delete()
        rows[:] = sorted(new, key=is_default)
        for position, row in enumerate(rows, start=1):
            row.position = position
        SourceRule.objects.bulk_create(rows)
    return rows


def is_default(row: SourceRule) -> bool:
    """Whether a rule decides where no other one matches."""
    return row.field == sources.ANY


def _check(row: SourceRule) -> None:
    if fault := sources.fault(row.rule()):
        raise RuleRejected(fault)


def _insert(portal: Portal, rows: list[SourceRule], row: SourceRule, position: int | None) -> None:
    if is_default(row) and any(map(is_default, rows)):
        raise RuleRejected(SECOND_DEFAULT)
    row.portal = portal
    rows.insert(sources.place([other.rule() for other in rows], row.rule(), position), row)


def _place_of(rows: Iterable[SourceRule], pk: int | None) -> int:
    for place, row in enumerate(rows):
        if row.pk == pk:
            return place
    raise RuleRejected(GONE)


@contextmanager
def _ordered(portal: Portal) -> Iterator[list[SourceRule]]:
    """The rules in their order; as they are ordered within the block they are stored."""
    with writing():
        Portal.objects.select_for_update(no_key=True).filter(pk=portal.pk).values_list("pk", flat=True).first()
        rows = list(portal.source_rules.all())
        yield rows
        _save_positions(rows)


def _save_positions(rows: Sequence[SourceRule]) -> None:
    moved: dict[int, list[int]] = defaultdict(list)  # rules by how far they move: most of them alike
    for position, row in enumerate(rows, start=1):
        if row.pk is None or row.position == 0:
            row.position = position
            row.save()
        elif row.position != position:
            moved[position - row.position].append(row.pk)
            row.position = position
    for distance, ids in moved.items():
        SourceRule.objects.filter(pk__in=ids).update(position=F("position") + distance)
