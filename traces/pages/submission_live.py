"""What has changed since the list of submissions was shown: how many are new, and how those under way have ended."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters

from traces.history import listing
from traces.models import Submission
from traces.pages import submissions
from traces.pages.frame import Reader, render, view
from traces.pages.submission_inputs import FilterInput, LiveInput


@sensitive_post_parameters("text")
@view("POST")
def show(request: HttpRequest, reader: Reader) -> HttpResponse:
    """The notice above the list, with the rows that are under way no more; 204 where nothing has changed."""
    asked, seen = FilterInput(reader.portal, request.POST), LiveInput(request.POST)
    if not (asked.is_valid() and seen.is_valid()):
        return HttpResponse(status=204)
    ids, known = seen.cleaned_data["way"], seen.cleaned_data["new"] or 0
    new = listing.newer_than(reader.portal, asked.filter(), seen.cleaned_data["first"]) if seen.is_counted else 0
    ended = []
    if ids:
        rows = Submission.objects.filter(portal=reader.portal, pk__in=ids).exclude(state__in=submissions.UNDER_WAY)
        ended = list(rows.select_related("form", "source"))
    if new == known and not ended:
        return HttpResponse(status=204)
    gone = {row.pk for row in ended}
    context = {
        **submissions.live_context(new, seen.cleaned_data["first"], [pk for pk in ids if pk not in gone]),
        "is_counted": seen.is_counted,
        "applied": asked.hidden_fields_of_others(),
        "ended": submissions.list_rows(reader.portal, ended, timezone.now()),
    }
    return render(request, reader, "traces/submissions/_live.html", context)
