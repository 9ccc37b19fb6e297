"""Which CRM fields a submission gives to each record: the form's mapping, over defaults that need none. Pure.

Source: the fact sheet on CRM entities: what is required, multifields, which record has which field. A mapping is
kept with the form, as `{"lead": {"TITLE": "From {page_host}", "UF_CRM_1": {"field": "budget"}, "UF_CRM_2": 7}}`:
a text is a template, `{"field": name}` the submitted value as it came, a number a constant, "" takes a default away.
"""

from __future__ import annotations

import html
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from traces.compose import emails, phones, templates, typed_values
from traces.compose.records import BY_NAME
from traces.compose.submitted import NAMES, is_honeypot
from traces.compose.typed_values import FieldType, Types
from traces.compose.visitor import Visitor, submitted_values

MULTIFIELDS = ("PHONE", "EMAIL", "WEB", "IM", "LINK")
MAX_LENGTH, MAX_COMMENTS_LENGTH = 255, templates.MAX_LENGTH
_NO_TYPES = Types()
MAX_FIELDS = 100
# Values of one field; the others go to the comments.
MAX_ITEMS = 20
# What of a visitor has fields of its own, by record.
_HELD = {
    "lead": ("person", "contacts", "company"),
    "contact": ("person", "contacts"),
    "company": ("company", "contacts"),
}
_FIELD = re.compile(r"[A-Z][A-Z0-9_]{0,99}")
# What the application sets itself.
_OURS = {"TRACE", "ORIGINATOR_ID", "ORIGIN_ID"}
# Required fields that the portal fills by itself where nothing comes.
_FILLED = {"ID", "TITLE", "LAST_NAME", "CATEGORY_ID", "STAGE_ID", "STATUS_ID", "CURRENCY_ID", "ASSIGNED_BY_ID"}


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a mapping cannot be stored: `code` is a key of `traces.sentences.MAPPING`, `about` fills its sentence."""

    code: str
    about: str = ""


@dataclass(frozen=True, slots=True)
class Fields:
    """A record's fields, and `repairs` as keys of `traces.sentences.REPAIRS`."""

    values: dict[str, Any]
    repairs: tuple[str, ...] = ()


def build(
    record: str,
    visitor: Visitor,
    body: Mapping[str, Any],
    mapping: Mapping[str, Any],
    facts: Mapping[str, str],
    types: Types = _NO_TYPES,
    beside: Collection[str] = (),
) -> Fields:
    """The fields of one record (`records.BY_NAME`). `visitor` was recognised in this `body`.

    `facts` are what templates can name besides the submitted names (`page_host` …); `types` are those of the mapped
    fields; `beside` are the other records made from the submission. A value that its field does not accept, or that
    has no field, goes into the comments.
    """
    values = _defaults(record, visitor, facts, beside)
    rules = mapping.get(record) or {}
    named = body.get(NAMES) or {}
    texts = {**_joined(named), **facts, **dict(submitted_values(body))} if rules else {}
    repairs = list(visitor.repairs)
    left: list[tuple[str, Any]] = []
    for field, rule in rules.items():
        raw = _mapped(rule, {**named, **body}, texts)
        value, unfit = _fitting(field, rule, raw, types.of(record, field), types.country, repairs)
        name = rule["field"] if isinstance(rule, dict) else field
        if isinstance(value, list) and len(value) > MAX_ITEMS:
            unfit, value = [*unfit, *map(_text_of_item, value[MAX_ITEMS:])], value[:MAX_ITEMS]
            repairs.append("value_to_comments")
        left += ((name, text) for text in unfit)
        if value in ("", None, []):
            values.pop(field, None)
            continue
        values[field] = value
        if field == "OPPORTUNITY" and "CURRENCY_ID" not in rules:
            values["CURRENCY_ID"] = typed_values.currency_of(raw, types.country)
    if left:
        values["COMMENTS"] = _with_lines(str(values.get("COMMENTS") or ""), left)
    bounded = {field: _bounded(field, value, repairs) for field, value in values.items() if value != ""}
    return Fields(bounded, tuple(dict.fromkeys(repairs)))


def has_person(visitor: Visitor) -> bool:
    """Whether there is anybody to make a contact of."""
    return bool(visitor.full_name or visitor.phones or visitor.emails)


def has_company(visitor: Visitor) -> bool:
    """Whether there is a company to make a record of."""
    return bool(visitor.company)


def usual(record: str) -> frozenset[str]:
    """The fields of a record that need no mapping, since a visitor's name, phone, e-mail and message go there."""
    anybody = Visitor("a", "b", "c", ("1",), ("d",), "e", "f", "g") if record != "company" else Visitor(phones=("1",))
    return frozenset(_defaults(record, anybody, {}))


def may_be_mapped(field: str) -> bool:
    """Whether a mapping may name this field of the CRM."""
    return bool(_FIELD.fullmatch(field)) and field not in _OURS


def fault(mapping: Any) -> Fault | None:
    """Why a mapping cannot be stored, or None if it can."""
    if not isinstance(mapping, dict):
        return Fault("no_object")
    for record, fields in mapping.items():
        if record not in BY_NAME or not isinstance(fields, dict):
            return Fault("no_record", ", ".join(BY_NAME))
        if len(fields) > MAX_FIELDS:
            return Fault("too_many", str(MAX_FIELDS))
        for field, rule in fields.items():
            if not may_be_mapped(field):
                return Fault("no_field", field[:100])
            named = isinstance(rule, dict) and list(rule) == ["field"] and isinstance(rule["field"], str)
            if not named and not isinstance(rule, (str, int, float)):
                return Fault("no_rule", field)
    return None


def mapped_names(mapping: Mapping[str, Any]) -> frozenset[str]:
    """The names of submitted values that a mapping asks for."""
    rules = [rule for record in mapping.values() for rule in record.values()]
    fields = {rule["field"] for rule in rules if isinstance(rule, dict)}
    return frozenset(fields | {name for rule in rules if isinstance(rule, str) for name in templates.names_in(rule)})


def missing(values: Mapping[str, Any], described: Mapping[str, Any]) -> tuple[str, ...]:
    """The fields that the portal requires and that have no value; `described` is what `crm.….fields` answers."""
    required = (
        name
        for name, facts in described.items()
        if isinstance(facts, dict) and facts.get("isRequired") and not facts.get("isReadOnly")
    )
    return tuple(name for name in required if name not in _FILLED and not values.get(name))


def _defaults(record: str, visitor: Visitor, facts: Mapping[str, str], beside: Collection[str] = ()) -> dict[str, Any]:
    who = visitor.full_name or visitor.company or next(iter(visitor.phones + visitor.emails), "")
    title = f"{facts.get('form', '')}: {who}".strip(": ")
    numbers = [{"VALUE": number, "VALUE_TYPE": "WORK"} for number in visitor.phones]
    addresses = [{"VALUE": address, "VALUE_TYPE": "WORK"} for address in visitor.emails]
    person = {
        "NAME": visitor.name,
        "LAST_NAME": visitor.last_name,
        "SECOND_NAME": visitor.second_name,
        "POST": visitor.position,
        "PHONE": numbers,
        "EMAIL": addresses,
    }
    comments = {"COMMENTS": _comments(visitor, _without_field(record, visitor, beside))}
    values: dict[str, dict[str, Any]] = {
        "lead": {"TITLE": title, **person, "COMPANY_TITLE": visitor.company, **comments},
        "deal": {"TITLE": title, **comments},
        "quote": {"TITLE": title or "-", **comments},
        "contact": {**person, **comments},
        "company": {
            "TITLE": visitor.company or who,
            **({} if "contact" in beside and _has_name(visitor) else {"PHONE": numbers, "EMAIL": addresses}),
            **({} if beside else comments),
        },
    }
    return {field: value for field, value in values[record].items() if value}


def _has_name(visitor: Visitor) -> bool:
    """Whether phone and e-mail are a person's rather than the company's."""
    return bool(visitor.full_name)


def _without_field(record: str, visitor: Visitor, beside: Collection[str]) -> list[str]:
    """What was recognised and has a field in none of the records; a deal's comments have it for all."""
    if beside and record != "deal":
        return []
    held = set().union(*(_HELD.get(name, ()) for name in (record, *beside)))
    person = " ".join(filter(None, (visitor.name, visitor.second_name, visitor.last_name)))
    texts = {
        "person": (person, visitor.position),
        "contacts": (*visitor.phones, *visitor.emails),
        "company": (visitor.company,),
    }
    return [text for part, of_part in texts.items() if part not in held for text in of_part if text]


def _comments(visitor: Visitor, others: Sequence[str]) -> str:
    """The message, and what was not recognised or has no field; the portal shows HTML here."""
    lines = [visitor.comments, *others, *(f"{name}: {value}" for name, value in visitor.rest)]
    if visitor.web:
        lines.append(visitor.web)
    text = "\n".join(line for line in lines if line)
    return html.escape(text, quote=False).replace("\n", "<br>")


def _joined(named: Mapping[str, Any]) -> dict[str, str]:
    return {name: ", ".join(value) if isinstance(value, list) else str(value) for name, value in named.items()}


def _mapped(rule: Any, body: Mapping[str, Any], texts: Mapping[str, str]) -> Any:
    if isinstance(rule, dict):
        if is_honeypot(rule["field"]):
            return ""
        value = body.get(rule["field"], texts.get(rule["field"], ""))
        return value if isinstance(value, list) else _plain(value)
    if isinstance(rule, str):
        return templates.filled(rule, texts)
    return rule


def _plain(value: Any) -> Any:
    return value if isinstance(value, (str, int, float)) else ""


def _fitting(
    field: str, rule: Any, value: Any, kind: FieldType | None, country: str, repairs: list[str]
) -> tuple[Any, list[Any]]:
    """The value in the form that its field takes, and what of it the field does not take."""
    if field in MULTIFIELDS:
        return _multifield(field, value, repairs)
    if kind is None or value in ("", None, []) or not isinstance(rule, (dict, str)):
        return value, []
    fitting, unfit = typed_values.convert_all(value, kind, country)
    if unfit:
        repairs.append("value_not_converted")
    return fitting, unfit


def _with_lines(comments: Any, left: Sequence[tuple[str, Any]]) -> str:
    """The comments with a line for each of these values; one that stands there already is not repeated."""
    lines = typed_values.text_of(comments).split("<br>") if comments else []
    for name, value in left:
        text = f"{name}: {typed_values.text_of(value)}"
        lines.append(html.escape(text, quote=False).replace("\n", "<br>"))
    return "<br>".join(dict.fromkeys(lines))


def _multifield(field: str, value: Any, repairs: list[str]) -> tuple[list[dict[str, str]], list[str]]:
    """Texts in the form of a multifield, and those that the portal would refuse the record for."""
    entries = value if isinstance(value, list) else [value]
    texts = [text for entry in entries if isinstance(entry, (str, int, float)) and (text := str(entry).strip())]
    unfit: list[str] = []
    if field == "EMAIL":
        texts, unfit = _addresses(texts, repairs)
    elif field == "PHONE":
        texts = [number for text in texts for number in _numbers(text, repairs)]
    return [{"VALUE": text, "VALUE_TYPE": "WORK"} for text in texts], unfit


def _numbers(text: str, repairs: list[str]) -> Sequence[str]:
    """The telephone numbers in a text; all of it where it says something else too, since the portal takes any text."""
    found = phones.read(text)
    if found.has_more or not found.numbers:
        return [text]
    repairs.extend(found.repairs)
    return found.numbers


def _addresses(texts: Sequence[str], repairs: list[str]) -> tuple[list[str], list[str]]:
    """The e-mail addresses in texts, and the texts that say something else."""
    found = [emails.read(text) for text in texts]
    for one in found:
        repairs.extend(one.repairs)
        if one.has_invalid or not one.addresses:
            repairs.append("email_invalid")
    unfit = [text for text, one in zip(texts, found, strict=True) if one.others or not one.addresses]
    return [address for one in found for address in one.addresses], unfit


def _text_of_item(item: Any) -> Any:
    return item["VALUE"] if isinstance(item, dict) else item


def _bounded(field: str, value: Any, repairs: list[str]) -> Any:
    max_length = MAX_COMMENTS_LENGTH if field == "COMMENTS" or field.startswith("UF_") else MAX_LENGTH
    if field in MULTIFIELDS:
        max_length = emails.MAX_VALUE_LENGTH
    if isinstance(value, str) and len(value) > max_length:
        repairs.append("value_shortened")
        return value[:max_length]
    if isinstance(value, list):
        return [_bounded(field, item, repairs) for item in value]
    if isinstance(value, dict):
        return {key: _bounded(field, item, repairs) for key, item in value.items()}
    return value
