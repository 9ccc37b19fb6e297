"""What comes through a form while somebody sets its sender up: the page waits for it, and says what was recognised."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.forms import BooleanField
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from traces.compose.visitor import recognise
from traces.history import statistics
from traces.models import OWN_TEST, Form, Submission
from traces.pages import forms, submission, submissions
from traces.pages.frame import Reader, render, view
from traces.pages.inputs import NumberField, PageInput

# So long a page asks by itself.
MAX_WAIT = timedelta(minutes=10)
MAX_SECONDS = 10**10  # of the year 2286


class ArrivalInput(PageInput):
    """Since when (unix seconds) the page waits, and whether it says already that the connection works."""

    since = NumberField(required=False, min_value=0, max_value=MAX_SECONDS)
    probed = BooleanField(required=False)

    def since_or(self, now: datetime) -> datetime:
        """The time since when the page waits; `now` where it has only begun."""
        seconds = self.cleaned_data.get("since")
        return now.replace(microsecond=0) if seconds is None else datetime.fromtimestamp(seconds, UTC)


@view()
@forms.of_portal
def show(request: HttpRequest, reader: Reader, form: Form) -> HttpResponse:
    """The first request since the page waits; 204 where there is nothing new to say. The page asks again by itself."""
    now = timezone.now()
    typed = ArrivalInput(request.GET)
    typed.full_clean()
    since = typed.since_or(now)
    row = _first(form, since)
    probed = form.submissions.filter(state=Submission.State.TEST, received_at__gte=since).exists()
    is_over = now - since > MAX_WAIT
    is_new = row or is_over or "since" not in request.GET or probed != typed.cleaned_data.get("probed")
    if not is_new:
        return HttpResponse(status=204)
    earlier = form.submissions.filter(state__in=statistics.COUNTED, received_at__lt=since)
    context = {
        "form": form,
        "row": row,
        "sender": submissions.sender_name(row) if row else "",
        "recognised": _recognised(row) if row else "",
        "probed": probed,
        "is_over": is_over,
        "since": str(int(since.timestamp())),
        "has_earlier": not row and earlier.exists(),
    }
    return render(request, reader, "traces/forms/_arrival.html", context)


def _first(form: Form, since: datetime) -> Submission | None:
    """The first submission since then; neither a sender's probe nor a test of our own."""
    rows = form.submissions.filter(state__in=statistics.COUNTED, received_at__gte=since)
    return rows.exclude(sender=OWN_TEST).order_by("received_at").first()


def _recognised(row: Submission) -> str:
    """The labels of the visitor's fields that are known, each once."""
    return ", ".join(dict.fromkeys(label for label, _value in submission.recognised_fields(recognise(row.body))))
