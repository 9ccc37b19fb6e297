"""The picture of some days: a stacked bar for each, drawn in whole units so that the picture can be stretched. Pure.

The words stand beside the picture, not in it: they keep their size on a narrow screen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.utils import formats
from django.utils.translation import gettext as _

from traces.history.statistics import Day

STEP, GAP, HEIGHT = 10, 2, 1000
# A number that is not 0 can be seen, however small it is beside the others.
MIN_PARTS = 12


@dataclass(frozen=True, slots=True)
class Bar:
    """A part of a day's bar, in the picture's units; `kind` is a class of the style sheet."""

    kind: str
    y: int
    height: int


@dataclass(frozen=True, slots=True)
class Column:
    """A day: where it stands in the picture, what it is called, what came."""

    x: int
    label: str
    told: str
    bars: Sequence[Bar]
    delivered: str
    waiting: str
    failed: str


@dataclass(frozen=True, slots=True)
class Chart:
    """The picture, `width` units wide; `told` says what it shows, `most` what its highest bar counts."""

    width: int
    height: int
    columns: Sequence[Column]
    told: str
    most: str

    @property
    def marks(self) -> Sequence[str]:
        """What stands below: the first day, the middle and the last."""
        return [self.columns[place].label for place in (0, len(self.columns) // 2, -1)]


def of_days(days: Sequence[Day]) -> Chart:
    """The picture of some days, the last one at the right."""
    most = max((day.total for day in days), default=0)
    columns = [_column(place * STEP, day, most) for place, day in enumerate(days)]
    told = _("Submissions of %(days)s days. Delivered: %(delivered)s, waiting: %(waiting)s, not delivered: %(failed)s.")
    numbers = {name: _grouped(sum(getattr(day, name) for day in days)) for name in ("delivered", "waiting", "failed")}
    return Chart(STEP * len(days), HEIGHT, columns, told % {"days": len(days), **numbers}, _grouped(most))


def bars(day: Day, most: int) -> list[Bar]:
    """A day's bar from the ground up: delivered, waiting, failed; a day of `most` has the whole height."""
    counts = [(kind, count) for kind in ("delivered", "waiting", "failed") if (count := getattr(day, kind))]
    heights = [max(MIN_PARTS, HEIGHT * count // most) for _kind, count in counts]
    if over := max(0, sum(heights) - HEIGHT):
        heights[heights.index(max(heights))] -= over
    stacked, y = [], HEIGHT
    for (kind, _count), height in zip(counts, heights, strict=True):
        y -= height
        stacked.append(Bar(kind, y, height))
    return stacked


def _column(x: int, day: Day, most: int) -> Column:
    numbers = {name: _grouped(getattr(day, name)) for name in ("delivered", "waiting", "failed")}
    label = day_label(day.day)
    told = _("%(day)s. Delivered: %(delivered)s, waiting: %(waiting)s, not delivered: %(failed)s.")
    return Column(x, label, told % {"day": label, **numbers}, bars(day, most), **numbers)


def day_label(day: date) -> str:
    """A day as the reader writes it: November 23, 23 ноября."""
    return formats.date_format(day, "MONTH_DAY_FORMAT", use_l10n=True)


def _grouped(number: int) -> str:
    return formats.number_format(number, use_l10n=True, force_grouping=True)
