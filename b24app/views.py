"""The addresses that a portal and an operator's monitoring call: installation, events, OAuth, health."""

import logging

from django.db import Error as DatabaseError
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods

from b24app import errors, iframe, install, wakeups
from b24app.remedies import REMEDIES

logger = logging.getLogger(__name__)


@csrf_exempt  # a cross-site POST by design; it is proven by its token instead
@require_http_methods(["GET", "HEAD", "POST"])
def install_page(request: HttpRequest) -> HttpResponse:
    """Where a portal sends an administrator who installs the application; the page finishes the installation."""
    return frame_page(request, "b24app/install.html")


def frame_page(request: HttpRequest, template: str) -> HttpResponse:
    """Prove the opening of a frame and answer with `template`, or with a page that says what is wrong."""
    visit = open_visit(request)
    if isinstance(visit, HttpResponse):
        return visit
    return iframe.page(request, template, {"portal": visit.portal, "is_admin": visit.is_admin}, portal=visit.portal)


def open_visit(request: HttpRequest) -> install.Visit | HttpResponse:
    """The proven visit that a frame's POST makes, or the page to answer with instead."""
    if request.method != "POST":
        return iframe.page(request, "b24app/about.html")
    try:
        return install.open_frame(install.claim_of_frame(request.GET.dict(), request.POST.dict()))
    except install.Unproven as error:
        logger.warning("an opening was not proven: %s", error.note)
        return iframe.page(request, "b24app/problem.html", {"problem": "unproven"}, status=403)
    except errors.Stop as error:
        remedy = REMEDIES.get(error.code)
        return iframe.page(request, "b24app/problem.html", {"problem": error.code, "remedy": remedy}, status=403)
    except errors.PortalError as error:
        logger.warning("a portal could not be asked: %s", error.code)
        return iframe.page(request, "b24app/problem.html", {"problem": "unreachable"}, status=503)


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def events(request: HttpRequest) -> HttpResponse:
    """Events of the application's life. The portal ignores the answer, so it is for people's eyes only."""
    if request.method != "POST":
        return HttpResponse("Trace Relay takes a portal's events here.\n", content_type="text/plain")
    try:
        proven = install.receive_event(request.POST.dict())
    except errors.PortalError as error:
        logger.warning("an event could not be proven now: %s", error.code)
        return HttpResponse("could not be checked now\n", status=503, content_type="text/plain")
    if not proven:
        return HttpResponse("not proven, nothing changed\n", status=403, content_type="text/plain")
    return HttpResponse("ok\n", content_type="text/plain")


@require_GET
def oauth_callback(request: HttpRequest) -> HttpResponse:
    """Where a portal's authorization page sends an administrator's browser with a code."""
    code = request.GET.get("code", "")
    if not code:
        return iframe.page(request, "b24app/problem.html", {"problem": "unproven"}, status=400)
    try:
        portal = install.connect_by_code(code, request.GET.get("server_domain", ""))
    except install.Unproven as error:
        logger.warning("an authorization was not proven: %s", error.note)
        return iframe.page(request, "b24app/problem.html", {"problem": "unproven"}, status=403)
    except (errors.Stop, errors.OtherUser, errors.Refused) as error:
        context = {"problem": "unproven", "remedy": REMEDIES.get(error.code)}
        return iframe.page(request, "b24app/problem.html", context, status=403)
    except errors.PortalError:
        return iframe.page(request, "b24app/problem.html", {"problem": "unreachable"}, status=503)
    return iframe.page(request, "b24app/connected.html", {"portal": portal})


@require_GET
def healthz(request: HttpRequest) -> JsonResponse:
    """The process answers."""
    return JsonResponse({"status": "ok"})


@require_GET
def readyz(request: HttpRequest) -> JsonResponse:
    """Whether submissions can be taken: the database must answer; without Redis they are only delivered later."""
    redis = "ok" if wakeups.reachable() else "down"
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM b24app_portal LIMIT 1")
    except DatabaseError:
        return JsonResponse({"status": "unavailable", "database": "down", "redis": redis}, status=503)
    return JsonResponse({"status": "ok", "database": "ok", "redis": redis})
