"""The page "health"."""

from django.http import HttpRequest, HttpResponse

from traces.pages.frame import Reader, render, view


@view()
def show(request: HttpRequest, reader: Reader) -> HttpResponse:
    """The page itself."""
    return render(request, reader, "traces/health/page.html", page="health")
