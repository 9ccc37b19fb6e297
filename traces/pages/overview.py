"""The overview: whether all is well, in one line, and in figures and pictures.

Users who do not administer the portal may see it too: it shows no visitor's data, and to them no links to other pages.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from b24app.models import Portal
from traces.history import statistics
from traces.models.notices import announced_purge
from traces.monitoring import checks
from traces.pages import attribution, chart, known, limits
from traces.pages.frame import Reader, render, view
from traces.pages.numbers import grouped
from traces.pages.period_inputs import Period, PeriodInput
from traces.setup import quota, takeover

# From here on the overview says how close the portal is to its limits; until then “Health” alone does.
MANY_PERCENT = 50


@dataclass(frozen=True, slots=True)
class Line:
    """The first line: `badge` is a class of the style sheet, `page` and `url` lead to where there is more."""

    badge: str
    text: str
    todo: str = ""
    page: str = ""
    url: str = ""


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
    asked = PeriodInput(reader.portal, request.GET)
    context = {"trouble": asked.trouble, **_figures(reader, asked.period())}
    return render(request, reader, "traces/overview/_figures.html", context)


def _whole(reader: Reader) -> dict[str, Any]:
    # What came is a visitor's own text: for administrators only.
    unmatched = known.unmatched_context(reader) if reader.is_admin else {}
    former = takeover.offered(reader.portal) if reader.is_admin else None
    purge = announced_purge(reader.portal, timezone.now())
    is_full = quota.waiting(reader.portal.pk).is_full
    return {
        **unmatched,
        "former": former,
        "purge_at": purge,
        "is_full": is_full,
        "period": PeriodInput(reader.portal),
        **_figures(reader, PeriodInput(reader.portal).period()),
    }


def _figures(reader: Reader, period: Period) -> dict[str, Any]:
    portal, now = reader.portal, timezone.now()
    kinds = limits.kinds(portal)
    counted = statistics.by_day(portal, period.calendar, period.form_id)
    today = counted[-1] if period.is_up_to_now and not period.form_id else _today(portal)
    context: dict[str, Any] = {
        "line": _line(portal, today.failed, now),
        "has_forms": bool(kinds),
        "is_empty": all(day.is_empty for day in counted) and not statistics.has_any(portal),
        "query": period.query,
        "days": len(period.calendar),
    }
    if context["is_empty"]:
        return context
    spam = sum(day.spam for day in counted)
    used = limits.usage_of(portal, kinds)
    return context | {
        "today": _of_today(portal, today, reader.is_admin),
        "spam": grouped(spam) if spam else "",
        "chart": chart.of_days(counted, lambda day: attribution.day_url(period, day) if reader.is_admin else ""),
        "speed": limits.speed(portal),
        "limits": used if used and used.highest_percent > MANY_PERCENT else None,
        **attribution.of(portal, period, links=reader.is_admin),
    }


def _today(portal: Portal) -> statistics.Day:
    return statistics.by_day(portal, statistics.last_days(1))[0]


def _of_today(portal: Portal, today: statistics.Day, links: bool) -> list[dict[str, str]]:
    """The figures of this day; what is queued only where something is."""
    day = today.day.isoformat()
    waiting = statistics.waiting(portal)
    figures = [
        (_("Delivered today"), today.delivered, "good", {"state": "delivered", "since": day, "until": day}),
        (_("Not delivered today"), today.failed, "bad", {"state": "failed", "since": day, "until": day}),
    ]
    if waiting:
        figures.append((_("Queued now"), waiting, "wait", {"state": "queued"}))
    return [
        {
            "name": name,
            "number": grouped(number),
            "kind": kind,
            "url": _list_url(asked) if links else "",
        }
        for name, number, kind, asked in figures
    ]


def _list_url(asked: dict[str, str]) -> str:
    return f"{reverse('submissions')}?{urlencode(asked)}"


def _line(portal: Portal, failed: int, now: datetime) -> Line:
    """Whether all is well; the gravest trouble where it is not."""
    if check := checks.trouble(portal, now):
        return Line("bad", f"{check.name}: {check.happened}", str(check.todo), "health", reverse("health"))
    if failed:
        text = ngettext(
            "%(count)s submission was not delivered today.", "%(count)s submissions were not delivered today.", failed
        )
        day = timezone.localdate().isoformat()
        url = _list_url({"state": "failed", "since": day, "until": day})
        return Line("warn", text % {"count": grouped(failed)}, page="submissions", url=url)
    return Line("good", _("Everything is working."))
