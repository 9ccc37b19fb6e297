"""The pages of a form: making one, its settings, its codes and its secret; the list of all is `form_list`."""

from __future__ import annotations

import functools
import uuid
from collections.abc import Callable

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from b24app.host.transactions import in_line
from b24app.models import Portal
from traces.models import LEADS, Form, Kind
from traces.pages import submissions
from traces.pages.form_inputs import FormSettingsInput, NewFormInput, SecretInput
from traces.pages.frame import Reader, render, view
from traces.setup import embed, first_steps, forms

# How many of the latest submissions a form's page shows.
LATEST = 5


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


@view("GET", "POST")
def create(request: HttpRequest, reader: Reader) -> HttpResponse:
    """Ask for a name and a kind; make the form, and show its secret this once."""
    if request.method == "GET":
        return render(request, reader, "traces/forms/new.html", {"input": NewFormInput(reader.portal)}, page="forms")
    typed = NewFormInput(reader.portal, request.POST)
    if not typed.is_valid():
        return render(request, reader, "traces/forms/new.html", {"input": typed}, page="forms", status=422)
    made = create_form(reader.portal, typed)
    if made is None:
        return render(request, reader, "traces/forms/new.html", {"input": typed}, page="forms", status=422)
    form, secret = made
    notice = _("The form “%(name)s” is ready. Copy the code below to your website.")
    return _codes(request, reader, form, secret=secret, notice=notice % {"name": form.name})


def create_form(portal: Portal, typed: NewFormInput) -> tuple[Form, str] | None:
    """Make a form as it was typed. Returns the form and its secret; None where somebody else was faster."""
    try:
        with in_line():
            return forms.create(portal, honeypot=True, **typed.cleaned_data)
    except ValidationError as error:
        typed.add_error("name", error.messages[0])
        return None


@view("GET", "POST")
@of_portal
def settings(request: HttpRequest, reader: Reader, form: Form) -> HttpResponse:
    """What an administrator decides about a form, but its fields."""
    if request.method == "GET":
        return settings_page(request, reader, form)
    typed = FormSettingsInput(reader.portal, request.POST, own=form)
    typed.stored_secret = form.captcha_secret
    if not typed.is_valid():
        return settings_page(request, reader, form, typed=typed)
    for name, value in typed.cleaned_data.items():
        setattr(form, name, value)
    with in_line():
        form.save(update_fields=list(typed.cleaned_data))
    return settings_page(request, reader, form, notice=_("Settings saved. They apply to new submissions."))


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
def duplicate(request: HttpRequest, reader: Reader, form: Form) -> HttpResponse:
    """Make a form with the same settings, and show its secret this once."""
    copy, secret = forms.duplicate(form)
    notice = _("“%(name)s” has the same settings, with an address and a secret of its own.") % {"name": copy.name}
    return _codes(request, reader, copy, secret=secret, notice=notice)


@view("GET")
@of_portal
def repeats(request: HttpRequest, reader: Reader, form: Form) -> HttpResponse:
    """What can be done about known visitors by the kind that is being chosen; a part of the settings."""
    chosen = {"creates": request.GET.get("creates", ""), "repeats": request.GET.get("repeats", "")}
    typed = FormSettingsInput(reader.portal, own=form, initial=chosen)
    return render(request, reader, "traces/forms/_repeats.html", {"form": form, "input": typed})


def settings_page(
    request: HttpRequest, reader: Reader, form: Form, *, typed: FormSettingsInput | None = None, notice: str = ""
) -> HttpResponse:
    context = {
        "form": form,
        "input": typed or FormSettingsInput.of_form(form),
        "is_used": form.submissions.exists(),
        "latest": submissions.latest_of(form, LATEST),
        "can_test": form.active and form.creates != Kind.LINK,
        "once": uuid.uuid4(),
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
