"""The part "a visitor asks" of the settings: what is stored of one phone or e-mail, to be downloaded or deleted.

The contact is always posted, so that it stands in no address, and none of the answers has it in a title.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.translation import ngettext
from django.views.decorators.debug import sensitive_post_parameters

from traces.history import visitor_requests
from traces.pages import settings
from traces.pages.frame import Reader, render, view
from traces.pages.numbers import grouped
from traces.pages.settings_inputs import VisitorInput


@sensitive_post_parameters("contact")
@view("POST")
def find(request: HttpRequest, reader: Reader) -> HttpResponse:
    """How many submissions are the visitor's, and from when to when."""
    typed = VisitorInput(request.POST)
    if not typed.is_valid():
        return _part(request, reader, typed)
    found = visitor_requests.find(reader.portal, typed.cleaned_data["contact"])
    return _part(request, reader, typed, found=found)


@sensitive_post_parameters("contact")
@view("POST", asks_again=True)
def export(request: HttpRequest, reader: Reader) -> HttpResponseBase:
    """The visitor's submissions as a file."""
    typed = VisitorInput(request.POST)
    if not typed.is_valid():
        return _part(request, reader, typed)
    lines = visitor_requests.lines(reader.portal, typed.cleaned_data["contact"])
    response = StreamingHttpResponse(lines, content_type="application/x-ndjson; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="visitor-{timezone.localdate().isoformat()}.jsonl"'
    return response


@sensitive_post_parameters("contact")
@view("POST", asks_again=True)
def erase(request: HttpRequest, reader: Reader) -> HttpResponse:
    """Delete the visitor's submissions."""
    typed = VisitorInput(request.POST)
    if not typed.is_valid():
        return _part(request, reader, typed)
    erased = visitor_requests.erase(reader.portal, typed.cleaned_data["contact"])
    return settings.page(request, reader, _told(erased))


def _told(erased: visitor_requests.Erased) -> str:
    text = ngettext("%(count)s submission deleted.", "%(count)s submissions deleted.", erased.deleted)
    told = text % {"count": grouped(erased.deleted)}
    if not erased.left:
        return told
    text = ngettext(
        "%(count)s more is being sent right now and will be deleted afterwards.",
        "%(count)s more are being sent right now and will be deleted afterwards.",
        erased.left,
    )
    return f"{told} {text % {'count': grouped(erased.left)}}"


def _part(
    request: HttpRequest,
    reader: Reader,
    typed: VisitorInput,
    *,
    found: visitor_requests.Found | None = None,
) -> HttpResponse:
    context: dict[str, Any] = {"visitor": typed, "found": found}
    status = 422 if typed.errors else 200
    return render(request, reader, "traces/settings/_visitor.html", context, status=status)
