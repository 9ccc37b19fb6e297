"""Pictures of what came on some days, drawn in whole units so that they can be stretched. Pure.

The words stand beside a picture, not in it: they keep their size on a narrow screen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils import formats
from django.utils.translation import gettext as _

from traces.history.statistics import Day
from traces.pages.numbers import grouped

STEP, HEIGHT = 10, 1000
# A number that is not 0 can be seen, however small it is beside the others: in a chart, and in a sparkline.
MIN_HEIGHT, MIN_SPARK_HEIGHT = 12, 83
_STATES = ("delivered", "waiting", "failed")


@dataclass(frozen=True, slots=True)
class Bar:
    """A day's bar or a part of it, in the picture's units; `kind` is a class of the style sheet."""

    kind: str
    x: int
    y: int
    height: int


@dataclass(frozen=True, slots=True)
class Column:
    """A day: where it stands in the picture, what it is called, what came; `text` says all of it."""

    x: int
    label: str
    text: str
    bars: Sequence[Bar]
    delivered: str
    waiting: str
    failed: str


@dataclass(frozen=True, slots=True)
class Chart:
    """Days as stacked bars, `width` units wide; `text` says what it shows, `most` what its highest bar counts."""

    width: int
    height: int
    columns: Sequence[Column]
    text: str
    most: str

    @property
    def marks(self) -> Sequence[str]:
        """What stands below: the first day, the middle and the last."""
        return [self.columns[place].label for place in (0, len(self.columns) // 2, -1)]


@dataclass(frozen=True, slots=True)
class Sparkline:
    """Days as plain bars, without words; `count` is what they count together."""

    width: int
    height: int
    bars: Sequence[Bar]
    count: int


def of_days(days: Sequence[Day]) -> Chart:
    """The chart of some days, the last one at the right."""
    most = max((day.total for day in days), default=0)
    columns = [_column(place * STEP, day, most) for place, day in enumerate(days)]
    text = _("Submissions in %(days)s days. Delivered: %(delivered)s, queued: %(waiting)s, not delivered: %(failed)s.")
    numbers = {state: grouped(sum(getattr(day, state) for day in days)) for state in _STATES}
    return Chart(STEP * len(days), HEIGHT, columns, text % {"days": len(days), **numbers}, grouped(most))


def sparkline(counts: Sequence[int]) -> Sparkline:
    """The sparkline of some days' counts, the last one at the right."""
    most = max(counts, default=0)
    days = [_stack(place * STEP, {"bar": count}, most, MIN_SPARK_HEIGHT) for place, count in enumerate(counts)]
    return Sparkline(STEP * len(counts), HEIGHT, [bar for bars in days for bar in bars], sum(counts))


def _column(x: int, day: Day, most: int) -> Column:
    counts = {state: getattr(day, state) for state in _STATES}
    numbers = {state: grouped(count) for state, count in counts.items()}
    label = formats.date_format(day.day, "MONTH_DAY_FORMAT", use_l10n=True)
    text = _("%(day)s. Delivered: %(delivered)s, queued: %(waiting)s, not delivered: %(failed)s.")
    return Column(x, label, text % {"day": label, **numbers}, _stack(x, counts, most, MIN_HEIGHT), **numbers)


def _stack(x: int, counts: dict[str, int], most: int, min_height: int) -> list[Bar]:
    """A day's parts from the ground up, none of them where nothing came; a day of `most` has the whole height."""
    counts = {kind: count for kind, count in counts.items() if count}
    heights = [max(min_height, HEIGHT * count // most) for count in counts.values()]
    if over := max(0, sum(heights) - HEIGHT):
        heights[heights.index(max(heights))] -= over
    stacked, y = [], HEIGHT
    for kind, height in zip(counts, heights, strict=True):
        y -= height
        stacked.append(Bar(kind, x, y, height))
    return stacked
