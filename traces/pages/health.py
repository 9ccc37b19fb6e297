"""The page "health": every check of the service and of the portal, with what to do."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from b24app.models import PortalEvent
from traces.monitoring import checks
from traces.pages.frame import Reader, render, view

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
    events = PortalEvent.objects.filter(member_id=reader.portal.member_id).order_by("-at", "-pk")[:MAX_EVENTS]
    context = {
        "deliveries": checks.of_portal(reader.portal),
        "service": checks.of_service(timezone.now()),
        "events": [{"at": event.at, "text": EVENTS.get(event.event, event.event)} for event in events],
    }
    return render(request, reader, "traces/health/page.html", context, page="health")


@view("GET", "POST")
def show_portal(request: HttpRequest, reader: Reader) -> HttpResponse:
    """The part of the page with the checks that ask the portal; a POST binds its events again before."""
    listed = checks.as_the_portal_says(reader.portal, bind=request.method == "POST")
    return render(request, reader, "traces/health/_checks.html", {"checks": listed})
