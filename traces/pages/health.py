"""The page "health": every check of the service and of the portal, with what to do."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from b24app.models import PortalEvent
from b24app.portal.health import Check
from traces.history import statistics
from traces.monitoring import checks
from traces.pages import limits, overview
from traces.pages.frame import Reader, render, view
from traces.pages.numbers import grouped

MAX_EVENTS = 10
# The events of `b24app.portal.event_bindings.EVENTS`.
EVENTS: dict[str, Promise] = {
    "ONAPPINSTALL": gettext_lazy("Application installed"),
    "ONAPPUPDATE": gettext_lazy("Application updated"),
    "ONAPPUNINSTALL": gettext_lazy("Application removed"),
    "ONAPPPAYMENT": gettext_lazy("Application paid for"),
    "ONSUBSCRIPTIONRENEW": gettext_lazy("Subscription renewed"),
}


@view()
def show(request: HttpRequest, reader: Reader) -> HttpResponse:
    """The page itself; what the portal says is loaded into it (`show_portal`)."""
    portal = reader.portal
    events = PortalEvent.objects.filter(member_id=portal.member_id).order_by("-at", "-pk")[:MAX_EVENTS]
    used = limits.usage_of(portal, limits.kinds(portal))
    context = {
        "deliveries": _apart(checks.once(checks.of_portal(portal))),
        "service": _apart(checks.of_service(timezone.now())),
        "events": [{"at": event.at, "text": EVENTS.get(event.event, event.event)} for event in events],
        "waiting": grouped(statistics.waiting(portal)),
        "speed": limits.speed(portal),
        "limits": used,
        "is_near": bool(used and used.highest_percent > overview.MANY_PERCENT),
    }
    return render(request, reader, "traces/health/page.html", context, page="health")


@view("GET", "POST")
def show_portal(request: HttpRequest, reader: Reader) -> HttpResponse:
    """The part of the page with the checks that ask the portal; a POST binds its events again before."""
    answered = checks.as_the_portal_says(reader.portal, bind=request.method == "POST")
    shown = checks.once([*checks.of_portal(reader.portal), *answered])
    return render(request, reader, "traces/health/_checks.html", _apart([one for one in answered if one in shown]))


def _apart(found: list[Check]) -> dict[str, list[Check]]:
    """The checks that ask for something, the bad ones first, and those that are fine."""
    listed = [check for check in found if check.good is not True or check.todo]
    return {
        "listed": sorted(listed, key=lambda check: (check.good is not False, check.good is not None)),
        "fine": [check for check in found if check not in listed],
    }
