"""Opening the application in the portal: the one request that comes from the portal itself, proven by its token."""

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from b24app.portal import crm_directory, placements
from traces.pages import earnings, overview, start
from traces.pages.frame import Reader, may_see, opening, preferences, render


@opening
def app_page(request: HttpRequest, reader: Reader) -> HttpResponseBase:
    """The first page; opening it also heals a lost installation event and resumes a held queue."""
    if reader.is_admin:
        crm_directory.keep_mode(reader.portal)
    if not may_see(reader, viewers=True):
        return render(request, reader, "traces/not_allowed.html")
    if reader.is_admin and not preferences(reader.portal).welcomed:
        return start.page(request, reader)
    if reader.is_admin and request.POST.get("PLACEMENT") == placements.ANALYTICS:
        return earnings.page(request, reader)
    return overview.page(request, reader)
