"""A form's consent: which submitted field it is, what visitors agree to, and whether the portal is told of it.

A part of the page of the form's fields, loaded by itself, since the portal is asked for its agreements.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from b24app.api import errors
from b24app.host.transactions import writing
from b24app.models import Portal
from b24app.portal import crm_directory
from traces.compose import consent
from traces.models import Form
from traces.pages.forms import of_portal
from traces.pages.frame import Reader, render, view
from traces.pages.inputs import PageInput, one_answer
from traces.setup.forms import consent_text, keep_consent_text, submitted_names

MAX_TEXT_LENGTH, MAX_FIELD_LENGTH = 5000, 100


class ConsentInput(PageInput):
    """The field of the consent, its text, and the portal's agreement; `agreements` are those to choose from."""

    ids = "consent-%s"

    consent_field = forms.CharField(
        label=gettext_lazy("Consent field"),
        help_text=gettext_lazy(
            "The name of the check box as it is submitted. If empty, Trace Relay uses a field with a "
            "usual name, such as “agree”, if there is exactly one."
        ),
        required=False,
        max_length=MAX_FIELD_LENGTH,
        widget=forms.TextInput(attrs={"list": "consent-names", "autocomplete": "off", "spellcheck": "false"}),
        error_messages=one_answer(gettext_lazy("A name can have at most 100 characters.")),
    )
    consent_text = forms.CharField(
        label=gettext_lazy("Consent text"),
        help_text=gettext_lazy(
            "The text beside the check box, or the address of the page with the text. It is stored with "
            "its date: earlier submissions keep showing the earlier text. If the form submits a text as "
            "the value of the check box, that text is shown instead."
        ),
        required=False,
        max_length=MAX_TEXT_LENGTH,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages=one_answer(gettext_lazy("A text can have at most 5,000 characters.")),
    )
    agreement_id = forms.TypedChoiceField(
        label=gettext_lazy("Agreement in Bitrix24"),
        help_text=gettext_lazy(
            "Each consent is added to Bitrix24's list of consents, with the record that was created. "
            "Trace Relay does not store visitors' IP addresses, so the list shows 0.0.0.0."
        ),
        required=False,
        coerce=int,
        empty_value=None,
        error_messages=one_answer(gettext_lazy("Choose one of the agreements, or none.")),
    )

    def __init__(self, form: Form, agreements: Sequence[tuple[str, str]], data: QueryDict | None = None) -> None:
        text = consent_text(form, timezone.now())
        stored = {"consent_field": form.consent_field, "consent_text": text, "agreement_id": form.agreement_id or ""}
        super().__init__(data, initial=stored)
        known = dict(agreements)
        if form.agreement_id:
            known.setdefault(str(form.agreement_id), str(form.agreement_id))
        field = self.fields["agreement_id"]
        assert isinstance(field, forms.TypedChoiceField)
        field.choices = [("", _("None")), *known.items()]

    def clean_consent_field(self) -> str:
        """The name, without what a database does not take."""
        return str(self.cleaned_data["consent_field"]).replace("\0", "").strip()

    def clean_consent_text(self) -> str:
        """The text, without what a database does not take."""
        return str(self.cleaned_data["consent_text"]).replace("\0", "").replace("\r\n", "\n")


@view("GET", "POST")
@of_portal
def show(request: HttpRequest, reader: Reader, form: Form) -> HttpResponse:
    """The part; a POST stores what was chosen."""
    agreements = _agreements(reader.portal)
    if request.method == "GET":
        return _part(request, reader, form, ConsentInput(form, agreements))
    typed = ConsentInput(form, agreements, request.POST)
    if not typed.is_valid():
        return _part(request, reader, form, typed)
    form.consent_field, form.agreement_id = typed.cleaned_data["consent_field"], typed.cleaned_data["agreement_id"]
    with writing():
        form.save(update_fields=["consent_field", "agreement_id"])
        keep_consent_text(form, typed.cleaned_data["consent_text"])
    return _part(
        request, reader, form, ConsentInput(form, agreements), notice=_("Saved. The change applies to new submissions.")
    )


def _agreements(portal: Portal) -> list[tuple[str, str]]:
    """The portal's agreements to choose from; none where it does not tell them."""
    if not _may_write(portal):
        return []
    try:
        return crm_directory.agreements(portal)
    except errors.PortalError:
        return []


def _may_write(portal: Portal) -> bool:
    return consent.SCOPE in portal.scope.split(",")


def _part(request: HttpRequest, reader: Reader, form: Form, typed: ConsentInput, *, notice: str = "") -> HttpResponse:
    context: dict[str, Any] = {
        "form": form,
        "input": typed,
        "submitted": submitted_names(form),
        "may_write": _may_write(reader.portal),
        "notice": notice,
    }
    status = 422 if typed.errors else 200
    return render(request, reader, "traces/forms/_consent.html", context, status=status)
