"""What a submitted value becomes in a field of the CRM, by the field's type there. Pure.

The portal empties or cuts without a word what it cannot read; so each value is either converted, or kept elsewhere.
Source: the fact sheet on CRM entities, "Values of typed fields".
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import re2

from traces.compose import typed_dates, typed_numbers

# A list field's elements as (ID, text).
Items = Sequence[Sequence[str]]

_YES = frozenset(("y", "yes", "on", "true", "1", "checked", "да", "ja", "oui", "si", "sí", "sim", "так", "✓", "✔", "+"))
_NO = frozenset(("n", "no", "off", "false", "0", "нет", "nein", "non", "não", "ні", "-"))
_BETWEEN = re2.compile(r"\s*[;,\n]\s*")
_NUMBER = re2.compile(r"[1-9]\d{0,17}")
_CRM_ID = re2.compile(r"(?:[A-Z][A-Za-z0-9]{0,9}_)?[1-9]\d{0,17}")


@dataclass(frozen=True, slots=True)
class FieldType:
    """What the portal says of a field: its type, whether it takes several values, and what can be chosen."""

    name: str
    is_multiple: bool = False
    items: Items = ()


# The CRM's own fields whose values are no texts, known without asking the portal.
BUILT_IN: Mapping[str, FieldType] = {
    name: FieldType(kind)
    for kind, names in {
        "double": ("OPPORTUNITY", "TAX_VALUE", "REVENUE"),
        "integer": ("PROBABILITY",),
        "date": ("BIRTHDATE", "BEGINDATE", "CLOSEDATE"),
        "user": ("ASSIGNED_BY_ID",),
        "char": ("OPENED", "EXPORT", "IS_MANUAL_OPPORTUNITY"),
        "crm": ("CONTACT_ID", "COMPANY_ID", "LEAD_ID", "DEAL_ID", "QUOTE_ID"),
    }.items()
    for name in names
}


@dataclass(frozen=True, slots=True)
class Types:
    """The types of a form's mapped fields, and the country whose ways its visitors have.

    `stored` is what is kept with the form, as `{"lead": {"UF_CRM_1": {"type": …, "isMultiple": …, "items": …}}}`.
    """

    stored: Mapping[str, Mapping[str, Mapping[str, Any]]] = field(default_factory=dict)
    country: str = ""

    def of(self, record: str, name: str) -> FieldType | None:
        """The type of a field; None if unknown."""
        facts = (self.stored.get(record) or {}).get(name)
        if facts is None:
            return BUILT_IN.get(name, None if name.startswith("UF_") else FieldType("string"))
        return FieldType(str(facts["type"]), bool(facts.get("isMultiple")), facts.get("items") or ())


def convert(value: Any, field_type: str, items: Items, country: str) -> tuple[Any, str]:
    """A single value as the portal reads it in a field of this type, or None, and the repair to note.

    None comes with the repair `value_not_converted`: the value has to be kept elsewhere.
    """
    converter = _chosen if items else _CONVERTERS.get(field_type)
    if converter is None:
        return value, ""
    converted = converter(value, items, country) if isinstance(value, (str, int, float)) else None
    return (None, "value_not_converted") if converted is None else (converted, "")


def convert_all(value: Any, kind: FieldType, country: str) -> tuple[Any, list[Any]]:
    """The field's whole value, None if nothing of it could be converted, and what could not.

    A field that takes several values gets a list.
    """
    values = value if isinstance(value, list) else [value]
    if not kind.is_multiple:
        if len(values) == 1:
            converted, _ = convert(values[0], kind.name, kind.items, country)
            return converted, values if converted is None else []
        return (_joined(values), []) if kind.name == "string" and not kind.items else (None, values)
    good: list[Any] = []
    bad: list[Any] = []
    for one in (part for text in values for part in _parts(text, kind)):
        converted, repair = convert(one, kind.name, kind.items, country)
        (bad if repair else good).append(one if repair else converted)
    return good or None, bad


def currency_of(value: Any, country: str) -> str:
    """The code of the currency that stands beside an amount, "" if none does."""
    amount = typed_numbers.read(value, country) if isinstance(value, str) else None
    return amount.currency if amount else ""


def text_of(value: Any) -> str:
    """A value as a person reads it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _joined(values: list[Any]) -> str:
    return ", ".join(text_of(value) for value in values if isinstance(value, (str, int, float)))


def _parts(value: Any, kind: FieldType) -> list[Any]:
    """The choices in one text, as `Red, Blue`; a text that is one choice is not cut."""
    if not kind.items or not isinstance(value, str) or _chosen(value, kind.items, "") is not None:
        return [value]
    return [part for part in _BETWEEN.split(value) if part]


def _chosen(value: Any, items: Items, _country: str) -> str | None:
    """The ID of the element that a text is, or whose text it is."""
    text = " ".join(text_of(value).split())
    if any(text == number for number, _ in items):
        return text
    return next((number for number, label in items if " ".join(label.split()).casefold() == text.casefold()), None)


def _yes_or_no(value: Any, _items: Items, _country: str) -> str | None:
    text = text_of(value).strip().lower()
    return "Y" if text in _YES else "N" if text in _NO else None


def _amount(value: Any, country: str) -> typed_numbers.Amount | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        return typed_numbers.read(value, country)
    if not math.isfinite(value) or abs(value) >= 10**typed_numbers.MAX_DIGITS:
        return None
    return typed_numbers.Amount(Decimal(str(value)))


def _double(value: Any, _items: Items, country: str) -> int | float | None:
    amount = _amount(value, country)
    if amount is None:
        return None
    return int(amount.number) if amount.number == int(amount.number) else float(amount.number)


def _integer(value: Any, items: Items, country: str) -> int | None:
    number = _double(value, items, country)
    return number if isinstance(number, int) else None


def _money(value: Any, _items: Items, country: str) -> str | None:
    number, bar, currency = str(value).partition("|")
    amount = _amount(number if bar else value, country)
    if amount is None or (bar and not (len(currency) == 3 and currency.isascii() and currency.isalpha())):
        return None
    code = currency.upper() or amount.currency
    return f"{amount.plain()}|{code}" if code else amount.plain()


def _date(value: Any, _items: Items, country: str) -> str | None:
    return typed_dates.read(str(value), country, with_time=False)


def _datetime(value: Any, _items: Items, country: str) -> str | None:
    return typed_dates.read(str(value), country, with_time=True)


def _id(value: Any, _items: Items, _country: str) -> str | None:
    text = text_of(value).strip()
    return text if _NUMBER.fullmatch(text) else None


def _crm_id(value: Any, _items: Items, _country: str) -> str | None:
    text = text_of(value).strip()
    return text if _CRM_ID.fullmatch(text) else None


def _nothing(_value: Any, _items: Items, _country: str) -> None:
    """A file is none of the values that a form's text can be."""


_CONVERTERS: Mapping[str, Callable[[Any, Items, str], Any]] = {
    "enumeration": _chosen,
    "boolean": _yes_or_no,
    "char": _yes_or_no,
    "double": _double,
    "integer": _integer,
    "money": _money,
    "date": _date,
    "datetime": _datetime,
    "user": _id,
    "employee": _id,
    "iblock_element": _id,
    "iblock_section": _id,
    "crm_company": _id,
    "crm_contact": _id,
    "crm_lead": _id,
    "crm_deal": _id,
    "crm_quote": _id,
    "crm": _crm_id,
    "file": _nothing,
}
