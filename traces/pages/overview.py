"""The overview: whether all is well, in figures and pictures."""

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from traces.pages.frame import Reader, render, view


def page(request: HttpRequest, reader: Reader) -> HttpResponseBase:
    """The page itself, with which the application opens."""
    return render(request, reader, "traces/overview/page.html", page="overview")


show = view(viewers=True)(page)
