"""The page "forms": the list, making one, its settings, its codes and its secret; its fields are in `form_fields`."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import OuterRef, Subquery
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from b24app.host.transactions import in_line
from b24app.models import Portal
from traces.history import statistics
from traces.models import Form, Kind, Submission
from traces.pages import chart, form_input
from traces.pages.chart import Sparkline
from traces.pages.form_input import Input
from traces.pages.frame import Reader, render, view
from traces.setup import forms
from traces.setup.embed import codes

# How many days the list's pictures show, which its words say too.
DAYS = 14


@dataclass(frozen=True, slots=True)
class FormRow:
    """A form in the list: its picture of the last `DAYS` days, and when something came through it last."""

    form: Form
    address: str
    spark: Sparkline
    last: datetime | None


def of_portal(
    function: Callable[[HttpRequest, Reader, Form], HttpResponse],
) -> Callable[[HttpRequest, Reader, int], HttpResponse]:
    """Have a view be called with the form in the place of its id; one of another portal is not there."""

    @functools.wraps(function)
    def found(request: HttpRequest, reader: Reader, form_id: int) -> HttpResponse:
        form = Form.objects.filter(portal=reader.portal, pk=form_id).first() if form_id < 2**63 else None
        if form is None:
            return render(request, reader, "traces/missing.html", page="forms", status=404)
        return function(request, reader, form)

    return found


def rows(portal: Portal) -> list[FormRow]:
    """The portal's forms, those in use first, as the list shows them: two queries, however many there are."""
    latest = Submission.objects.filter(form=OuterRef("pk")).order_by("-received_at").values("received_at")[:1]
    listed = Form.objects.filter(portal=portal).annotate(last=Subquery(latest)).order_by("-active", "name", "pk")
    counts = statistics.by_form([form.pk for form in listed], DAYS)
    return [FormRow(form, forms.address(form), chart.sparkline(counts[form.pk]), form.last) for form in listed]


@view()
def show(request: HttpRequest, reader: Reader) -> HttpResponse:
    """The list of the portal's forms."""
    return _list(request, reader)


@view("GET", "POST")
def create(request: HttpRequest, reader: Reader) -> HttpResponse:
    """Ask for a name and a kind; make the form, and show its secret this once."""
    if request.method == "GET":
        given = Input({"name": "", "creates": Kind.LEAD})
        return render(request, reader, "traces/forms/new.html", {"given": given}, page="forms")
    given = form_input.read_new(request.POST)
    if given.errors:
        return render(request, reader, "traces/forms/new.html", {"given": given}, page="forms", status=422)
    with in_line():
        form, secret = forms.make(reader.portal, honeypot=True, **given.facts)
    said = _("The form “%(name)s” is ready. Copy a code below to where the submissions come from.") % {
        "name": form.name
    }
    return _codes(request, reader, form, secret=secret, said=said)


@view("GET", "POST")
@of_portal
def settings(request: HttpRequest, reader: Reader, form: Form) -> HttpResponse:
    """What an administrator decides about a form, but its fields."""
    if request.method == "GET":
        return _settings(request, reader, form)
    given = form_input.read(request.POST)
    if given.errors:
        return _settings(request, reader, form, given=given)
    for name, value in given.facts.items():
        setattr(form, name, value)
    with in_line():
        form.save(update_fields=list(given.facts))
    return _settings(request, reader, form, said=_("The settings are saved. They hold from now on."))


@view("GET")
@of_portal
def codes_page(request: HttpRequest, reader: Reader, form: Form) -> HttpResponse:
    """The codes to copy, without the secret, which nobody knows any more."""
    return _codes(request, reader, form)


@view("POST")
@of_portal
def secret(request: HttpRequest, reader: Reader, form: Form) -> HttpResponse:
    """Make a new secret and show it this once."""
    at_once = "at_once" in request.POST
    made = forms.new_secret(form, at_once=at_once)
    kept = _("The form has a new secret. The former one works for another 24 hours.")
    ended = _("The form has a new secret. The former one does not work any more.")
    return _codes(request, reader, form, secret=made, said=ended if at_once else kept)


@view("POST")
@of_portal
def take_away(request: HttpRequest, reader: Reader, form: Form) -> HttpResponse:
    """Delete a form that nothing came through, else switch it off."""
    if forms.take_away(form):
        return _list(request, reader, said=_("The form “%(name)s” is deleted.") % {"name": form.name})
    said = _("The form is switched off: it takes nothing from now on. What came through it is still delivered.")
    return _settings(request, reader, form, said=said)


def _list(request: HttpRequest, reader: Reader, *, said: str = "") -> HttpResponse:
    context = {"rows": rows(reader.portal), "said": said}
    return render(request, reader, "traces/forms/page.html", context, page="forms")


def _settings(
    request: HttpRequest, reader: Reader, form: Form, *, given: Input | None = None, said: str = ""
) -> HttpResponse:
    context = {
        "form": form,
        "given": given or form_input.of_form(form),
        "is_used": form.submissions.exists(),
        "max_per_minute": form_input.MAX_PER_MINUTE,
        "said": said,
    }
    status = 422 if given else 200
    return render(request, reader, "traces/forms/settings.html", context, page="forms", status=status)


def _codes(request: HttpRequest, reader: Reader, form: Form, *, secret: str = "", said: str = "") -> HttpResponse:
    context: dict[str, Any] = {
        "form": form,
        "address": forms.address(form),
        "secret": secret,
        "old_until": form.old_secret_until
        if form.old_secret_until and form.old_secret_until > timezone.now()
        else None,
        "said": said,
        **codes(form, secret),
    }
    return render(request, reader, "traces/forms/codes.html", context, page="forms")
