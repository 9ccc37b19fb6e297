"""People of the portal by their names, where it lists them: a part of the settings, of a form and of the portal."""

from __future__ import annotations

from collections.abc import Sequence

from django.forms import ChoiceField
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from b24app.api import errors
from b24app.portal import crm_directory
from traces.models import Form
from traces.pages.form_inputs import MAX_USER_ID
from traces.pages.forms import of_portal
from traces.pages.frame import Reader, render, view
from traces.pages.inputs import NumberField, PageInput


class ResponsibleInput(PageInput):
    """The responsible person, chosen from the portal's users as (ID, name)."""

    ids = "form-%s"

    assigned_by_id = ChoiceField(
        label=_("Responsible person"),
        help_text=_("For new records from this form. A mapped field takes precedence."),
    )

    def __init__(self, users: Sequence[tuple[str, str]], chosen: int | None) -> None:
        known = dict(users)
        missing = {str(chosen): f"{chosen}"} if chosen and str(chosen) not in known else {}
        super().__init__(initial={"assigned_by_id": str(chosen or "")})
        field = self.fields["assigned_by_id"]
        assert isinstance(field, ChoiceField)
        field.choices = [("", _("The administrator chosen in the settings")), *missing.items(), *known.items()]


class ChosenInput(PageInput):
    """Which user the page shows as chosen."""

    chosen = NumberField(required=False, min_value=1, max_value=MAX_USER_ID)


@view("GET")
@of_portal
def show(request: HttpRequest, reader: Reader, form: Form) -> HttpResponse:
    """The portal's users to choose from; 204 where it does not list them, and the number is typed."""
    typed = ChosenInput(request.GET)
    typed.full_clean()
    try:
        users = crm_directory.users(reader.portal)
    except errors.PortalError:
        users = []
    if not users:
        return HttpResponse(status=204)
    context = {"field": ResponsibleInput(users, typed.cleaned_data.get("chosen"))["assigned_by_id"]}
    return render(request, reader, "traces/_field.html", context)


@view("GET")
def show_name(request: HttpRequest, reader: Reader, user: int) -> HttpResponse:
    """What a user is called; 204 where the portal does not tell."""
    try:
        name = dict(crm_directory.users(reader.portal)).get(str(user), "")
    except errors.PortalError:
        name = ""
    return render(request, reader, "traces/forms/_name.html", {"name": name}) if name else HttpResponse(status=204)
