"""The page "forms": the list, making one, its settings, its codes and its secret; its fields are in `form_fields`."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import OuterRef, Subquery
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from b24app.host.transactions import in_line
from b24app.models import Portal
from traces.history import statistics
from traces.models import LEADS, Form, Submission
from traces.pages import chart
from traces.pages.chart import Sparkline
from traces.pages.form_inputs import FormSettingsInput, NewFormInput, SecretInput
from traces.pages.frame import Reader, render, view
from traces.setup import embed, first_steps, forms

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
    def wrapped(request: HttpRequest, reader: Reader, form_id: int) -> HttpResponse:
        form = Form.objects.filter(portal=reader.portal, pk=form_id).first()
        if form is None:
            return render(request, reader, "traces/missing.html", page="forms", status=404)
        return function(request, reader, form)

    return wrapped


def rows(portal: Portal) -> list[FormRow]:
    """The portal's forms, those in use first, as the list shows them: two queries, however many there are."""
    real = Submission.objects.filter(form=OuterRef("pk"), state__in=statistics.COUNTED)
    latest = real.order_by("-received_at").values("received_at")[:1]
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
        return render(request, reader, "traces/forms/new.html", {"input": NewFormInput(reader.portal)}, page="forms")
    typed = NewFormInput(reader.portal, request.POST)
    if not typed.is_valid():
        return render(request, reader, "traces/forms/new.html", {"input": typed}, page="forms", status=422)
    form, secret = create_form(reader.portal, typed)
    notice = _("The form “%(name)s” is ready. Copy the code below to your website.")
    return _codes(request, reader, form, secret=secret, notice=notice % {"name": form.name})


def create_form(portal: Portal, typed: NewFormInput) -> tuple[Form, str]:
    """Make a form as it was typed. Returns the form and its secret."""
    with in_line():
        return forms.create(portal, honeypot=True, **typed.cleaned_data)


@view("GET", "POST")
@of_portal
def settings(request: HttpRequest, reader: Reader, form: Form) -> HttpResponse:
    """What an administrator decides about a form, but its fields."""
    if request.method == "GET":
        return _settings(request, reader, form)
    typed = FormSettingsInput(reader.portal, request.POST, kind=form.creates)
    typed.stored_secret = form.captcha_secret
    if not typed.is_valid():
        return _settings(request, reader, form, typed=typed)
    for name, value in typed.cleaned_data.items():
        setattr(form, name, value)
    with in_line():
        form.save(update_fields=list(typed.cleaned_data))
    return _settings(request, reader, form, notice=_("Settings saved. They apply to new submissions."))


@view("GET")
@of_portal
def show_codes(request: HttpRequest, reader: Reader, form: Form) -> HttpResponse:
    """The codes to copy, without the secret, which nobody knows any more."""
    return _codes(request, reader, form)


@view("POST", asks_again=True)
@of_portal
def renew_secret(request: HttpRequest, reader: Reader, form: Form) -> HttpResponse:
    """Make a new secret and show it this once."""
    typed = SecretInput(request.POST)
    typed.full_clean()
    at_once = typed.cleaned_data["at_once"]
    secret = forms.renew_secret(form, at_once=at_once)
    if at_once:
        notice = _("The form has a new secret. The old secret no longer works.")
    else:
        notice = _("The form has a new secret. The old secret keeps working for 24 hours so you can switch over.")
    return _codes(request, reader, form, secret=secret, notice=notice)


@view("POST")
@of_portal
def delete_or_disable(request: HttpRequest, reader: Reader, form: Form) -> HttpResponse:
    """Delete a form that nothing came through, else switch it off."""
    if forms.delete_or_disable(form):
        return _list(request, reader, notice=_("Form “%(name)s” deleted.") % {"name": form.name})
    notice = _("The form is off and accepts nothing. Submissions already received will be delivered.")
    return _settings(request, reader, form, notice=notice)


def _list(request: HttpRequest, reader: Reader, *, notice: str = "") -> HttpResponse:
    context = {"rows": rows(reader.portal), "notice": notice}
    return render(request, reader, "traces/forms/page.html", context, page="forms")


def _settings(
    request: HttpRequest, reader: Reader, form: Form, *, typed: FormSettingsInput | None = None, notice: str = ""
) -> HttpResponse:
    context = {
        "form": form,
        "input": typed or FormSettingsInput.of_form(form),
        "is_used": form.submissions.exists(),
        "makes_no_leads": reader.portal.simple_crm and form.creates in LEADS,
        "notice": notice,
    }
    status = 422 if typed else 200
    return render(request, reader, "traces/forms/settings.html", context, page="forms", status=status)


def _codes(request: HttpRequest, reader: Reader, form: Form, *, secret: str = "", notice: str = "") -> HttpResponse:
    until = form.old_secret_until
    context = {
        "form": form,
        "address": forms.address(form),
        "secret": secret,
        "examples": embed.examples(form, secret),
        "tabs": first_steps.tabs(form),
        "input": SecretInput(),
        "old_until": until if until and until > timezone.now() else None,
        "notice": notice,
    }
    return render(request, reader, "traces/forms/codes.html", context, page="forms")
