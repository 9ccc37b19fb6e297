"""A form's mapping as rows of a table: as it is stored, as it was typed, and back. Asks nobody anything."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from traces import sentences
from traces.compose import fields
from traces.compose.records import KINDS
from traces.models import Form
from traces.pages.inputs import PageInput, filled

# A page's form has at most 200 fields (DATA_UPLOAD_MAX_NUMBER_FIELDS), and each row three of them.
MAX_ROWS = 60
MAX_VALUE_LENGTH, MAX_NUMBER_LENGTH = 1000, 15
TEXT, SUBMITTED, NUMBER, NOTHING = "text", "submitted", "number", "nothing"
HOWS = {
    TEXT: gettext_lazy("text"),
    SUBMITTED: gettext_lazy("submitted field"),
    NUMBER: gettext_lazy("number"),
    NOTHING: gettext_lazy("nothing"),
}
RECORDS = {
    "lead": gettext_lazy("Lead"),
    "deal": gettext_lazy("Deal"),
    "contact": gettext_lazy("Contact"),
    "company": gettext_lazy("Company"),
    "quote": gettext_lazy("Quote"),
}

Rule = Any


@dataclasses.dataclass(frozen=True)
class FieldRow:
    """A field of the CRM, how it gets its value (a key of `HOWS`), and the value as it stands in the input."""

    field: str = ""
    how: str = TEXT
    value: str = ""


Rows = dict[str, list[FieldRow]]


class MappingInput(PageInput):
    """For which kind of form the rows were typed, and what a button of the table asks to do."""

    creates = forms.CharField(required=False)
    do = forms.CharField(required=False)


class RowInput(PageInput):
    """A row to be filled in; `rule` is what is stored of a valid one."""

    field = forms.CharField(label=gettext_lazy("Field"), required=False)
    how = forms.ChoiceField(label=gettext_lazy("Value"), choices=HOWS.items())
    value = forms.CharField(
        label=gettext_lazy("Value"),
        required=False,
        max_length=MAX_VALUE_LENGTH,
        widget=forms.TextInput(attrs={"list": "submitted-names", "autocomplete": "off"}),
        error_messages={
            "max_length": filled(gettext_lazy("A value can have at most %(most)s characters."), most=MAX_VALUE_LENGTH)
        },
    )

    def __init__(self, record: str, number: int, row: FieldRow, *, is_typed: bool = False) -> None:
        """A row of the record's table, from 1; what `is_typed` is checked, what is stored needs no check."""
        values = dataclasses.asdict(row)
        data = {f"{record}-{name}": text for name, text in values.items()}
        super().__init__(data if is_typed else None, initial=values, prefix=record, auto_id=f"row{number}-%s")
        self.record, self.row, self.rule = record, row, ""

    def offer_fields(self, choices: Sequence[tuple[str, Any]]) -> None:
        """Let one of the portal's fields be chosen."""
        self.fields["field"].widget = forms.Select(choices=choices)

    def suggest_fields(self) -> None:
        """Have the field's name be typed, with a list of names beside it."""
        attrs = {"list": f"{self.record}-often", "maxlength": 100, "autocomplete": "off", "spellcheck": "false"}
        self.fields["field"].widget = forms.TextInput(attrs=attrs)

    def offer_values(self, choices: Sequence[tuple[str, str]]) -> None:
        """Say which values are possible, as (value, text)."""
        values = format_html_join(", ", "<code>{}</code> {}", choices)
        self.fields["value"].help_text = format_html("{} {}", _("Possible values:"), values)

    @property
    def is_blank(self) -> bool:
        """Whether nobody has filled it in."""
        return not self.row.field and not self.row.value

    def clean(self) -> dict[str, Any]:
        """Make the `rule` of what was typed; a blank row has none."""
        cleaned: dict[str, Any] = super().clean() or {}
        if self.is_blank:
            return cleaned
        if "value" in cleaned and "how" in cleaned:
            self.rule = self._rule(cleaned["how"], cleaned["value"])
        if not cleaned.get("field"):
            self.add_error("field", _("Choose a field for this value, or remove the row."))
        elif fault := fields.fault({self.record: {cleaned["field"]: self.rule}}):
            self.add_error("field", sentences.mapping_fault(fault))
        return cleaned

    def _rule(self, how: str, value: str) -> Rule:
        """What is stored of a value; a wrong one gets an error."""
        if how == NOTHING:
            return ""
        if how == NUMBER:
            return self._parse_number(value)
        if not value:
            self.add_error("value", _("Enter a value, or choose “nothing”."))
        return {"field": value} if how == SUBMITTED else value

    def _parse_number(self, value: str) -> int | float:
        text = value.replace(",", ".")
        try:
            number = float(text) if len(text) <= MAX_NUMBER_LENGTH and text.isascii() else math.nan
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            self.add_error("value", _("This is not a number. Enter one, such as 7, or choose “text”."))
            return 0
        return int(number) if number.is_integer() else number


Inputs = dict[str, list[RowInput]]


def stored(form: Form) -> Rows:
    """The rows of the form's mapping, for each record that its kind makes."""
    return {
        record: [_row_of_rule(name, rule) for name, rule in (form.mapping.get(record) or {}).items()]
        for record in _records(form)
    }


def read(form: Form, posted: QueryDict) -> Rows:
    """The rows as they were typed."""
    return {record: _typed(record, posted) for record in _records(form)}


def change(rows: Rows, wish: str) -> bool:
    """Do what a button of the table asks: `add:lead`, `add:lead:UF_CRM_1` or `drop:lead:0`.

    Returns whether it was such a wish.
    """
    action, _colon, rest = wish.partition(":")
    record, _colon, what = rest.partition(":")
    if record not in rows or action not in ("add", "drop"):
        return False
    if action == "add" and sum(map(len, rows.values())) < MAX_ROWS:
        rows[record].append(FieldRow(field=what))
    elif action == "drop" and what.isdecimal() and int(what) < len(rows[record]):
        del rows[record][int(what)]
    return True


def inputs(rows: Rows, *, are_typed: bool = False) -> Inputs:
    """The rows to be filled in; those that `are_typed` are checked."""
    return {
        record: [RowInput(record, number, row, is_typed=are_typed) for number, row in enumerate(listed, start=1)]
        for record, listed in rows.items()
    }


def mapping(typed: Inputs) -> dict[str, dict[str, Rule]] | None:
    """The mapping that typed rows stand for; None where one of them is wrong, which its errors say then."""
    mappings = {record: _mapping(rows) for record, rows in typed.items()}
    wrong = any(row.errors for rows in typed.values() for row in rows)
    return None if wrong else mappings


def filled_fields(rows: Sequence[RowInput]) -> dict[str, str]:
    """The fields that have a value in the rows so far, right or wrong; "" where they are to stay empty."""
    listed = [row.row for row in rows]
    return {row.field: "" if row.how == NOTHING else "filled" for row in listed if row.field}


def _records(form: Form) -> list[str]:
    """What the form makes, with what it is made for first: a deal before its contact."""
    return list(reversed(KINDS[form.creates]))


def _row_of_rule(name: str, rule: Rule) -> FieldRow:
    if isinstance(rule, Mapping):
        return FieldRow(name, SUBMITTED, str(rule["field"]))
    if isinstance(rule, str):
        return FieldRow(name, TEXT, rule) if rule else FieldRow(name, NOTHING)
    return FieldRow(name, NUMBER, str(int(rule) if isinstance(rule, bool) else rule))


def _typed(record: str, posted: QueryDict) -> list[FieldRow]:
    columns = (posted.getlist(f"{record}-{name}") for name in ("field", "how", "value"))
    cells = ([text.strip() for text in column] for column in columns)
    return [FieldRow(*row) for row in zip(*cells, strict=False)][:MAX_ROWS]


def _mapping(rows: Sequence[RowInput]) -> dict[str, Rule]:
    rules: dict[str, Rule] = {}
    for row in rows:
        if not row.is_valid() or row.is_blank:
            continue
        name = row.cleaned_data["field"]
        if name in rules:
            row.add_error("field", _("This field is listed twice. Remove one of the rows."))
        rules[name] = row.rule
    return rules
