"""Whether a form has gone silent, by its own rhythm. Pure.

A form on a shop's site gets something every hour, one on a lawyer's site something each week, and most get nothing at
the weekend. So a silence is compared with the form's own usual longest one.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

# How far a rhythm is looked back to from the last submission, and what is too little to learn one from.
HISTORY = timedelta(days=28)
MIN_HISTORY, MIN_TIMES = timedelta(days=14), 10
MIN_SILENCE = timedelta(days=2)
# A silence is told of once it is so many times the usual longest one.
FACTOR = 4
_WEEK = timedelta(days=7)


def longest_silence(times: Sequence[datetime]) -> timedelta | None:
    """Returns how long a form may be silent that got submissions at these `times`, the oldest first.

    None if there are too few to say. The usual longest silence is the median of the longest ones of each week, so
    that a holiday or a day of failure among them does not count.
    """
    if len(times) < MIN_TIMES or times[-1] - times[0] < MIN_HISTORY:
        return None
    by_week: dict[int, timedelta] = {}
    for before, after in pairwise(times):
        week = (times[-1] - after) // _WEEK
        by_week[week] = max(by_week.get(week, timedelta()), after - before)
    usual = timedelta(seconds=statistics.median(longest.total_seconds() for longest in by_week.values()))
    return max(FACTOR * usual, MIN_SILENCE)


def is_silent(times: Sequence[datetime], now: datetime) -> bool:
    """Whether the form's silence since the last of these times is longer than it may be."""
    longest = longest_silence(times)
    return longest is not None and now - times[-1] > longest
