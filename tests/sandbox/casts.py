"""What the portal makes of a value, by its field's type: most of what it cannot read it empties or cuts in silence.

Source: the fact sheet on CRM entities, "Values of typed fields" and "Multifields".
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from tests.sandbox import php
from tests.sandbox.methods import RestError

MAX_MULTIFIELD = 250
_LEADING_NUMBER = re.compile(r"\s*([+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)", re.ASCII)
_MONEY = re.compile(r"-?\d+(?:\.\d+)?(?:\|[A-Z]{3})?", re.ASCII)
_DATE = re.compile(r"(\d{1,2})([/.])(\d{1,2})\2(\d{4})", re.ASCII)
_ATOM = r"[\w+'~!$&*^`|#%/?{}=-]+"
_MAIL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@(?:(?:[^\W_]|-)+\.)+(?:[^\W\d_]{{2,20}}|xn--[a-z0-9-]{{2,16}})")


def cast(described: dict[str, Any], value: Any) -> Any:
    """What is stored of a value in a field, by what the portal itself says of it."""
    caster = _CASTS.get(described["type"])
    if caster is None:
        return value if value is None or isinstance(value, (list, dict)) else php.text(value)
    if described["isMultiple"]:
        stored = [caster(one, described) for one in (php.items(value) if isinstance(value, (list, dict)) else [value])]
        return [one for one in stored if one != ""]
    return caster("" if isinstance(value, (list, dict)) else value, described)


def check_multifield(kind: str, text: str) -> None:
    """Raises the error that refuses the whole record for a value of a multifield."""
    if len(text) > MAX_MULTIFIELD:
        raise RestError("ERROR_CORE", f"The value of {kind} is too long.<br>")
    if kind == "EMAIL" and not _MAIL.fullmatch(text):
        raise RestError("ERROR_CORE", "Incorrect e-mail.<br>")


def _double(value: Any, _described: dict[str, Any]) -> str:
    """PHP's doubleval: the number at the beginning of a text, else 0."""
    found = _LEADING_NUMBER.match(php.text(value))
    return php.text(float(found[1]) if found else 0.0)


def _integer(value: Any, _described: dict[str, Any]) -> str:
    return str(php.integer(value))


def _enumeration(value: Any, described: dict[str, Any]) -> str:
    text = str(php.integer(value))
    return text if text in {item["ID"] for item in described.get("items", ())} else ""


def _boolean(value: Any, _described: dict[str, Any]) -> str:
    return "1" if php.text(value) in ("Y", "1") else "0"


def _char(value: Any, _described: dict[str, Any]) -> str:
    return "Y" if php.text(value) in ("Y", "1") else "N"


def _money(value: Any, _described: dict[str, Any]) -> str:
    text = php.text(value)
    if text and not _MONEY.fullmatch(text):
        raise RestError("ERROR_CORE", "Incorrect amount.<br>")
    return text


def _date(value: Any, _described: dict[str, Any]) -> str:
    return _moment(php.text(value))[:10]


def _datetime(value: Any, _described: dict[str, Any]) -> str:
    return _moment(php.text(value))


def _moment(text: str) -> str:
    """ISO 8601, or PHP's strtotime: with slashes the month stands first, with dots the day."""
    try:
        if found := _DATE.fullmatch(text):
            first, second, year = int(found[1]), int(found[3]), int(found[4])
            month, day = (first, second) if found[2] == "/" else (second, first)
            return date(year, month, day).isoformat()
        return datetime.fromisoformat(text).isoformat()
    except ValueError:
        return ""


def _id(value: Any, _described: dict[str, Any]) -> str:
    number = php.integer(value)
    return str(number) if number > 0 else ""


_CASTS: dict[str, Callable[[Any, dict[str, Any]], str]] = {
    "double": _double,
    "integer": _integer,
    "enumeration": _enumeration,
    "boolean": _boolean,
    "char": _char,
    "money": _money,
    "date": _date,
    "datetime": _datetime,
    "user": _id,
    "employee": _id,
    "iblock_element": _id,
    "crm_company": _id,
    "crm_contact": _id,
    "crm_lead": _id,
}
