"""The page of a form's fields: which field of the CRM gets what, beside what the portal itself says of its fields.

The rows are a part that is loaded by itself, since the portal is asked for it; where it does not answer, the fields are
typed by their names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from b24app.api import errors
from b24app.host.transactions import in_line
from b24app.models import Portal
from b24app.portal import crm_directory
from b24app.portal.crm_directory import Field
from traces.compose import fields
from traces.compose.records import KINDS
from traces.models import Form
from traces.pages import form_mapping
from traces.pages.form_mapping import FieldRow, Inputs, MappingInput, RowInput
from traces.pages.forms import of_portal
from traces.pages.frame import Reader, render, view
from traces.setup import forms

# What is offered first, with its names where the portal does not answer.
OFTEN = {
    "ASSIGNED_BY_ID": gettext_lazy("Responsible person"),
    "CATEGORY_ID": gettext_lazy("Pipeline"),
    "STAGE_ID": gettext_lazy("Stage"),
    "TITLE": gettext_lazy("Title"),
}
_OF_DEALS = {"CATEGORY_ID", "STAGE_ID"}
# Fields whose values are those of a directory of the CRM.
_DIRECTORIES = {("lead", "STATUS_ID"): "STATUS", ("deal", "STAGE_ID"): "DEAL_STAGE"}
_WITH_SOURCE = "SOURCE_ID"
MAX_CHOICES = 30


@dataclass(frozen=True, slots=True)
class Table:
    """A record's rows. `often` are the fields that are suggested where the portal does not tell its own."""

    record: str
    label: str
    rows: Sequence[RowInput]
    often: Sequence[tuple[str, str]]
    missing: Sequence[Field]


@view()
@of_portal
def show(request: HttpRequest, reader: Reader, form: Form) -> HttpResponse:
    """The page, without the rows."""
    context = {"form": form, "makes_records": bool(KINDS[form.creates])}
    return render(request, reader, "traces/forms/fields.html", context, page="forms")


@view("GET", "POST")
@of_portal
def rows(request: HttpRequest, reader: Reader, form: Form) -> HttpResponse:
    """The rows. POST adds one or removes one, which changes nothing yet, or stores them all."""
    if request.method == "GET":
        return _stored(request, reader, form)
    typed = MappingInput(request.POST)
    typed.full_clean()
    if typed.cleaned_data.get("creates") != form.creates:
        trouble = _("The form creates another kind of record now. Nothing was saved; these are its current fields.")
        return _stored(request, reader, form, trouble=trouble)
    listed = form_mapping.read(form, request.POST)
    if form_mapping.change(listed, typed.cleaned_data.get("do", "")):
        return _part(request, reader, form, form_mapping.inputs(listed))
    return _store(request, reader, form, form_mapping.inputs(listed, are_typed=True))


def _store(request: HttpRequest, reader: Reader, form: Form, typed: Inputs) -> HttpResponse:
    mapping = form_mapping.mapping(typed)
    if mapping is None:
        return _part(request, reader, form, typed, trouble=_("Nothing was saved. Correct the marked fields."))
    form.mapping = {record: rules for record, rules in {**form.mapping, **mapping}.items() if rules}
    with in_line():
        form.save(update_fields=["mapping"])
    return _stored(request, reader, form, notice=_("Fields saved. They apply to new submissions."))


def _stored(request: HttpRequest, reader: Reader, form: Form, *, notice: str = "", trouble: str = "") -> HttpResponse:
    listed = form_mapping.inputs(form_mapping.stored(form))
    return _part(request, reader, form, listed, notice=notice, trouble=trouble)


def _part(
    request: HttpRequest, reader: Reader, form: Form, listed: Inputs, *, notice: str = "", trouble: str = ""
) -> HttpResponse:
    described, code = _described(reader.portal, list(listed))
    with in_line():
        forms.keep_field_types(form, described)
    number = sum(map(len, listed.values()))
    context: dict[str, Any] = {
        "form": form,
        "tables": [_table(reader.portal, record, rows, described.get(record)) for record, rows in listed.items()],
        "submitted": forms.submitted_names(form),
        "silent": code,
        "too_many": number > form_mapping.MAX_ROWS,
        "is_full": number >= form_mapping.MAX_ROWS,
        "notice": notice,
        "trouble": trouble,
    }
    return render(request, reader, "traces/forms/_fields.html", context, status=422 if trouble else 200)


def _described(portal: Portal, records: Sequence[str]) -> tuple[dict[str, list[Field]], str]:
    """The portal's fields by record, and why there are none, as the code of the error."""
    try:
        return {record: crm_directory.record_fields(portal, record) for record in records}, ""
    except errors.PortalError as error:
        return {}, error.code or "error"


def _table(portal: Portal, record: str, rows: Sequence[RowInput], described: list[Field] | None) -> Table:
    label = str(form_mapping.RECORDS[record])
    first = [name for name in OFTEN if record == "deal" or name not in _OF_DEALS]
    if described is None:
        for row in rows:
            row.suggest_fields()
        return Table(record, label, rows, [(name, str(OFTEN[name])) for name in first], ())
    known = {field.name: field for field in described if fields.may_be_mapped(field.name)}
    choices = _choices_of_field(known, first)
    for row in rows:
        name = row.row.field
        missing = _("not in your CRM")
        unknown = [(name, f"{name} – {missing}")] if name and name not in known else []
        row.offer_fields([("", _("Choose a field")), *unknown, *choices])
        if values := _choices_of_value(portal, record, row.row, rows, known):
            row.offer_values(values)
    return Table(record, label, rows, (), forms.missing_fields(form_mapping.filled_fields(rows), record, described))


def _choices_of_field(known: Mapping[str, Field], first: Sequence[str]) -> list[tuple[str, Any]]:
    """The portal's fields as groups: those that are often used, and all others."""
    often = [(name, known[name].title) for name in first if name in known]
    others = sorted(
        ((field.name, field.title) for field in known.values() if field.name not in first),
        key=lambda field: field[1].casefold(),
    )
    named = [(name, title if title == name else f"{title} ({name})") for name, title in others]
    return [*([(_("Frequently used"), often)] if often else []), (_("All fields"), named)]


def _choices_of_value(
    portal: Portal, record: str, row: FieldRow, rows: Sequence[RowInput], known: Mapping[str, Field]
) -> Sequence[tuple[str, str]]:
    """The values that a field can have, where they are few and the portal tells them."""
    if row.field in known and known[row.field].items:
        return known[row.field].items[:MAX_CHOICES]
    name = "SOURCE" if row.field == _WITH_SOURCE else _DIRECTORIES.get((record, row.field), "")
    if name == "DEAL_STAGE":
        pipeline = next((other.row.value for other in rows if other.row.field == "CATEGORY_ID"), "")
        name += f"_{pipeline}" if pipeline.isdecimal() and int(pipeline) else ""
    try:
        return crm_directory.statuses(portal, name)[:MAX_CHOICES] if name else ()
    except errors.PortalError:
        return ()
