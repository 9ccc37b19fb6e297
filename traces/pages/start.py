"""The first run: the connection is checked, then a form is made, put on the site, and tried."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _

from b24app.host.transactions import in_line
from traces import sentences
from traces.delivery import wake
from traces.intake import accept
from traces.models import Form, Kind, Preferences, Submission
from traces.monitoring import checks, notices
from traces.pages import form_input, overview, submission, submissions
from traces.pages.form_input import Input
from traces.pages.frame import Reader, render, view
from traces.setup import forms
from traces.setup.embed import codes

# After so long a test submission is told to take longer than usual, and looked at less often; then no more.
LONG, TOO_LONG = timedelta(seconds=20), timedelta(minutes=10)
TAG = "trace-relay-test"


def page(
    request: HttpRequest,
    reader: Reader,
    *,
    form: Form | None = None,
    secret: str = "",
    given: Input | None = None,
) -> HttpResponseBase:
    """The page itself, which is also the first one after the installation; `secret` of a form just made."""
    known = Form.objects.filter(portal=reader.portal, active=True).order_by("-created_at", "-pk")
    form = form or known.first()
    context: dict[str, Any] = {"given": given or Input({"name": _("Website"), "creates": Kind.LEAD}), "form": form}
    if form:
        # A second click on the same button is no second submission.
        context |= {"can_test": form.creates != Kind.LINK, "once": uuid.uuid4(), **codes(form, secret)}
    status = 422 if given else 200
    return render(request, reader, "traces/start/page.html", context, status=status)


show = view()(page)


@view("GET", "POST")
def connection(request: HttpRequest, reader: Reader) -> HttpResponse:
    """The part of the page that says whether the connection is well; a POST binds the portal's events again before."""
    said = checks.as_the_portal_says(reader.portal, bind=request.method == "POST")
    ours = checks.of_portal(reader.portal)
    bad = [check for check in said if not check.good] + [check for check in ours if check.good is False]
    context = {"checks": [*said, *ours], "bad": bad}
    return render(request, reader, "traces/start/_checks.html", context)


@view("POST")
def make(request: HttpRequest, reader: Reader) -> HttpResponseBase:
    """Make the first form."""
    given = form_input.read_new(request.POST)
    if given.errors:
        return page(request, reader, given=given)
    with in_line():
        form, secret = forms.make(reader.portal, honeypot=True, **given.facts)
    return page(request, reader, form=form, secret=secret)


@view("POST")
def test(request: HttpRequest, reader: Reader) -> HttpResponse:
    """Send a test submission by the road that all take, and begin to watch it."""
    text = request.POST.get("form", "")
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
    form = Form.objects.filter(portal=reader.portal, pk=number, active=True).exclude(creates=Kind.LINK).first()
    if form is None:
        return render(request, reader, "traces/missing.html", status=404)
    fields = {
        "name": _("Trace Relay test"),
        "comments": _("A test of Trace Relay. You may delete this record."),
        "page_url": f"https://{reader.portal.domain}/?utm_source={TAG}",
    }
    key = request.POST.get("once", "")[:36]
    accepted = accept.accept(form, fields, json.dumps(fields).encode(), key=key, trusted=False)
    wake.wake(reader.portal.pk)
    return _watch(request, reader, accepted.submission)


@view()
def watch(request: HttpRequest, reader: Reader, submission_id: uuid.UUID) -> HttpResponse:
    """How far the test submission has come; asks again by itself until it has ended."""
    row = Submission.objects.filter(portal=reader.portal, pk=submission_id).select_related("form").first()
    if row is None:
        return render(request, reader, "traces/missing.html", status=404)
    row.portal = reader.portal
    return _watch(request, reader, row)


@view("POST")
def finish(request: HttpRequest, reader: Reader) -> HttpResponseBase:
    """The first run is over, whether all of it was done or not: the application opens with the overview from now on."""
    Preferences.objects.update_or_create(portal=reader.portal, defaults={"welcomed": True})
    return overview.page(request, reader)


def _watch(request: HttpRequest, reader: Reader, row: Submission) -> HttpResponse:
    state = row.shown_state
    delivered = row.state == Submission.State.DELIVERED
    waited = timezone.now() - row.received_at
    ended = delivered or row.state == Submission.State.FAILED
    took = (row.delivered_at - row.received_at).total_seconds() if delivered and row.delivered_at else 0.0
    context = {
        "row": row,
        "ended": ended,
        "polls": not (ended or state == "held" or waited > TOO_LONG),
        "delivered": delivered,
        "under_way": row.attempts.exists() or row.state == Submission.State.SENDING,
        "state_text": state.label,
        "badge": submissions.BADGES.get(state, "wait"),
        "took": sentences.duration(took),
        "records": submission.cards(row.entities) if delivered else [],
        "failure": sentences.failure(row.code, row.params) if row.state == Submission.State.FAILED else None,
        "remedy": notices.remedy_of(reader.portal.hold_code) if state == "held" else None,
        "is_slow": waited > LONG,
    }
    return render(request, reader, "traces/start/_watch.html", context)
