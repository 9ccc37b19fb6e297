"""The page "what it earns": sources, campaigns and forms, the records that came of them, and what was won."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.forms import TypedChoiceField
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import formats, timezone
from django.utils.translation import gettext as _

from b24app.api import remedies
from b24app.api.remedies import Remedy
from b24app.models import Portal
from traces import sentences
from traces.history import crm_look, earnings, statistics
from traces.history.earnings import Earned, Earnings
from traces.models import CrmLook, CrmRecord
from traces.pages.frame import Reader, preferences, render, view
from traces.pages.inputs import PageInput
from traces.pages.numbers import grouped

DAYS = (30, 90, 365)
# Whoever has it looked at again at once learns nothing new.
LOOK_EVERY = timedelta(minutes=10)


class DaysInput(PageInput):
    """Over how many days the figures are to be shown."""

    days = TypedChoiceField(choices=[(days, days) for days in DAYS], coerce=int)


@dataclass(frozen=True, slots=True)
class Line:
    """A row as the page shows it; `width` is its bar's, in hundredths of the longest."""

    label: str
    records: str
    open: str
    won: str
    lost: str
    share: int
    money: Sequence[str]
    days: str
    width: int


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the page: its `name` for ids, its heading, what its rows are."""

    name: str
    title: str
    head: str
    lines: Sequence[Line]


def page(request: HttpRequest, reader: Reader, *, notice: str = "") -> HttpResponseBase:
    """The page itself, with a `notice` of what was done."""
    context = {"notice": notice, **_figures(reader.portal, _days(request))}
    return render(request, reader, "traces/earnings/page.html", context, page="earnings")


show = view()(page)


@view()
def show_figures(request: HttpRequest, reader: Reader) -> HttpResponse:
    """The figures over the days that were chosen."""
    return render(request, reader, "traces/earnings/_figures.html", _figures(reader.portal, _days(request)))


@view("POST")
def look_now(request: HttpRequest, reader: Reader) -> HttpResponseBase:
    """Have the CRM looked at without waiting for the night."""
    if not preferences(reader.portal).earnings:
        return page(request, reader)
    found = CrmLook.objects.filter(portal=reader.portal).first()
    if found and found.finished_at and found.finished_at > timezone.now() - LOOK_EVERY:
        return page(request, reader, notice=_("The CRM was read a few minutes ago. Try again in ten minutes."))
    crm_look.begin_now(reader.portal)
    return page(request, reader, notice=_("The update starts within a minute. The figures appear here by themselves."))


def _days(request: HttpRequest) -> int:
    typed = DaysInput(request.GET)
    return int(typed.cleaned_data["days"]) if typed.is_valid() else DAYS[1]


def _figures(portal: Portal, days: int) -> dict[str, Any]:
    context: dict[str, Any] = {"days": days, "choices": DAYS, "is_off": not preferences(portal).earnings}
    if context["is_off"]:
        return context
    found = CrmLook.objects.filter(portal=portal).first()
    context |= {"look": found, "remedy": _remedy(portal, found.code) if found and found.code else None}
    context["is_due"] = found is not None and bool(found.began_at or found.next_at <= timezone.now())
    earned = earnings.of(portal, statistics.beginning(statistics.last_days(days)[0]))
    context["is_empty"] = not earned.total.records
    if context["is_empty"]:
        return context | {"has_older": CrmRecord.objects.filter(portal=portal).exists()}
    return context | {"total": _line(_("All"), earned.total, earned, 1), "tables": _tables(earned)}


def _remedy(portal: Portal, code: str) -> Remedy:
    """Why the last try did not get on, and what to do."""
    if code == "no_rights":
        return Remedy(
            _("The administrator whose permission Trace Relay uses may not read leads or deals."),
            _("Grant this user the right to read them, or choose another administrator in the settings."),
        )
    known = remedies.of(code, portal.by_webhook)
    return known or Remedy(_("Bitrix24 did not respond as expected."), _("Trace Relay tries again within an hour."))


def _tables(earned: Earnings) -> list[Table]:
    sources = [(sentences.source_label(row.label), row) for row in earned.sources]
    campaigns = [(row.label or _("No campaign"), row) for row in earned.campaigns]
    forms = [(row.label or _("Deleted form"), row) for row in earned.forms]
    return [
        Table("sources", _("By source"), _("Source"), _lines(sources, earned)),
        Table("campaigns", _("By campaign"), _("Campaign"), _lines(campaigns, earned)),
        Table("forms", _("By form"), _("Form"), _lines(forms, earned)),
    ]


def _lines(rows: Sequence[tuple[str, Earned]], earned: Earnings) -> list[Line]:
    most = max((_measure(row, earned.currency) for _label, row in rows), default=Decimal(0))
    return [_line(_("Other") if row.key == 0 else label, row, earned, most) for label, row in rows]


def _measure(row: Earned, currency: str) -> Decimal:
    """What a bar shows: the money in the main currency."""
    return row.won_in(currency)


def _line(label: str, row: Earned, earned: Earnings, most: Decimal | int) -> Line:
    median = row.median_days
    return Line(
        label=label,
        records=grouped(row.records),
        open=grouped(row.open),
        won=grouped(row.won),
        lost=grouped(row.lost),
        share=row.share,
        money=[_amount(row.money[currency], currency) for currency in _ordered(row, earned.currency)],
        days="" if median is None else formats.number_format(median, 0 if median == int(median) else 1),
        width=int(100 * _measure(row, earned.currency) // most) if most else 0,
    )


def _ordered(row: Earned, first: str) -> list[str]:
    """The row's currencies, the main one first."""
    return sorted(
        (currency for currency, amount in row.money.items() if amount), key=lambda code: (code != first, code)
    )


def _amount(amount: Decimal, currency: str) -> str:
    """An amount with its currency; nobody needs the cents of thousands."""
    digits = 0 if amount == amount.to_integral() or amount >= 1000 else 2
    return f"{formats.number_format(amount, digits, use_l10n=True, force_grouping=True)} {currency}".strip()
