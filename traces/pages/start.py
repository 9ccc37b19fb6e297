"""The first run: the connection is checked, then a form is made, put on the site, and tried."""

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from traces.pages.frame import Reader, render, view


def page(request: HttpRequest, reader: Reader) -> HttpResponseBase:
    """The page itself, which is also the first one after the installation."""
    return render(request, reader, "traces/start/page.html")


show = view()(page)
