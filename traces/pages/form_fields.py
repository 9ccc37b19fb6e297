"""The page of a form's fields: which field of the CRM gets what, beside what the portal itself says of its fields.

The rows are a part that is loaded by itself, since the portal is asked for it; where it does not answer, the fields are
typed by their names.
"""

from __future__ import annotations

from collections.abc import Sequence
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
from traces.pages.form_mapping import Row, Rows
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
class Shown:
    """A row beside what the portal says of its field: `choices` as (value, text), where only some are possible."""

    row: Row
    known: bool
    choices: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """A record's rows. `often` and `others` are the portal's fields, as (name, title)."""

    record: str
    label: str
    rows: Sequence[Shown]
    often: Sequence[tuple[str, str]]
    others: Sequence[tuple[str, str]]
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
    """The rows. POST adds one or takes one away, which changes nothing yet, or stores them all."""
    if request.method == "GET":
        return _part(request, reader, form, form_mapping.stored(form))
    if request.POST.get("creates") != form.creates:
        fault = _("Meanwhile the form makes something else. Nothing was saved; these are its fields now.")
        return _part(request, reader, form, form_mapping.stored(form), fault=fault)
    typed = form_mapping.read(form, request.POST)
    if form_mapping.changed(typed, request.POST.get("do", "")):
        return _part(request, reader, form, typed)
    mapping = form_mapping.mapping(typed)
    if mapping is None:
        return _part(request, reader, form, typed, fault=_("Nothing was saved yet. Correct what is marked below."))
    form.mapping = {record: rules for record, rules in {**form.mapping, **mapping}.items() if rules}
    with in_line():
        form.save(update_fields=["mapping"])
    return _part(
        request, reader, form, form_mapping.stored(form), said=_("The fields are saved. They hold from now on.")
    )


def _part(
    request: HttpRequest, reader: Reader, form: Form, typed: Rows, *, fault: str = "", said: str = ""
) -> HttpResponse:
    described, trouble = _described(reader.portal, list(typed))
    context: dict[str, Any] = {
        "form": form,
        "tables": [_table(reader.portal, record, rows, described.get(record)) for record, rows in typed.items()],
        "hows": form_mapping.HOWS.items(),
        "submitted": forms.submitted_names(form),
        "trouble": trouble,
        "too_many": sum(map(len, typed.values())) > form_mapping.MAX_ROWS,
        "is_full": sum(map(len, typed.values())) >= form_mapping.MAX_ROWS,
        "fault": fault,
        "said": said,
    }
    return render(request, reader, "traces/forms/_fields.html", context, status=422 if fault else 200)


def _described(portal: Portal, records: Sequence[str]) -> tuple[dict[str, list[Field]], str]:
    """The portal's fields by record, and why there are none, as the code of the error."""
    try:
        return {record: crm_directory.record_fields(portal, record) for record in records}, ""
    except errors.PortalError as error:
        return {}, error.code or "error"


def _table(portal: Portal, record: str, rows: Sequence[Row], described: list[Field] | None) -> Table:
    label = str(form_mapping.RECORDS[record])
    first = [name for name in OFTEN if record == "deal" or name not in _OF_DEALS]
    if described is None:
        often = [(name, str(OFTEN[name])) for name in first]
        return Table(record, label, [Shown(row, known=False) for row in rows], often, (), ())
    known = {field.name: field for field in described if fields.may_be_mapped(field.name)}
    others = [(field.name, field.title) for field in known.values() if field.name not in first]
    shown = [Shown(row, row.field in known, _choices(portal, record, row, rows, known)) for row in rows]
    return Table(
        record,
        label,
        shown,
        [(name, known[name].title) for name in first if name in known],
        sorted(others, key=lambda one: one[1].casefold()),
        forms.missing(form_mapping.given(rows), record, described),
    )


def _choices(
    portal: Portal, record: str, row: Row, rows: Sequence[Row], known: dict[str, Field]
) -> Sequence[tuple[str, str]]:
    """The values that a field can have, where they are few and the portal tells them."""
    if row.field in known and known[row.field].items:
        return known[row.field].items[:MAX_CHOICES]
    name = "SOURCE" if row.field == _WITH_SOURCE else _DIRECTORIES.get((record, row.field), "")
    if name == "DEAL_STAGE":
        pipeline = next((other.value for other in rows if other.field == "CATEGORY_ID"), "")
        name += f"_{pipeline}" if pipeline.isdecimal() and int(pipeline) else ""
    try:
        return crm_directory.statuses(portal, name)[:MAX_CHOICES] if name else ()
    except errors.PortalError:
        return ()
