"""The figures for a monitoring server."""

from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from b24app.pace import wakeups
from traces.monitoring import metrics


@require_GET
def show_metrics(request: HttpRequest) -> HttpResponse:
    """The figures of all queues for a Prometheus server; they are the database's, so 503 while that is away."""
    try:
        content, content_type = metrics.exposition(redis_up=wakeups.reachable())
    except DatabaseError:
        return HttpResponse("the database is away\n", status=503, content_type="text/plain")
    return HttpResponse(content, content_type=content_type)
