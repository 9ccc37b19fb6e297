"""Who is responsible for a form's records: a part of the form's settings, made of what the portal lists."""

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
