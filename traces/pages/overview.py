"""The overview: whether all is well, in one line, and in figures and pictures.

Users who do not administer the portal may see it too: it shows no visitor's data, and to them no links to other pages.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.forms import TypedChoiceField
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from b24app.models import Portal
from b24app.pace import usage
from traces import sentences
from traces.compose import steps
from traces.history import statistics
from traces.models import Form
from traces.models.notices import announced_purge
from traces.monitoring import checks
from traces.pages import chart
from traces.pages.frame import Reader, render, view
from traces.pages.inputs import PageInput
from traces.pages.numbers import grouped
from traces.setup import quota, takeover

DAYS = (14, 90)


class DaysInput(PageInput):
    """Over how many days the figures are to be shown."""

    days = TypedChoiceField(choices=[(days, days) for days in DAYS], coerce=int)


@dataclass(frozen=True, slots=True)
class Line:
    """The first line: `badge` is a class of the style sheet, `page` the address' name of where there is more."""

    badge: str
    text: str
    todo: str = ""
    page: str = ""


def page(request: HttpRequest, reader: Reader, *, notice: str = "", trouble: str = "") -> HttpResponseBase:
    """The page itself, with which the application opens; with a `notice` of what was done, or what is in the way."""
    context = {"notice": notice, "trouble": trouble, **_whole(reader)}
    return render(
        request, reader, "traces/overview/page.html", context, page="overview", status=422 if trouble else 200
    )


show = view(viewers=True)(page)


@view(viewers=True)
def show_figures(request: HttpRequest, reader: Reader) -> HttpResponse:
    """All that changes by itself, over the days that were chosen; the page asks for it again and again."""
    typed = DaysInput(request.GET)
    days = typed.cleaned_data["days"] if typed.is_valid() else DAYS[0]
    return render(request, reader, "traces/overview/_figures.html", _figures(reader, days))


def _whole(reader: Reader) -> dict[str, Any]:
    # What came is a visitor's own text: for administrators only.
    rows = statistics.unmatched_of_week(reader.portal, timezone.now()) if reader.is_admin else []
    unmatched = [
        {"row": row, "field": sentences.RULE_FIELDS.get(row.field, row.field), "count": grouped(row.count)}
        for row in rows
    ]
    former = takeover.offered(reader.portal) if reader.is_admin else None
    purge = announced_purge(reader.portal, timezone.now())
    is_full = quota.waiting(reader.portal.pk).is_full
    return {
        "unmatched": unmatched,
        "former": former,
        "purge_at": purge,
        "is_full": is_full,
        **_figures(reader, DAYS[0]),
    }


def _figures(reader: Reader, days: int) -> dict[str, Any]:
    portal, now = reader.portal, timezone.now()
    kinds = set(Form.objects.filter(portal=portal).values_list("creates", "repeats").order_by().distinct())
    counted = statistics.by_day(portal, days)
    context: dict[str, Any] = {
        "line": _line(portal, counted[-1].failed, now),
        "has_forms": bool(kinds),
        "is_empty": all(day.is_empty for day in counted) and not statistics.has_any(portal),
        "days": days,
        "choices": DAYS,
    }
    if context["is_empty"]:
        return context
    spam = sum(day.spam for day in counted)
    return context | {
        "today": [
            {"name": _("Delivered today"), "number": grouped(counted[-1].delivered), "kind": "good"},
            {"name": _("Queued now"), "number": grouped(statistics.waiting(portal)), "kind": "wait"},
            {"name": _("Not delivered today"), "number": grouped(counted[-1].failed), "kind": "bad"},
        ],
        "spam": grouped(spam) if spam else "",
        "chart": chart.of_days(counted),
        "sources": _sources(portal, days),
        "speed": _speed(portal),
        "limits": _limits(portal, kinds),
    }


def _line(portal: Portal, failed: int, now: datetime) -> Line:
    """Whether all is well; the gravest trouble where it is not."""
    if check := checks.trouble(portal, now):
        return Line("bad", f"{check.name}: {check.happened}", str(check.todo), "health")
    if failed:
        text = ngettext(
            "%(count)s submission was not delivered today.", "%(count)s submissions were not delivered today.", failed
        )
        return Line("warn", text % {"count": grouped(failed)}, page="submissions")
    return Line("good", _("Everything is working."))


def _sources(portal: Portal, days: int) -> list[dict[str, Any]]:
    """The rows of the table: a source's words, its number, and its share in hundredths of the longest bar."""
    counted = statistics.sources(portal, days)
    rows = [(sentences.source_label(source.source), source.count) for source in counted.top]
    if counted.others:
        rows.append((_("Other"), counted.others))
    most = max((count for _label, count in rows), default=1)
    return [
        {
            "label": label,
            "count": grouped(count),
            "percent": round(100 * count / counted.total),
            "width": max(1, 100 * count // most),
        }
        for label, count in rows
    ]


def _speed(portal: Portal) -> dict[str, str] | None:
    speed = statistics.speed(portal)
    if speed is None:
        return None
    text = ngettext("Last delivery", "Last %(count)s deliveries", speed.count)
    return {
        "median": sentences.duration(speed.median),
        "slowest": sentences.duration(speed.slowest),
        "text": text % {"count": grouped(speed.count)} if speed.count > 1 else text,
    }


def _limits(portal: Portal, kinds: set[tuple[str, str]]) -> usage.Usage | None:
    """What the portal's forms use of its limits."""
    needed = {steps.TRACE_ADD}.union(*(steps.methods(kind, repeats) for kind, repeats in kinds))
    return usage.of(portal, sorted(needed))
