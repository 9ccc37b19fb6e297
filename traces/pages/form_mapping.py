"""A form's mapping as rows of a table: as it is stored, as it was typed, and back. Asks nobody anything."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from traces import sentences
from traces.compose import fields
from traces.compose.records import KINDS
from traces.models import Form

# A page's form has at most 200 fields (DATA_UPLOAD_MAX_NUMBER_FIELDS), and each row three of them.
MAX_ROWS = 60
MAX_VALUE_LENGTH = 1000
TEXT, SUBMITTED, NUMBER, NOTHING = "text", "submitted", "number", "nothing"
HOWS = {
    TEXT: gettext_lazy("a text"),
    SUBMITTED: gettext_lazy("a submitted field"),
    NUMBER: gettext_lazy("a number"),
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


@dataclasses.dataclass
class Row:
    """A field of the CRM, how it gets its value (a key of `HOWS`), and the value as it stands in the input."""

    field: str = ""
    how: str = TEXT
    value: str = ""
    errors: dict[str, str] = dataclasses.field(default_factory=dict)

    @property
    def is_blank(self) -> bool:
        """Whether nobody has filled it in."""
        return not self.field and not self.value


Rows = dict[str, list[Row]]


def stored(form: Form) -> Rows:
    """The rows of the form's mapping, for each record that its kind makes."""
    return {
        record: [_row(name, rule) for name, rule in (form.mapping.get(record) or {}).items()]
        for record in _records(form)
    }


def read(form: Form, posted: QueryDict) -> Rows:
    """The rows as they were typed."""
    return {record: _typed(record, posted) for record in _records(form)}


def changed(rows: Rows, wish: str) -> bool:
    """Do what a button of the table asks: `add:lead`, `add:lead:UF_CRM_1` or `drop:lead:0`; False for another wish."""
    action, _colon, rest = wish.partition(":")
    record, _colon, what = rest.partition(":")
    if record not in rows or action not in ("add", "drop"):
        return False
    if action == "add" and sum(map(len, rows.values())) < MAX_ROWS:
        rows[record].append(Row(field=what))
    elif action == "drop" and what.isdecimal() and int(what) < len(rows[record]):
        del rows[record][int(what)]
    return True


def mapping(rows: Rows) -> dict[str, dict[str, Rule]] | None:
    """The mapping that the rows stand for; None where one of them is wrong, which its `errors` say then."""
    made = {record: _mapping(record, typed) for record, typed in rows.items()}
    wrong = any(row.errors for typed in rows.values() for row in typed)
    return None if wrong else made


def given(rows: Sequence[Row]) -> dict[str, str]:
    """The fields that have a value in the rows so far, right or wrong."""
    return {row.field: "" if row.how == NOTHING else "given" for row in rows if row.field}


def _records(form: Form) -> list[str]:
    """What the form makes, with what it is made for first: a deal before its contact."""
    return list(reversed(KINDS[form.creates]))


def _row(name: str, rule: Rule) -> Row:
    if isinstance(rule, Mapping):
        return Row(name, SUBMITTED, str(rule["field"]))
    if isinstance(rule, str):
        return Row(name, TEXT, rule) if rule else Row(name, NOTHING)
    return Row(name, NUMBER, str(int(rule) if isinstance(rule, bool) else rule))


def _typed(record: str, posted: QueryDict) -> list[Row]:
    columns = (posted.getlist(f"{record}-{name}") for name in ("field", "how", "value"))
    cells = ([text.replace("\0", "").strip() for text in column] for column in columns)
    rows = [Row(name, how if how in HOWS else TEXT, value) for name, how, value in zip(*cells, strict=False)]
    return rows[:MAX_ROWS]


def _mapping(record: str, rows: Sequence[Row]) -> dict[str, Rule]:
    made: dict[str, Rule] = {}
    for row in rows:
        if row.is_blank:
            continue
        rule = _rule(row)
        if not row.field:
            row.errors["field"] = _("Choose the field that gets the value, or remove the row.")
        elif row.field in made:
            row.errors["field"] = _("This field stands here twice. Remove one of the rows.")
        elif fault := fields.fault({record: {row.field: rule}}):
            row.errors["field"] = sentences.mapping_fault(fault)
        made[row.field] = rule
    return made


def _rule(row: Row) -> Rule:
    """What is stored of a row; a wrong value is told in its `errors`."""
    if row.how == NOTHING:
        return ""
    if row.how == NUMBER:
        return _number(row)
    if not row.value:
        row.errors["value"] = _("Write what goes into the field, or choose “nothing”.")
    elif len(row.value) > MAX_VALUE_LENGTH:
        row.errors["value"] = _("A value can have at most %(most)s characters.") % {"most": MAX_VALUE_LENGTH}
    return {"field": row.value} if row.how == SUBMITTED else row.value


def _number(row: Row) -> int | float:
    text = row.value.replace(",", ".")
    try:
        number = float(text) if len(text) <= 15 and text.isascii() else math.nan
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        row.errors["value"] = _("This is no number. Write one, such as 7, or choose “a text”.")
        return 0
    return int(number) if number.is_integer() else number
