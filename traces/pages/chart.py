"""Pictures of what came on some days, drawn in whole units so that they can be stretched. Pure.

The words stand beside a picture, not in it: they keep their size on a narrow screen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from django.utils import formats
from django.utils.translation import gettext as _

from traces.history.statistics import Day
from traces.pages.numbers import grouped

STEP, HEIGHT = 10, 1000
# A number that is not 0 can be seen, however small it is beside the others: in a chart, and in a sparkline.
MIN_HEIGHT, MIN_SPARK_HEIGHT = 12, 83
# Days that have their date below them.
MAX_MARKS = 7
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
    """A day: what it is called, what came, and its parts; `text` says all of it, `url` is "" where it leads nowhere.

    `mark` is what stands below it, the weekday and the date: not below every day where there are many, and on a narrow
    screen only where it `is_second` to none. `side` says to which side of the day there is room for words.
    """

    id: str
    label: str
    mark: tuple[str, str] | None
    is_second: bool
    side: str
    text: str
    bars: Sequence[Bar]
    delivered: str
    waiting: str
    failed: str
    url: str


@dataclass(frozen=True, slots=True)
class Chart:
    """Days as stacked bars, each drawn `width` units wide; `text` says what it shows.

    `lines` are the numbers at the lines behind it, from the highest down to the ground.
    """

    width: int
    height: int
    columns: Sequence[Column]
    text: str
    lines: Sequence[str]


@dataclass(frozen=True, slots=True)
class Sparkline:
    """Days as plain bars, without words; `count` is what they count together."""

    width: int
    height: int
    bars: Sequence[Bar]
    count: int


def of_days(days: Sequence[Day], url: Callable[[date], str] = lambda _day: "") -> Chart:
    """The chart of some days, the last one at the right; each leads to what `url` says."""
    half = half_of(max((day.total for day in days), default=0))
    columns = [_column(place, days, 2 * half, url) for place in range(len(days))]
    text = _("Submissions in %(days)s days. Delivered: %(delivered)s, queued: %(waiting)s, not delivered: %(failed)s.")
    numbers = {state: grouped(sum(getattr(day, state) for day in days)) for state in _STATES}
    lines = [grouped(2 * half), grouped(half), "0"]
    return Chart(STEP, HEIGHT, columns, text % {"days": len(days), **numbers}, lines)


def half_of(most: int) -> int:
    """The number at the line in the middle: a round one, twice of which is `most` or more."""
    half = max(1, -(-most // 2))
    unit = max(1, int("1" + "0" * (len(str(half)) - 1)) // 2)
    return -(-half // unit) * unit


def sparkline(counts: Sequence[int]) -> Sparkline:
    """The sparkline of some days' counts, the last one at the right."""
    most = max(counts, default=0)
    days = [_stack(place * STEP, {"bar": count}, most, MIN_SPARK_HEIGHT) for place, count in enumerate(counts)]
    return Sparkline(STEP * len(counts), HEIGHT, [bar for bars in days for bar in bars], sum(counts))


def _column(place: int, days: Sequence[Day], top: int, url: Callable[[date], str]) -> Column:
    day = days[place]
    counts = {state: getattr(day, state) for state in _STATES}
    numbers = {state: grouped(count) for state, count in counts.items()}
    label = formats.date_format(day.day, "D, j E")
    text = _("%(day)s. Delivered: %(delivered)s, queued: %(waiting)s, not delivered: %(failed)s.")
    marks, rest = divmod(len(days) - 1 - place, -(-len(days) // MAX_MARKS))
    return Column(
        id=f"day-{day.day.isoformat()}",
        label=label,
        mark=(formats.date_format(day.day, "D"), formats.date_format(day.day, "j E")) if not rest else None,
        is_second=marks % 2 == 1,
        side="start" if 3 * place < len(days) - 1 else "end" if 3 * place > 2 * (len(days) - 1) else "",
        text=text % {"day": label, **numbers},
        bars=_stack(0, counts, top, MIN_HEIGHT),
        **numbers,
        url=url(day.day),
    )


def _stack(x: int, counts: dict[str, int], most: int, min_height: int) -> list[Bar]:
    """A day's parts from the ground up, none of them where nothing came; `most` has the whole height."""
    counts = {kind: count for kind, count in counts.items() if count}
    heights = [max(min_height, HEIGHT * count // most) for count in counts.values()]
    if over := max(0, sum(heights) - HEIGHT):
        heights[heights.index(max(heights))] -= over
    stacked, y = [], HEIGHT
    for kind, height in zip(counts, heights, strict=True):
        y -= height
        stacked.append(Bar(kind, x, y, height))
    return stacked
