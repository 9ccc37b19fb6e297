"""Opening the application in the portal: the one request that comes from the portal itself, proven by its token."""

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from b24app.frame import iframe, session
from b24app.portal import crm_directory, placements
from b24app.views import open_application
from traces.pages import earnings, overview, start
from traces.pages.frame import Reader, finish, may_see, preferences, render


@csrf_exempt  # a cross-site POST by design; it is proven by its token instead
@require_http_methods(["GET", "HEAD", "POST"])
def app_page(request: HttpRequest) -> HttpResponseBase:
    """The first page; opening it also heals a lost installation event and resumes a held queue."""
    proven = open_application(request)
    if isinstance(proven, HttpResponseBase):
        return proven
    opened = session.begin(proven, iframe.language(request.GET.get("LANG", "")))
    reader = Reader(proven.portal, opened)
    if reader.is_admin:
        crm_directory.keep_mode(reader.portal)
    with iframe.speaking(opened.language, opened.time_zone):
        response = finish(_first(request, reader), reader)
    iframe.guard(response, proven.portal, proven.origin)
    return response


def _first(request: HttpRequest, reader: Reader) -> HttpResponseBase:
    if not may_see(reader, viewers=True):
        return render(request, reader, "traces/not_allowed.html")
    if reader.is_admin and not preferences(reader.portal).welcomed:
        return start.page(request, reader)
    if reader.is_admin and request.POST.get("PLACEMENT") == placements.ANALYTICS:
        return earnings.page(request, reader)
    return overview.page(request, reader)
