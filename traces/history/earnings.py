"""What the sources, the campaigns and the forms have earned, by what the last looks found (`traces.history.crm_look`).

A record counts on the day when its visitor came. A deal that came of a lead counts as won, lost or open in the lead's
place and is no record of its own; a lead that was converted without a deal counts as a record alone.
"""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Count, Q, Sum

from b24app.models import Portal
from traces.compose.crm_rows import DEAL, LOST, OPEN, WON
from traces.models import CrmRecord, Form, Source

# The rows of a table; what is behind them counts together.
MAX_ROWS = 12
_WON = Q(record=DEAL, semantic=WON)
_GROUP = ("source", "campaign", "form", "currency")


@dataclass(slots=True)
class Earned:
    """What one source, campaign or form has earned. `key` is its number, None where there is none.

    `money` is by currency, of won deals; `days` are those from the visitor to each of these.
    """

    key: int | None
    label: str = ""
    records: int = 0
    open: int = 0
    won: int = 0
    lost: int = 0
    money: dict[str, Decimal] = field(default_factory=dict)
    days: list[int] = field(default_factory=list)

    @property
    def median_days(self) -> float | None:
        """The days after which half of the deals were won; None where none was."""
        return statistics.median(self.days) if self.days else None

    @property
    def share(self) -> int:
        """The percent of the records that have won a deal."""
        return round(100 * self.won / self.records) if self.records else 0

    def won_in(self, currency: str) -> Decimal:
        """What was won in a currency."""
        return self.money.get(currency, Decimal(0))

    def add(self, other: Earned) -> None:
        """Count another's figures too."""
        self.records, self.open = self.records + other.records, self.open + other.open
        self.won, self.lost = self.won + other.won, self.lost + other.lost
        for currency, amount in other.money.items():
            self.money[currency] = self.won_in(currency) + amount
        self.days += other.days


@dataclass(frozen=True, slots=True)
class Earnings:
    """The whole, and its rows by source, campaign and form: those that earned most first, the others last.

    `currency` is the one that most deals were won in, by which the rows are compared.
    """

    total: Earned
    currency: str
    sources: Sequence[Earned]
    campaigns: Sequence[Earned]
    forms: Sequence[Earned]


def of(portal: Portal, since: datetime) -> Earnings:
    """What those records have earned whose visitors came `since` then. Two queries, and two for the labels."""
    groups = _groups(portal, since)
    total = _sum(None, [earned for _, earned in groups])
    in_currency: Counter[str] = Counter()
    for (*_, currency), earned in groups:
        in_currency[currency] += earned.won
    ((currency, _won),) = in_currency.most_common(1) or [("", 0)]
    tables = [_table(groups, place, currency) for place in range(3)]
    sources, campaigns, forms = tables
    _name([*sources, *campaigns], Source.objects.filter(portal=portal), "text")
    _name(forms, Form.objects.filter(portal=portal), "name")
    return Earnings(total, currency, sources, campaigns, forms)


Group = tuple[tuple[Any, ...], Earned]


def _groups(portal: Portal, since: datetime) -> list[Group]:
    """What was earned, by source, campaign, form and currency."""
    rows = CrmRecord.objects.filter(portal=portal, came_at__gte=since).order_by()
    figures = rows.values_list(*_GROUP).annotate(
        records=Count("pk", filter=Q(lead=None)),
        still_open=Count("pk", filter=Q(semantic=OPEN)),
        won=Count("pk", filter=_WON),
        lost=Count("pk", filter=Q(semantic=LOST)),
        money=Sum("amount", filter=_WON),
    )
    days: defaultdict[tuple[Any, ...], list[int]] = defaultdict(list)
    for *group, came_at, closed_on in rows.filter(_WON).values_list(*_GROUP, "came_at", "closed_on"):
        if closed_on:
            days[tuple(group)].append(_days(came_at, closed_on))
    return [
        (tuple(group), Earned(None, "", records, still_open, won, lost, _money(group[3], money), days[tuple(group)]))
        for *group, records, still_open, won, lost, money in figures
    ]


def _days(came_at: datetime, closed_on: date) -> int:
    return max(timedelta(0), closed_on - came_at.date()).days


def _money(currency: str, amount: Decimal | None) -> dict[str, Decimal]:
    return {currency: amount} if amount else {}


def _sum(key: int | None, parts: Iterable[Earned]) -> Earned:
    whole = Earned(key)
    for part in parts:
        whole.add(part)
    return whole


def _table(groups: Sequence[Group], place: int, currency: str) -> list[Earned]:
    """The rows by one of the things that groups are made by; behind `MAX_ROWS` one for all others, with the key 0."""
    parts: defaultdict[int | None, list[Earned]] = defaultdict(list)
    for group, earned in groups:
        parts[group[place]].append(earned)
    rows = [_sum(key, earned) for key, earned in parts.items()]
    rows.sort(key=lambda row: (-row.won_in(currency), -row.won, -row.records, row.key or 0))
    others = rows[MAX_ROWS:]
    return [*rows[:MAX_ROWS], _sum(0, others)] if others else rows


def _name(rows: Sequence[Earned], labels: Any, name: str) -> None:
    """Give the rows the text of their labels."""
    texts: Mapping[int, str] = dict(labels.filter(pk__in={row.key for row in rows if row.key}).values_list("pk", name))
    for row in rows:
        row.label = texts.get(row.key or 0, "")
