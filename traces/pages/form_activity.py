"""What came through a portal's forms lately: the list of the forms with their last fourteen days as small pictures."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from django.db.models import Count, OuterRef, Subquery, TextField
from django.db.models.functions import Cast, Substr
from django.utils import timezone

from b24app.models import Portal
from traces.models import Form, Submission
from traces.setup import forms

DAYS = 14
BAR, GAP, HEIGHT = 6, 2, 24


@dataclass(frozen=True, slots=True)
class Bar:
    """One day in the picture, in its units."""

    x: int
    y: int
    height: int


@dataclass(frozen=True, slots=True)
class Row:
    """A form in the list: `count` submissions in the last `DAYS` days, of which `bars` is the picture."""

    form: Form
    address: str
    count: int
    bars: tuple[Bar, ...]
    last: datetime | None


def rows(portal: Portal) -> list[Row]:
    """The portal's forms, those in use first; two queries, however many there are."""
    latest = Submission.objects.filter(form=OuterRef("pk")).order_by("-received_at").values("received_at")[:1]
    found = Form.objects.filter(portal=portal).annotate(last=Subquery(latest)).order_by("-active", "name", "pk")
    days = last_days()
    counted = _counts([form.pk for form in found], days[0])
    return [_row(form, [counted[form.pk].get(day.isoformat(), 0) for day in days]) for form in found]


def last_days() -> list[date]:
    """The last `DAYS` days (UTC, as the database keeps times), today at the end."""
    today = timezone.now().astimezone(UTC).date()
    return [today - timedelta(days=ago) for ago in range(DAYS - 1, -1, -1)]


def bars(counts: list[int]) -> tuple[Bar, ...]:
    """The picture of some days' counts; the highest bar has the whole `HEIGHT`, a day with anything at least 2."""
    most = max(counts, default=0)
    heights = [max(2, HEIGHT * count // most) if count else 0 for count in counts]
    return tuple(Bar(place * (BAR + GAP), HEIGHT - high, high) for place, high in enumerate(heights) if high)


def _row(form: Form, counts: list[int]) -> Row:
    last: datetime | None = form.last  # type: ignore[attr-defined]  # annotated above
    return Row(form, forms.address(form), sum(counts), bars(counts), last)


def _counts(ids: list[int], first: date) -> dict[int, dict[str, int]]:
    """How many came each day, by form and ISO date, read from one index.

    The day is the beginning of the time's text: Django's own TruncDate calls Python for every row of SQLite's.
    """
    since = datetime.combine(first, time.min, UTC)
    day = Substr(Cast("received_at", TextField()), 1, 10)
    found = (
        Submission.objects.filter(form__in=ids, received_at__gte=since)
        .annotate(day=day)
        .values("form", "day")
        .annotate(count=Count("*"))
        .order_by()
    )
    counted: dict[int, dict[str, int]] = defaultdict(dict)
    for row in found:
        counted[row["form"]][row["day"]] = row["count"]
    return counted
