"""The overview's tables of where requests came from, with their trends; each row leads to its submissions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from b24app.models import Portal
from traces import sentences
from traces.history import attribution, statistics
from traces.history.attribution import FIRST_SOURCE, FORM, Attribution, Figure, Ranking
from traces.models import Submission
from traces.pages.numbers import grouped
from traces.pages.period_inputs import Period
from traces.pages.submission_inputs import NOT_KNOWN

# The tables by what they rank, in the order in which they stand: title, and head of the first column.
TABLES: dict[str, tuple[Promise, Promise]] = {
    "source": (gettext_lazy("Requests by source"), gettext_lazy("Source")),
    "campaign": (gettext_lazy("Requests by campaign"), gettext_lazy("Campaign")),
    "medium": (gettext_lazy("Requests by medium"), gettext_lazy("Medium")),
    FORM: (gettext_lazy("Requests by form"), gettext_lazy("Form")),
    FIRST_SOURCE: (gettext_lazy("First visit of returning visitors"), gettext_lazy("Source")),
}


@dataclass(frozen=True, slots=True)
class Row:
    """A row as it is shown: `kind` says what kind of name its label is, or "".

    `trend` is in words, `width` the bar's in hundredths, `url` "" where it leads nowhere.
    """

    label: str
    kind: str
    count: str
    percent: int
    trend: str
    before: str
    width: int
    url: str


@dataclass(frozen=True, slots=True)
class Table:
    """A ranking as it is shown."""

    name: str
    title: str | Promise
    head: str | Promise
    rows: Sequence[Row]


def of(portal: Portal, period: Period, links: bool) -> dict[str, Any]:
    """What the template shows: the tables, and the figures of the whole; links for administrators only."""
    since = statistics.beginning(period.calendar[0])
    until = None if period.is_up_to_now else statistics.beginning(period.calendar[-1] + timedelta(days=1))
    found = attribution.of(portal, since, until, period.form_id)

    def url(name: str, key: int | None) -> str:
        return list_url(period, **{name: NOT_KNOWN if key is None else key}) if links else ""

    direct_url = url("source", found.direct_keys[0]) if found.direct.count and found.direct_keys else ""
    names = [name for name in TABLES if name != FORM or period.form_id is None]
    tables = [_table(name, found, url) for name in names]
    return {
        "delivered": _whole(found, list_url(period) if links else "", direct_url),
        "tables": [table for table in tables if table.rows],
    }


def list_url(period: Period, **asked: Any) -> str:
    """The list of the delivered submissions of a period, with more asked for."""
    query = {**period.asked_of_list, "state": Submission.State.DELIVERED, **asked}
    return f"{reverse('submissions')}?{urlencode(query)}"


def day_url(period: Period, day: date) -> str:
    """The list of all that came on a day, by the period's form or all."""
    query = {**period.asked_of_list, "since": day.isoformat(), "until": day.isoformat()}
    return f"{reverse('submissions')}?{urlencode(query)}"


def trend(figure: Figure) -> str:
    """How a figure has changed since the former period: "+25 %", "0 %", "new", or "" where nothing ever came."""
    if figure.trend is None:
        return _("new") if figure.count else ""
    return f"{figure.trend:+d} %".replace("-", "−") if figure.trend else "0 %"


def _whole(found: Attribution, url: str, direct_url: str) -> dict[str, Any]:
    known_before = sum(line.count for line in found.rankings[FIRST_SOURCE].top)
    known_before += found.rankings[FIRST_SOURCE].others.count
    return {
        "number": grouped(found.total.count),
        "trend": trend(found.total),
        "before": grouped(found.total.former),
        "without_source": found.share_without_source,
        "url": url,
        "direct_url": direct_url,
        "known_before": grouped(known_before) if known_before else "",
        "any": bool(found.total.count or found.total.former),
    }


def _table(name: str, found: Attribution, url: Callable[[str, int | None], str]) -> Table:
    title, head = TABLES[name]
    ranking = found.rankings[name]
    labelled: list[tuple[tuple[str, str], Figure, str]] = [
        (_label(name, line.label), line, url(name, line.key)) for line in ranking.top
    ]
    if ranking.others.count or ranking.others.former:
        labelled.append(((_("Other"), ""), ranking.others, ""))
    if labelled and _shows_missing(name, ranking):
        labelled.append((_label(name, ""), ranking.missing, url(name, None)))
    most = max((figure.count for _text, figure, _url in labelled), default=0) or 1
    total = sum(figure.count for _text, figure, _url in labelled) or 1
    return Table(name, title, head, [_row(label, figure, most, total, to) for label, figure, to in labelled])


def _shows_missing(name: str, ranking: Ranking) -> bool:
    """Whether those without a value are a row; a first visit is told of those alone that have one."""
    return name != FIRST_SOURCE and bool(ranking.missing.count or ranking.missing.former)


def _label(name: str, text: str) -> tuple[str, str]:
    """What a row is called, and what kind of name that is."""
    if text and name in ("source", FIRST_SOURCE):
        return sentences.source_name(text)
    return (text if name == FORM else sentences.came_by_label(name, text)), ""


def _row(label: tuple[str, str], figure: Figure, most: int, total: int, url: str) -> Row:
    return Row(
        label=label[0],
        kind=label[1],
        count=grouped(figure.count),
        percent=round(100 * figure.count / total),
        trend=trend(figure),
        before=grouped(figure.former),
        width=100 * figure.count // most,
        url=url,
    )
