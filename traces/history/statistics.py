"""The figures of a portal's submissions: how many a day, where they stand, and how long delivery takes.

One query for each, read from the indexes where that can be, so that 100,000 submissions cost little; the folding is
pure. A day is the reader's: it begins at midnight in the time zone that is active.
"""

from __future__ import annotations

import statistics
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import Any

from django.db.models import Count, QuerySet, TextField
from django.db.models.functions import Cast, Substr
from django.utils import timezone

from b24app.models import Portal
from traces.delivery import unmatched
from traces.models import KnownValue, Submission, Unmatched

State = Submission.State
# A sender's probe is no submission of a visitor's: it counts in no figure.
COUNTED = [state for state in State.values if state != State.TEST]
MAX_UNMATCHED = 10
# How many of the latest deliveries tell how long one takes.
MAX_DELIVERIES = 2000
# How much of a time's text is compared: `2026-11-23 10`, or `2026-11-23 10:15` where midnight is not at a full hour.
_HOUR, _MINUTE = 13, 16


@dataclass(slots=True)
class Day:
    """What came on one day, by where it stands now; what looks like spam is in none of the others."""

    day: date
    delivered: int = 0
    waiting: int = 0
    failed: int = 0
    spam: int = 0

    @property
    def total(self) -> int:
        """All but spam."""
        return self.delivered + self.waiting + self.failed

    @property
    def is_empty(self) -> bool:
        """Whether nothing came at all."""
        return not (self.total or self.spam)


@dataclass(frozen=True, slots=True)
class Speed:
    """Seconds from a submission's arrival to its delivery, of the latest `count` deliveries."""

    count: int
    median: float
    slowest: float


# What is counted, the beginning of the hour's text (UTC), how many.
Hours = Iterable[tuple[Any, str, int]]


def last_days(days: int) -> list[date]:
    """The reader's last `days` days, today at the end."""
    today = timezone.localdate()
    return [today - timedelta(days=ago) for ago in range(days - 1, -1, -1)]


def beginning(day: date) -> datetime:
    """When a day begins for the reader, in UTC."""
    return datetime.combine(day, time.min, timezone.get_current_timezone()).astimezone(UTC)


def by_day(portal: Portal, calendar: Sequence[date], form_id: int | None = None) -> list[Day]:
    """What came on each of these days, by one form or all, in one query."""
    rows = Submission.objects.filter(portal=portal, state__in=COUNTED, received_at__gte=beginning(calendar[0]))
    if calendar[-1] < timezone.localdate():
        rows = rows.filter(received_at__lt=beginning(calendar[-1] + timedelta(days=1)))
    if form_id is not None:
        rows = rows.filter(form=form_id)
    return fold(calendar, _beginnings(calendar), _hours(rows, "state", calendar))


def by_form(ids: Sequence[int], days: int) -> dict[int, list[int]]:
    """How many submissions came through these forms on each of the last days, today at the end, by the form's id."""
    calendar = last_days(days)
    rows = Submission.objects.filter(form__in=ids, state__in=COUNTED, received_at__gte=beginning(calendar[0]))
    beginnings = _beginnings(calendar)
    counts = {pk: [0] * days for pk in ids}
    for form, hour, number in _hours(rows, "form", calendar):
        counts[form][_place(beginnings, hour)] += number
    return counts


def fold(calendar: Sequence[date], beginnings: Sequence[str], hours: Hours) -> list[Day]:
    """Counts by state and UTC hour as days; `beginnings` are the hours with which the days begin, in their order."""
    days = [Day(day) for day in calendar]
    for state, hour, number in hours:
        day = days[_place(beginnings, hour)]
        if state == State.DELIVERED:
            day.delivered += number
        elif state == State.FAILED:
            day.failed += number
        elif state == State.SPAM:
            day.spam += number
        else:
            day.waiting += number
    return days


def _place(beginnings: Sequence[str], hour: str) -> int:
    """Which of the days an hour belongs to, 0 the first."""
    return max(bisect_right(beginnings, hour) - 1, 0)


def _digits(calendar: Sequence[date]) -> int:
    """How much of a time's text tells days apart: hours, where midnight is at a full hour of UTC on all of them."""
    return _HOUR if all(beginning(day).minute == 0 for day in calendar) else _MINUTE


def _beginnings(calendar: Sequence[date]) -> list[str]:
    digits = _digits(calendar)
    return [beginning(day).strftime("%Y-%m-%d %H:%M")[:digits] for day in calendar]


def _hours(rows: QuerySet[Submission], group: str, calendar: Sequence[date]) -> list[tuple[Any, str, int]]:
    """How many of the rows came in each hour, by the value of the field `group`.

    The hour is the beginning of the time's text, which both databases keep in UTC: Django's own TruncHour calls Python
    for every row of SQLite's.
    """
    hour = Substr(Cast("received_at", TextField()), 1, _digits(calendar))
    return list(rows.order_by().annotate(hour=hour).values_list(group, "hour").annotate(number=Count("*")))


def has_any(portal: Portal) -> bool:
    """Whether anything has ever come that counts."""
    return Submission.objects.filter(portal=portal, state__in=COUNTED).exists()


def waiting(portal: Portal) -> int:
    """How many are not delivered yet, on whatever day they came."""
    return Submission.objects.filter(portal=portal, state__in=[State.QUEUED, State.SENDING]).count()


def speed(portal: Portal) -> Speed | None:
    """How long the latest deliveries took; None where there was none."""
    rows = Submission.objects.filter(portal=portal, state=State.DELIVERED).order_by("-received_at")
    times = rows.values_list("received_at", "delivered_at")[:MAX_DELIVERIES]
    seconds = [max(0.0, (delivered - received).total_seconds()) for received, delivered in times if delivered]
    return Speed(len(seconds), statistics.median(seconds), max(seconds)) if seconds else None


def unmatched_of_week(portal: Portal, now: datetime) -> list[Unmatched]:
    """What came most often this week (UTC) and no rule took, without what Bitrix24 is known to know."""
    known = set(KnownValue.objects.filter(portal=portal).values_list("field", "value"))
    rows = Unmatched.objects.filter(portal=portal, week=unmatched.monday(now)).order_by("-count", "field", "pk")
    return list(islice((row for row in rows.iterator(100) if (row.field, row.value) not in known), MAX_UNMATCHED))
