"""A portal's submissions as an administrator looks through them: what a filter matches, a page or a chunk at a time.

Newest first. A place in the list is a `Cursor`, so that the thousandth page costs what the first does, and what arrives
meanwhile moves nothing.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from b24app.models import Portal
from traces.compose import search
from traces.delivery import findable
from traces.models import Source, Submission

PAGE_ROWS = 50
CHUNK_ROWS = 500
# More than these are not counted: "more than 1,000" says enough, and costs little.
MAX_COUNTED = 1000


@dataclass(frozen=True, slots=True)
class Filter:
    """What a submission must be like; None and "" ask nothing. `until` is the first time that is too late.

    `reasons` are codes; without a state they are those of what was not delivered.
    """

    text: str = ""
    state: str = ""
    form_id: int | None = None
    reasons: Collection[str] = ()
    source: str | None = None
    medium: str | None = None
    campaign: str | None = None
    first_source: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in the list: just behind this submission, or just before it."""

    received_at: datetime
    id: uuid.UUID

    def __str__(self) -> str:
        return f"{self.received_at.isoformat()} {self.id}"

    @classmethod
    def read(cls, text: str) -> Cursor | None:
        """The cursor that was written as this text, or None."""
        time, _, number = text.partition(" ")
        try:
            received_at = datetime.fromisoformat(time)
            return cls(received_at, uuid.UUID(number)) if received_at.tzinfo else None
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class Page:
    """`rows` with their forms; where the pages before (`newer`) and behind (`older`) begin, None where there is none.

    `found` is how many match in all, at most `MAX_COUNTED` + 1; counted for the first page only.
    """

    rows: Sequence[Submission]
    newer: Cursor | None
    older: Cursor | None
    found: int | None


def matching(portal: Portal, wanted: Filter) -> QuerySet[Submission]:
    """What a filter matches, in no order."""
    asked = Q(portal=portal)
    asked &= findable.with_terms(portal.pk, search.wanted(wanted.text))
    if wanted.state:
        asked &= Q(state=wanted.state)
    if wanted.reasons:
        asked &= Q(code__in=wanted.reasons) & (Q() if wanted.state else Q(state=Submission.State.FAILED))
    if wanted.form_id is not None:
        asked &= Q(form=wanted.form_id)
    for name in search.CAME_BY:
        text = getattr(wanted, name)
        if text is not None:
            numbers = findable.source_numbers(portal.pk, text) if text else []
            # The index that holds them holds what has a source.
            asked &= Q((f"{name}__in", numbers), source__isnull=False) if text else Q((name, None))
    if wanted.since:
        asked &= Q(received_at__gte=wanted.since)
    if wanted.until:
        asked &= Q(received_at__lt=wanted.until)
    return Submission.objects.filter(asked)


def page(portal: Portal, wanted: Filter, *, after: Cursor | None = None, before: Cursor | None = None) -> Page:
    """The first page, or the one behind `after`, or the one before `before`.

    First the times alone, which stand in the index together with all that is looked for; then the rows of these times.
    """
    rows = matching(portal, wanted)
    found = None
    if before:
        ahead = rows.filter(received_at__gte=before.received_at).order_by("received_at")
        # The cursor's own time may have nothing more to give, and one row more tells whether there is another page.
        times = list(ahead.values_list("received_at", flat=True).distinct()[: PAGE_ROWS + 2])
    elif after:
        behind = rows.filter(received_at__lte=after.received_at).order_by("-received_at")
        times = list(behind.values_list("received_at", flat=True).distinct()[: PAGE_ROWS + 2])
    else:
        times = list(rows.order_by("-received_at").values_list("received_at", flat=True)[: MAX_COUNTED + 1])
        found = len(times)
    of_times = rows.filter(received_at__in=set(times[: PAGE_ROWS + 2])).select_related("form", "source")
    if before:
        shown = list(of_times.filter(_newer(before)).order_by("received_at", "id")[: PAGE_ROWS + 1])
    else:
        behind = of_times.filter(_older(after)) if after else of_times
        shown = list(behind.order_by("-received_at", "-id")[: PAGE_ROWS + 1])
    more = len(shown) > PAGE_ROWS
    shown = shown[:PAGE_ROWS]
    if before:
        shown.reverse()
    for row in shown:
        row.portal = portal
    if not shown:
        return Page([], None, None, found)
    first, last = _at(shown[0]), _at(shown[-1])
    if before:
        return Page(shown, first if more else None, last, found)
    return Page(shown, first if after else None, last if more else None, found)


def chunk(portal: Portal, wanted: Filter, after: Cursor | None = None) -> QuerySet[Submission]:
    """The next `CHUNK_ROWS` of all that a filter matches, in their order; the caller says what of them is read."""
    found = matching(portal, wanted)
    if after:
        found = found.filter(_older(after))
    return found.order_by("-received_at", "-id")[:CHUNK_ROWS]


def iterate(portal: Portal, wanted: Filter) -> Iterator[Submission]:
    """All that a filter matches, with their forms, read in chunks: memory stays the same however many they are."""
    after: Cursor | None = None
    while rows := list(chunk(portal, wanted, after).select_related("form", "source")):
        for row in rows:
            row.portal = portal
            yield row
        after = _at(rows[-1])


def recent(portal: Portal, rows: int = 2000) -> dict[str, list[str]]:
    """By what the newest delivered submissions came, by `search.CAME_BY`: the most frequent first, "" at the end."""
    delivered = Submission.objects.filter(portal=portal, source__isnull=False).order_by("-received_at")
    newest = list(delivered.values_list(*search.CAME_BY)[:rows])
    numbers = {pk for row in newest for pk in row if pk}
    texts = {source.pk: source.text for source in Source.objects.filter(pk__in=numbers)}
    found = {}
    for place, name in enumerate(search.CAME_BY):
        counts = Counter(texts.get(row[place] or 0, "") for row in newest)
        del counts[""]
        found[name] = [*sorted(counts, key=lambda text: (-counts[text], text)), ""]
    return found


def reasons(portal: Portal, rows: int = 300) -> list[str]:
    """The codes of the newest submissions that were not delivered, the most frequent first."""
    failed = Submission.objects.filter(portal=portal, state=Submission.State.FAILED).order_by("-received_at")
    return [code for code, _ in Counter(failed.values_list("code", flat=True)[:rows]).most_common()]


def newer_than(portal: Portal, wanted: Filter, place: Cursor | None) -> int:
    """How many that a filter matches have come since a place in the list, at most a page; all where it was empty."""
    rows = matching(portal, wanted)
    if place:
        rows = rows.filter(_newer(place))
    return len(rows.order_by("-received_at").values_list("received_at")[:PAGE_ROWS])


def neighbours(row: Submission, wanted: Filter | None = None) -> tuple[uuid.UUID | None, uuid.UUID | None]:
    """The ids of the next newer and next older submission that a filter matches; None at the end of the list."""
    others = matching(row.portal, wanted or Filter())
    newer = others.filter(_newer(_at(row))).order_by("received_at", "id").values_list("pk", flat=True)
    older = others.filter(_older(_at(row))).order_by("-received_at", "-id").values_list("pk", flat=True)
    return newer.first(), older.first()


def _at(row: Submission) -> Cursor:
    return Cursor(row.received_at, row.pk)


def _older(than: Cursor) -> Q:
    """Without an OR: for that SQLite would read all there is, and sort it."""
    return Q(received_at__lte=than.received_at) & ~Q(received_at=than.received_at, pk__gte=than.id)


def _newer(than: Cursor) -> Q:
    return Q(received_at__gte=than.received_at) & ~Q(received_at=than.received_at, pk__lte=than.id)
