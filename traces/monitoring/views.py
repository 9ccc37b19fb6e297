"""The figures for a monitoring server."""

import hmac
from ipaddress import ip_address, ip_network

from django.conf import settings
from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from b24app.pace import addresses, wakeups
from traces.monitoring import metrics


@require_GET
def show_metrics(request: HttpRequest) -> HttpResponse:
    """The figures of all queues for a Prometheus server; they are the database's, so 503 while that is away."""
    if not _may_see(request):
        headers = {"WWW-Authenticate": "Bearer"}
        return HttpResponse("for the operator\n", status=401, content_type="text/plain", headers=headers)
    try:
        content, content_type = metrics.exposition(redis_up=wakeups.reachable())
    except DatabaseError:
        return HttpResponse("the database is away\n", status=503, content_type="text/plain")
    return HttpResponse(content, content_type=content_type)


def _may_see(request: HttpRequest) -> bool:
    """Whether the request shows the token, or comes from an allowed address without a proxy in between."""
    shown = request.headers.get("Authorization", "").encode()
    if settings.METRICS_TOKEN and hmac.compare_digest(shown, f"Bearer {settings.METRICS_TOKEN}".encode()):
        return True
    if addresses.is_passed_on(request):
        return False
    try:
        address = ip_address(request.META.get("REMOTE_ADDR", "").strip("[]"))
    except ValueError:
        return False
    return any(address in ip_network(allowed, strict=False) for allowed in settings.METRICS_ADDRESSES)
