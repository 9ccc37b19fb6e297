"""Dates and times as people write them: `31.12.2026`, `12/31/2026 5:30 pm`, `5 мая 2026 г.`. Pure."""

from __future__ import annotations

import unicodedata
from datetime import datetime
from typing import Any

import re2

from traces.compose import countries

MAX_LENGTH = 60

_MONTHS = (
    ("january", "январь", "января"),
    ("february", "февраль", "февраля"),
    ("march", "март", "марта"),
    ("april", "апрель", "апреля"),
    ("may", "май", "мая"),
    ("june", "июнь", "июня"),
    ("july", "июль", "июля"),
    ("august", "август", "августа"),
    ("september", "сентябрь", "сентября"),
    ("october", "октябрь", "октября"),
    ("november", "ноябрь", "ноября"),
    ("december", "декабрь", "декабря"),
)
_TIME = r"(?:(?:\s*,\s*|[Tt]|\s+)(?:в\s+|at\s+)?(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:\.\d{1,9})?)?"
_TIME += r"\s*(?P<half>[AaPp][Mm])?\s*(?P<zone>Z|z|[+-]\d\d:?\d\d)?)?"
_YEAR_FIRST = re2.compile(r"(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})" + _TIME)
_YEAR_LAST = re2.compile(r"(?P<first>\d{1,2})(?P<sign>[-/.])(?P<other>\d{1,2})[-/.](?P<year>\d{4})" + _TIME)
_SHORT_YEAR = re2.compile(r"(?P<first>\d{1,2})(?P<sign>[./])(?P<other>\d{1,2})[./](?P<year>\d{2})" + _TIME)
_DAY_WORD = re2.compile(
    r"(?P<day>\d{1,2})(?:st|nd|rd|th)?\.?\s+(?P<word>\pL{3,10})\.?,?\s+(?P<year>\d{4})(?:\s*г\.?)?" + _TIME
)
_WORD_DAY = re2.compile(r"(?P<word>\pL{3,10})\.?\s+(?P<day>\d{1,2})(?:st|nd|rd|th)?,?\s+(?P<year>\d{4})" + _TIME)


def read(text: str, country: str, *, with_time: bool) -> str | None:
    """The date or, `with_time`, the date and time in ISO 8601; None if the text is none.

    A written time zone is kept.
    """
    plain = unicodedata.normalize("NFKC", text).strip() if len(text) <= MAX_LENGTH else ""
    for form in (_YEAR_FIRST, _YEAR_LAST, _SHORT_YEAR, _DAY_WORD, _WORD_DAY):
        if found := form.fullmatch(plain):
            return _iso(found.groupdict(), country, with_time=with_time)
    return None


def _iso(parts: dict[str, Any], country: str, *, with_time: bool) -> str | None:
    day, month = _day_and_month(parts, country)
    try:
        moment = datetime(_year(parts["year"]), month, day, _hour(parts), *_minutes(parts))
    except ValueError:
        return None
    if not with_time:
        return moment.date().isoformat()
    zone = (parts["zone"] or "").upper().replace("Z", "+00:00")
    return moment.isoformat() + (zone if ":" in zone or not zone else f"{zone[:3]}:{zone[3:]}")


# Of two digits: until the first it is of this century, from the second on of the last one; between them nobody knows.
_THIS_CENTURY, _LAST_CENTURY = 40, 50


def _year(text: str) -> int:
    """The year; 0, which no date has, where two digits may mean two."""
    year = int(text)
    if len(text) > 2:
        return year
    return 2000 + year if year <= _THIS_CENTURY else 1900 + year if year >= _LAST_CENTURY else 0


def _day_and_month(parts: dict[str, Any], country: str) -> tuple[int, int]:
    """Day and month; 0 for one that is none, which no date has."""
    if word := parts.get("word"):
        return int(parts["day"]), _month(word.lower())
    if "first" not in parts:
        return int(parts["day"]), int(parts["month"])
    first, other = int(parts["first"]), int(parts["other"])
    is_month_first = parts["sign"] != "." and countries.is_month_first(country)
    if first > 12 or other > 12:  # one of them can be a day only
        is_month_first = other > 12
    elif parts["sign"] != "." and not country and first != other:
        return 0, 0  # it can be read in two ways
    return (other, first) if is_month_first else (first, other)


def _month(word: str) -> int:
    """The month whose name begins so, 0 if none does; the word has three letters at least."""
    for number, names in enumerate(_MONTHS, start=1):
        if any(name.startswith(word) for name in names):
            return number
    return 0


def _hour(parts: dict[str, Any]) -> int:
    """The hour of a day; 24, which no day has, where a half of the day does not have it."""
    hour, half = int(parts["hour"] or 0), (parts["half"] or "").lower()
    if not half:
        return hour
    return hour % 12 + (12 if half == "pm" else 0) if 1 <= hour <= 12 else 24


def _minutes(parts: dict[str, Any]) -> tuple[int, int]:
    return int(parts["minute"] or 0), int(parts["second"] or 0)
