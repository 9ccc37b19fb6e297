"""The page of a form's conditions: what makes other records of some submissions, in other hands.

The conditions are a part that is loaded by itself, since the portal is asked for its stages and users.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from b24app.api import errors
from b24app.host.transactions import in_line
from b24app.models import Portal
from b24app.portal import crm_directory
from traces.compose import choices
from traces.models import Form, Kind
from traces.pages import form_choice_inputs
from traces.pages.form_choice_inputs import ChoiceInput, ChoicesInput
from traces.pages.forms import of_portal
from traces.pages.frame import Reader, render, view
from traces.setup import forms


@view()
@of_portal
def show(request: HttpRequest, reader: Reader, form: Form) -> HttpResponse:
    """The page, without the conditions."""
    context = {"form": form, "can_choose": form.creates != Kind.LINK}
    return render(request, reader, "traces/forms/choices.html", context, page="forms")


@view("GET", "POST")
@of_portal
def rows(request: HttpRequest, reader: Reader, form: Form) -> HttpResponse:
    """The conditions. POST adds, removes or moves one, which changes nothing yet, or stores them all."""
    form.portal = reader.portal
    if request.method == "GET":
        return _part(request, reader, form, form_choice_inputs.stored(form))
    asked = ChoicesInput(request.POST)
    if not asked.is_valid():
        return _part(request, reader, form, form_choice_inputs.stored(form))
    number, do = asked.cleaned_data["rows"] or 0, asked.cleaned_data["do"]
    if do:
        now, number = form_choice_inputs.changed(request.POST, number, do)
        listed = form_choice_inputs.typed(form, now, number)
        for row in listed:
            row.errors.clear()  # nobody has asked to save it yet
        return _part(request, reader, form, listed)
    return _keep(request, reader, form, form_choice_inputs.typed(form, request.POST, number))


def _keep(request: HttpRequest, reader: Reader, form: Form, listed: Sequence[ChoiceInput]) -> HttpResponse:
    """Store the conditions, unless one of them is wrong."""
    if [row for row in listed if not row.is_valid()]:
        return _part(request, reader, form, listed, trouble=_("Nothing was saved. Correct the marked fields."))
    form.choices = [dict(form_choice_inputs.as_stored(row.choice)) for row in listed if row.choice]
    with in_line():
        form.save(update_fields=["choices"])
    notice = _("Conditions saved. They apply to new submissions.")
    return _part(request, reader, form, form_choice_inputs.stored(form), notice=notice)


def _part(
    request: HttpRequest,
    reader: Reader,
    form: Form,
    listed: Sequence[ChoiceInput],
    *,
    notice: str = "",
    trouble: str = "",
) -> HttpResponse:
    if listed:
        _offer(reader.portal, listed)
    context = {
        "form": form,
        "inputs": listed,
        "submitted": forms.submitted_names(form),
        "is_full": len(listed) >= choices.MAX_CHOICES,
        "notice": notice,
        "trouble": trouble,
    }
    status = 422 if trouble else 200
    return render(request, reader, "traces/forms/_choices.html", context, status=status)


def _offer(portal: Portal, listed: Sequence[ChoiceInput]) -> None:
    """Let stages and people be chosen by their names, where the portal tells them."""
    for record in {row.record for row in listed} - {""}:
        try:
            known = crm_directory.stages(portal, record)
        except errors.PortalError:
            known = []
        for row in listed:
            if known and row.record == record:
                row.offer_stages(known)
    try:
        users = crm_directory.users(portal)
    except errors.PortalError:
        users = []
    for row in listed:
        if users:
            row.offer_people(users)
