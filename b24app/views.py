"""The addresses that a portal and an operator's monitoring call: installation, events, OAuth, health."""

import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import TypeVar

from django.conf import settings
from django.contrib import admin
from django.db import Error as DatabaseError
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from b24app.api import errors, remedies
from b24app.frame import iframe
from b24app.pace import gates, wakeups
from b24app.portal import events as portal_events
from b24app.portal import install

logger = logging.getLogger(__name__)

Proven = TypeVar("Proven")


@csrf_exempt  # a cross-site POST by design; it is proven by its token instead
@require_http_methods(["GET", "HEAD", "POST"])
def install_page(request: HttpRequest) -> HttpResponse:
    """Where a portal sends an administrator who installs the application; the page finishes the installation."""
    opening = open_application(request)
    if isinstance(opening, HttpResponse):
        return opening
    context = {"portal": opening.portal, "is_admin": opening.is_admin}
    return iframe.page(request, "b24app/install.html", context, opening=opening)


def open_application(request: HttpRequest) -> install.Opening | HttpResponse:
    """The proven opening that a frame's POST makes, or the page to answer with instead."""
    if request.method != "POST":
        return iframe.page(request, "b24app/about.html")
    return _proven(request, lambda: install.open_frame(install.claim_of_frame(request.GET.dict(), request.POST.dict())))


def _proven(request: HttpRequest, prove: Callable[[], Proven]) -> Proven | HttpResponse:
    """What `prove` returns, or a page that says what is wrong and what to do."""
    gate = _gate(request)
    if seconds := gate.wait():
        return _too_many(request, seconds)
    try:
        proven = prove()
        gate.proved()
        return proven
    except install.NotAdministrator:
        gate.proved()
        problem, remedy, status = "not_administrator", None, 403
    except (errors.Stop, errors.Poison, errors.Moved) as error:
        problem, remedy, status = error.code, remedies.of(error.code, by_webhook=False), 403
    except (install.Unproven, install.Overtaken, errors.Refused, errors.OtherUser, errors.Renew) as error:
        logger.warning("an opening was not proven: %s", error.code if isinstance(error, errors.PortalError) else error)
        # An application without an ID recognises no opening as its own.
        problem, remedy, status = "unproven" if settings.B24_CLIENT_ID else "not_set_up", None, 403
    except errors.PortalError as error:
        logger.warning("a portal could not be asked: %s", error.code)
        problem, remedy, status = "unreachable", None, 503
    return iframe.page(request, "b24app/problem.html", {"problem": problem, "remedy": remedy}, status=status)


def _gate(request: HttpRequest) -> gates.Gate:
    return gates.Gate(request, "unproven", settings.UNPROVEN_PER_MINUTE)


def _too_many(request: HttpRequest, seconds: int) -> HttpResponse:
    context = {"problem": "too_many", "seconds": seconds}
    response = iframe.page(request, "b24app/problem.html", context, status=429)
    response["Retry-After"] = str(seconds)
    return response


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def events(request: HttpRequest) -> HttpResponse:
    """Events of the application's life. The portal ignores the answer, so it is for people's eyes only."""
    if request.method != "POST":
        return HttpResponse("Trace Relay takes a portal's events here.\n", content_type="text/plain")
    gate = _gate(request)
    if seconds := gate.wait():
        headers = {"Retry-After": str(seconds)}
        return HttpResponse("too many at the moment\n", status=429, content_type="text/plain", headers=headers)
    try:
        proven = portal_events.receive(request.POST.dict())
    except errors.PortalError as error:
        logger.warning("an event could not be proven now: %s", error.code)
        return HttpResponse("could not be checked now\n", status=503, content_type="text/plain")
    if not proven:
        return HttpResponse("not proven, nothing changed\n", status=403, content_type="text/plain")
    gate.proved()
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
def oauth_callback(request: HttpRequest) -> HttpResponse:
    """Where a portal's authorization page sends an administrator's browser with a code."""
    if request.method == "HEAD":  # Bitrix24's form for an application looks whether the address answers
        return iframe.page(request, "b24app/about.html")
    code = install.posted(request.GET.dict(), "code")
    if not code:
        return iframe.page(request, "b24app/problem.html", {"problem": "unproven"}, status=400)
    portal = _proven(request, lambda: install.connect_by_code(code, request.GET.get("server_domain", "")))
    if isinstance(portal, HttpResponse):
        return portal
    return iframe.page(request, "b24app/connected.html", {"portal": portal})


@require_http_methods(["GET", "HEAD", "POST"])
def operator_login(request: HttpRequest) -> HttpResponse:
    """The operator's login: to hash a password costs a part of a second, so that few are tried."""
    if request.method != "POST":
        return admin.site.login(request)
    gate = gates.Gate(request, "login", settings.LOGINS_PER_MINUTE)
    if seconds := gate.wait():
        return _too_many(request, seconds)
    response = admin.site.login(request)
    if response.status_code == HTTPStatus.FOUND:
        gate.proved()
    return response


@csrf_exempt
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """The process answers."""
    return JsonResponse({"status": "ok"})


@csrf_exempt
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Whether submissions can be taken: the database must answer; without Redis they are only delivered later."""
    redis = "ok" if wakeups.reachable() else "down"
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM b24app_portal LIMIT 1")
    except DatabaseError:
        return JsonResponse({"status": "unavailable", "database": "down", "redis": redis}, status=503)
    return JsonResponse({"status": "ok", "database": "ok", "redis": redis})
