"""The first run: the connection is checked, then a form is made, put on the site, and tried."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.forms import CharField, ModelChoiceField
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _

from b24app.models import Portal
from traces import sentences
from traces.delivery import wake
from traces.history import statistics
from traces.intake import accept
from traces.intake.senders import Posted
from traces.models import OWN_TEST, Form, Kind, Preferences, Submission
from traces.monitoring import checks, notices
from traces.pages import forms, overview, submission_records, submissions
from traces.pages.form_inputs import NewFormInput
from traces.pages.frame import Reader, render, view
from traces.pages.inputs import PageInput
from traces.setup import embed, first_steps, takeover
from traces.setup.forms import free_name

# After so long a test submission is told to take longer than usual, and looked at less often; then no more.
LONG, TOO_LONG = timedelta(seconds=20), timedelta(minutes=10)
TAG = "trace-relay-test"
MAX_ONCE_LENGTH = 36


class TestInput(PageInput):
    """The form to be tried; `once` is the page's own, so that a second click is no second submission."""

    form = ModelChoiceField(queryset=Form.objects.none())
    once = CharField(required=False, max_length=MAX_ONCE_LENGTH)

    def __init__(self, portal: Portal, data: Mapping[str, Any]) -> None:
        super().__init__(data)
        field = self.fields["form"]
        assert isinstance(field, ModelChoiceField)
        field.queryset = Form.objects.filter(portal=portal, active=True).exclude(creates=Kind.LINK)


def page(
    request: HttpRequest,
    reader: Reader,
    *,
    form: Form | None = None,
    secret: str = "",
    typed: NewFormInput | None = None,
) -> HttpResponseBase:
    """The page itself, which is also the first one after the installation; `secret` of a form just made."""
    form = form or Form.objects.filter(portal=reader.portal, active=True).order_by("-created_at", "-pk").first()
    context: dict[str, Any] = {
        "input": typed or NewFormInput(reader.portal, initial={"name": free_name(_("Website"), reader.portal)}),
        "form": form,
        "former": takeover.offered(reader.portal),
    }
    if form:
        context |= {
            "can_test": form.creates != Kind.LINK,
            "tested": form.submissions.filter(sender=OWN_TEST, state=Submission.State.DELIVERED).exists(),
            "arrived": form.submissions.filter(state__in=statistics.COUNTED).exclude(sender=OWN_TEST).exists(),
            "once": uuid.uuid4(),
            "examples": embed.examples(form, secret),
            "tabs": first_steps.tabs(form),
            "secret": secret,
        }
    status = 422 if typed else 200
    return render(request, reader, "traces/start/page.html", context, status=status)


show = view()(page)


@view("GET", "POST")
def check_connection(request: HttpRequest, reader: Reader) -> HttpResponse:
    """The part of the page that says whether the connection is well; a POST binds the portal's events again before."""
    theirs = checks.as_the_portal_says(reader.portal, bind=request.method == "POST")
    ours = checks.of_portal(reader.portal)
    bad = checks.once([check for check in theirs if not check.good] + [check for check in ours if check.good is False])
    context = {"checks": [*theirs, *ours], "bad": bad}
    return render(request, reader, "traces/start/_checks.html", context)


@view("POST")
def create_form(request: HttpRequest, reader: Reader) -> HttpResponseBase:
    """Make the first form."""
    typed = NewFormInput(reader.portal, request.POST)
    if not typed.is_valid():
        return page(request, reader, typed=typed)
    made = forms.create_form(reader.portal, typed)
    if made is None:
        return page(request, reader, typed=typed)
    return page(request, reader, form=made[0], secret=made[1])


@view("POST")
def send_test(request: HttpRequest, reader: Reader) -> HttpResponse:
    """Send a test submission by the road that all take, and begin to watch it."""
    typed = TestInput(reader.portal, request.POST)
    if not typed.is_valid():
        return render(request, reader, "traces/missing.html", status=404)
    fields = {
        "name": _("Trace Relay test"),
        "comments": _("A test from Trace Relay. You can delete this record."),
        "page_url": test_address(reader.portal),
    }
    form, key = typed.cleaned_data["form"], typed.cleaned_data["once"]
    accepted = accept.accept(form, Posted(sender=OWN_TEST, body=fields), key=key)
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


def test_address(portal: Portal) -> str:
    """The page that a test submission says it comes from: by it one is told from a visitor's."""
    return f"https://{portal.domain}/?utm_source={TAG}"


def _watch(request: HttpRequest, reader: Reader, row: Submission) -> HttpResponse:
    state = row.shown_state
    delivered = row.state == Submission.State.DELIVERED
    waited = timezone.now() - row.received_at
    ended = delivered or row.state in (Submission.State.FAILED, Submission.State.SPAM)
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
        "records": submission_records.cards(row.entities) if delivered else [],
        "failure": sentences.failure(row.code, row.params) if ended and not delivered else None,
        "remedy": notices.remedy_of(reader.portal.hold_code, reader.portal.by_webhook) if state == "held" else None,
        "is_slow": waited > LONG,
        "once": uuid.uuid4(),
    }
    return render(request, reader, "traces/start/_watch.html", context)
