"""The page "sources"."""

from django.http import HttpRequest, HttpResponse

from traces.pages.frame import Reader, render, view


@view()
def show(request: HttpRequest, reader: Reader) -> HttpResponse:
    """The page itself."""
    return render(request, reader, "traces/sources/page.html", page="sources")
