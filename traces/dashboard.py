"""The page inside the portal: what is connected, the forms, and the latest submissions."""

from django.conf import settings
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from b24app import iframe
from b24app.remedies import REMEDIES
from b24app.views import open_visit
from traces import metrics, sentences
from traces.models import Submission
from traces.views import shown_state

LATEST = 20


@csrf_exempt  # a cross-site POST by design; it is proven by its token instead
@require_http_methods(["GET", "HEAD", "POST"])
def app_page(request: HttpRequest) -> HttpResponse:
    """The application's page; opening it also heals a lost installation event and resumes a held queue."""
    visit = open_visit(request)
    if isinstance(visit, HttpResponse):
        return visit
    portal = visit.portal
    counts = metrics.states(Q(portal=portal))
    latest = Submission.objects.filter(portal=portal).select_related("form", "portal").order_by("-received_at")[:LATEST]
    context = {
        "portal": portal,
        "app_url": settings.APP_URL,
        "is_admin": visit.is_admin,
        "remedy": REMEDIES.get(portal.hold_code),
        "counts": [(sentences.STATES[state], state, counts[state]) for state in metrics.STATES],
        "forms": portal.forms.filter(active=True).order_by("name"),
        "latest": [(row, shown_state(row), sentences.STATES[shown_state(row)]) for row in latest],
    }
    return iframe.page(request, "traces/app.html", context, portal=portal)
