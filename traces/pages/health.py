"""The page "health": every check of the service and of the portal, with what to do."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from b24app import errors, health
from b24app.health import Check
from b24app.models import Portal, PortalEvent
from b24app.remedies import REMEDIES
from traces import condition
from traces.pages.frame import Reader, render, view

MOST_EVENTS = 10
# The events of `b24app.install.EVENTS`.
EVENTS: dict[str, Promise] = {
    "ONAPPINSTALL": gettext_lazy("The application was installed."),
    "ONAPPUPDATE": gettext_lazy("The application was updated."),
    "ONAPPUNINSTALL": gettext_lazy("The application was removed."),
    "ONAPPPAYMENT": gettext_lazy("The application was paid for."),
    "ONSUBSCRIPTIONRENEW": gettext_lazy("The subscription was renewed."),
}


@view()
def show(request: HttpRequest, reader: Reader) -> HttpResponse:
    """The page itself; what the portal says is loaded into it (`of_portal`)."""
    events = PortalEvent.objects.filter(member_id=reader.portal.member_id).order_by("-at", "-pk")[:MOST_EVENTS]
    context = {
        "deliveries": condition.of_portal(reader.portal),
        "service": condition.of_service(timezone.now()),
        "events": [{"at": event.at, "text": EVENTS.get(event.event, event.event)} for event in events],
    }
    return render(request, reader, "traces/health/page.html", context, page="health")


@view()
def of_portal(request: HttpRequest, reader: Reader) -> HttpResponse:
    """The part of the page with the checks that ask the portal."""
    checks = portal_checks(reader.portal)
    return render(request, reader, "traces/health/_checks.html", {"checks": checks})


def portal_checks(portal: Portal) -> list[Check]:
    """What the portal says when it is asked now; where it does not answer, that is the only check."""
    try:
        return health.checks(portal)
    except errors.PortalError as error:
        return [_no_answer(error)]


def _no_answer(error: errors.PortalError) -> Check:
    name = _("The portal answers")
    if isinstance(error, errors.Stop) and error.code in REMEDIES:
        remedy = REMEDIES[error.code]
        return Check(name, False, remedy.happened, remedy.todo)
    text = _("The portal gave no answer that can be used, so what it would say is not known now.")
    return Check(name, None, text, _("Check again in a minute. Submissions are taken and stored meanwhile."))
