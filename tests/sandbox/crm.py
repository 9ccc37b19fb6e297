"""The CRM's REST methods: records, duplicates, directories.

Source: the fact sheet on CRM entities.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from tests.sandbox import php, traces
from tests.sandbox.methods import Call, RestError, method
from tests.sandbox.tracking import TAGS

PAGE = 50
MAX_VALUES = 20
_ENTITIES = ("lead", "deal", "contact", "company", "quote")
_SOURCES = {
    "CALL": "Call", "EMAIL": "E-Mail", "WEB": "Website", "ADVERTISING": "Advertising", "PARTNER": "Existing client",
    "RECOMMENDATION": "By recommendation", "TRADE_SHOW": "Trade show", "WEBFORM": "CRM form",
    "CALLBACK": "Callback", "RC_GENERATOR": "Sales boost", "STORE": "Online store", "OTHER": "Other",
}  # fmt: skip
_READ_ONLY = {"ID", "DATE_CREATE", "DATE_MODIFY", "CREATED_BY_ID"}
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_MULTIFIELDS = ("PHONE", "EMAIL", "WEB", "IM", "LINK")
_EVERYWHERE = (
    "ID", "TITLE", "ASSIGNED_BY_ID", "OPENED", "COMMENTS", "SOURCE_ID", "SOURCE_DESCRIPTION", "DATE_CREATE",
    "DATE_MODIFY", "CREATED_BY_ID", *TAGS,
)  # fmt: skip
_PERSON = ("NAME", "SECOND_NAME", "LAST_NAME", "HONORIFIC", "POST", "ADDRESS", "BIRTHDATE", *_MULTIFIELDS)
_MONEY = ("OPPORTUNITY", "CURRENCY_ID", "CONTACT_ID", "COMPANY_ID")
_ORIGIN = ("ORIGINATOR_ID", "ORIGIN_ID")
_NAMES = {
    "LEAD": (*_EVERYWHERE, *_PERSON, *_MONEY, *_ORIGIN, "COMPANY_TITLE", "STATUS_ID", "STATUS_DESCRIPTION"),
    "DEAL": (*_EVERYWHERE, *_MONEY, *_ORIGIN, "CATEGORY_ID", "STAGE_ID", "TYPE_ID", "BEGINDATE", "CLOSEDATE"),
    "CONTACT": (*_EVERYWHERE, *_PERSON, *_ORIGIN, "ORIGIN_VERSION", "COMPANY_ID", "TYPE_ID"),
    "COMPANY": (*_EVERYWHERE, *_MULTIFIELDS, *_ORIGIN, "ORIGIN_VERSION", "COMPANY_TYPE", "INDUSTRY", "ADDRESS"),
    "QUOTE": (*_EVERYWHERE, *_MONEY, "STATUS_ID", "DEAL_ID", "LEAD_ID", "BEGINDATE", "CLOSEDATE"),
}
_TYPES = {
    "ID": "integer", "ASSIGNED_BY_ID": "user", "CREATED_BY_ID": "user", "DATE_CREATE": "datetime",
    "DATE_MODIFY": "datetime", "OPENED": "char", "SOURCE_ID": "crm_status", "STATUS_ID": "crm_status",
    "STAGE_ID": "crm_status", "HONORIFIC": "crm_status", "INDUSTRY": "crm_status", "COMPANY_TYPE": "crm_status",
    "BIRTHDATE": "date", "BEGINDATE": "date", "CLOSEDATE": "date", "OPPORTUNITY": "double",
    "CURRENCY_ID": "crm_currency", "CONTACT_ID": "crm_contact", "COMPANY_ID": "crm_company", "LEAD_ID": "crm_lead",
    "DEAL_ID": "integer", "CATEGORY_ID": "crm_category", "TYPE_ID": "crm_status",
}  # fmt: skip


def _user_field(name: str, label: str, kind: str, *, required: bool = False, items: tuple[str, ...] = ()) -> Any:
    """A field that the portal's administrator has made; its `title` is its name, as the portal has it."""
    return {
        "type": kind,
        "isRequired": required,
        "isReadOnly": False,
        "isImmutable": False,
        "isMultiple": False,
        "isDynamic": True,
        **({"items": [{"ID": str(44 + n), "VALUE": text} for n, text in enumerate(items)]} if items else {}),
        "title": name,
        "listLabel": label,
        "formLabel": label,
        "filterLabel": label,
        "settings": {},
    }


_USER_FIELDS = {
    "UF_CRM_1712000001": _user_field(
        "UF_CRM_1712000001", "Size of the company", "enumeration", items=("1 to 9", "10 to 49", "50 and more")
    ),
    "UF_CRM_1712000002": _user_field("UF_CRM_1712000002", "Region", "string", required=True),
}
_ORDERED: dict[str, Callable[[str, str], bool]] = {
    ">": lambda have, value: _rank(have) > _rank(value),
    ">=": lambda have, value: _rank(have) >= _rank(value),
    "<": lambda have, value: _rank(have) < _rank(value),
    "<=": lambda have, value: _rank(have) <= _rank(value),
    "%": lambda have, value: value.lower() in have.lower(),
    "=%": lambda have, value: bool(re.fullmatch(re.escape(value).replace("%", ".*"), have, re.IGNORECASE)),
}


def _classic(text: str) -> RestError:
    return RestError("", text)


# --- Records ----------------------------------------------------------------------------------


def _need_crm(call: Call) -> None:
    if not call.user.crm:
        raise _classic("Access denied.")


def _fields(call: Call) -> dict[str, Any]:
    fields = call.get("fields")
    if not isinstance(fields, (dict, list)) or (isinstance(fields, list) and fields):
        raise _classic("Parameter 'fields' must be array.")
    return dict(fields or {})


def _add(kind: str) -> Callable[[Call], Any]:
    def add(call: Call) -> Any:
        _need_crm(call)
        given = _fields(call)
        if kind == "QUOTE" and not given.get("TITLE"):
            raise _classic('The required field "Subject" is not specified.')
        for mail in php.items(given.get("EMAIL")):
            if not _EMAIL.fullmatch(str(php.get(mail, "VALUE") or "")):
                raise RestError("ERROR_CORE", "Incorrect e-mail.<br>")
        number = _store(call, kind, given)
        traces.of_new_record(call, kind, number, given)
        return number

    return add


def _store(call: Call, kind: str, given: dict[str, Any]) -> int:
    """A new record of the fields that its kind has; the others are dropped without a word."""
    number = call.portal.last_ids[kind] = call.portal.last_ids[kind] + 1
    fields = {"ID": str(number), **_accepted(call, kind, given)}
    fields.setdefault("ASSIGNED_BY_ID", str(call.user.id))
    fields.setdefault("LAST_NAME" if kind == "CONTACT" else "TITLE", f"{kind.capitalize()} #{number}")
    call.portal.entities[kind, number] = fields
    return number


def _accepted(call: Call, kind: str, given: dict[str, Any]) -> dict[str, Any]:
    return {
        key: _multifield(call, key, value) if key in _MULTIFIELDS else _scalars(value)
        for key, value in given.items()
        if (key in _NAMES[kind] and key not in _READ_ONLY) or key.startswith("UF_")
    }


def _scalars(value: Any) -> Any:
    """A value as the classic methods give it back: in texts."""
    return value if value is None or isinstance(value, (list, dict)) else php.text(value)


def _multifield(call: Call, kind: str, value: Any) -> list[dict[str, str]]:
    rows = []
    for row in php.items(value):
        number = call.portal.last_ids["FM"] = call.portal.last_ids.get("FM", 0) + 1
        facts = {"ID": str(number), "VALUE_TYPE": php.text(php.get(row, "VALUE_TYPE") or "WORK")}
        rows.append({**facts, "VALUE": php.text(php.get(row, "VALUE")), "TYPE_ID": kind})
    return rows


def _found(call: Call, kind: str) -> dict[str, Any]:
    _need_crm(call)
    number = php.integer(call.get_any_case("id"))
    if number <= 0:
        raise _classic("ID is not defined or invalid.")
    if (kind, number) not in call.portal.entities:
        raise _classic("Not found")
    return call.portal.entities[kind, number]


def _get(kind: str) -> Callable[[Call], Any]:
    return lambda call: dict(_found(call, kind))


def _update(kind: str) -> Callable[[Call], Any]:
    def update(call: Call) -> Any:
        found, given = _found(call, kind), _fields(call)
        found.update(_accepted(call, kind, given))
        traces.of_updated_record(call, kind, int(found["ID"]), given)
        return True

    return update


def _delete(kind: str) -> Callable[[Call], Any]:
    def delete(call: Call) -> Any:
        del call.portal.entities[kind, int(_found(call, kind)["ID"])]
        return True

    return delete


def _rank(text: str) -> tuple[float, str]:
    """Numbers by their size, other texts by their letters."""
    return (float(text), "") if php.is_numeric(text) else (0.0, text)


def _text_of(fields: dict[str, Any], name: str) -> str:
    value = fields.get(name)
    return "" if isinstance(value, (list, dict)) else php.text(value)


def _condition(key: str, value: Any) -> Callable[[dict[str, Any]], bool]:
    """One entry of a filter: a sign, a field's name, and the value or values to compare with."""
    name = key.lstrip("!@%=<>")
    sign = key[: len(key) - len(name)]
    values = [php.text(item) for item in value] if isinstance(value, list) else [php.text(value)]
    compare, negated = _ORDERED.get(sign.lstrip("!"), str.__eq__), sign.startswith("!")

    def holds(fields: dict[str, Any]) -> bool:
        have = _text_of(fields, name)
        return any(compare(have, one) for one in values) != negated

    return holds


def _found_by(call: Call, kind: str) -> list[dict[str, Any]]:
    """The records of a kind that the filter lets through, in the order asked for (by ID where none is)."""
    wanted, order = call.get_any_case("filter"), call.get_any_case("order")
    conditions = [_condition(*entry) for entry in wanted.items()] if isinstance(wanted, dict) else []
    found = [
        fields
        for (other, _), fields in call.portal.entities.items()
        if other == kind and all(holds(fields) for holds in conditions)
    ]
    found.sort(key=lambda fields: int(fields["ID"]))
    # From the last name to the first: a sort keeps what the former ones have left.
    for name, way in reversed(order.items()) if isinstance(order, dict) else ():
        found.sort(key=lambda fields: _rank(_text_of(fields, name)), reverse=php.text(way).upper() == "DESC")
    return found


def _list(kind: str) -> Callable[[Call], Any]:
    def rows(call: Call) -> Any:
        _need_crm(call)
        select = call.get_any_case("select")
        return [_selected(fields, select) for fields in _paged(call, _found_by(call, kind))]

    return rows


def _selected(fields: dict[str, Any], select: Any) -> dict[str, Any]:
    """The fields asked for; user fields and multifields only where they are named."""
    names = select if isinstance(select, list) and select else ["*"]
    found = {"ID": fields["ID"]}
    if "*" in names:
        found |= {key: value for key, value in fields.items() if key not in _MULTIFIELDS and key[:3] != "UF_"}
    if "UF_*" in names:
        found |= {key: value for key, value in fields.items() if key[:3] == "UF_"}
    return found | {key: fields.get(key) for key in names if isinstance(key, str) and "*" not in key}


def _paged(call: Call, found: list[Any]) -> list[Any]:
    start = max(call.start, 0)
    if call.start >= 0:
        call.envelope["total"] = len(found)
        if start + PAGE < len(found):
            call.envelope["next"] = start + PAGE
    return found[start : start + PAGE]


def _fields_of(kind: str) -> Callable[[Call], Any]:
    def fields(call: Call) -> Any:
        _need_crm(call)
        known = {name: _described(name, required=kind == "QUOTE" and name == "TITLE") for name in _NAMES[kind]}
        return {**known, **_USER_FIELDS}

    return fields


def _described(name: str, *, required: bool) -> dict[str, Any]:
    multiple = name in _MULTIFIELDS
    return {
        "type": _TYPES.get(name, "crm_multifield" if multiple else "string"),
        "isRequired": required,
        "isReadOnly": name in _READ_ONLY,
        "isImmutable": False,
        "isMultiple": multiple,
        "isDynamic": False,
        **({"statusType": "SOURCE"} if name == "SOURCE_ID" else {}),
        "title": name.replace("_", " ").capitalize(),
    }


for _name in _ENTITIES:
    for _verb, _make in (
        ("add", _add),
        ("get", _get),
        ("update", _update),
        ("delete", _delete),
        ("list", _list),
        ("fields", _fields_of),
    ):
        method(f"crm.{_name}.{_verb}", "crm")(_make(_name.upper()))


@method("crm.item.add", "crm")
def item_add(call: Call) -> Any:
    """Knows no TRACE and leaves no trace; answers with the whole item, its names in camel case."""
    for name in ("entityTypeId", "fields"):
        if call.get(name) is None:
            raise RestError("100", f"Could not find value for parameter {{{name}}}")
    kind = traces.BY_TYPE_ID.get(php.integer(call.get("entityTypeId")))
    if kind is None:
        raise RestError("NOT_FOUND", "Smart process not found")
    if not call.user.crm:
        raise RestError("ACCESS_DENIED", "You do not have permission to perform this operation.")
    given = _fields(call)
    upper = {re.sub(r"([A-Z])", r"_\1", key).upper(): value for key, value in given.items()}
    for row in php.items(given.get("fm")):
        one = {"VALUE": php.get(row, "value"), "VALUE_TYPE": php.get(row, "valueType")}
        upper.setdefault(php.text(php.get(row, "typeId")), []).append(one)
    stored = call.portal.entities[kind, _store(call, kind, upper)]
    item = {re.sub(r"_(.)", lambda found: found[1].upper(), key.lower()): value for key, value in stored.items()}
    item |= {"id": int(stored["ID"]), "assignedById": php.integer(stored["ASSIGNED_BY_ID"])}
    return {"item": item}


# --- Look-ups ---------------------------------------------------------------------------------


@method("crm.duplicate.findbycomm", "crm")
def find_by_comm(call: Call) -> Any:
    _need_crm(call)
    kind, values = call.get("type"), call.get("values")
    if kind not in ("PHONE", "EMAIL"):  # no set: an array may come
        raise _classic("Communication type is not defined.")
    if not isinstance(values, list) or not values:
        raise _classic("Communication values is not defined.")
    texts = dict.fromkeys(_comparable(kind, value) for value in values if isinstance(value, str) and value)
    wanted = set(list(texts)[:MAX_VALUES])
    only = call.get("entity_type")
    found: dict[str, list[int]] = {}
    for other in ("LEAD", "CONTACT", "COMPANY"):
        numbers = [
            number
            for (known, number), fields in call.portal.entities.items()
            if known == other
            and only in (None, other)
            and any(_comparable(kind, one["VALUE"]) in wanted for one in fields.get(kind) or [])
        ]
        if numbers:
            found[other] = numbers[:MAX_VALUES]
        if len(numbers) >= MAX_VALUES:
            break  # further kinds are not searched
    return found or []


def _comparable(kind: str, text: str) -> str:
    return re.sub(r"\D", "", text) if kind == "PHONE" else text.lower().strip()


@method("crm.status.list", "crm")
def status_list(call: Call) -> Any:
    _need_crm(call)
    if php.get(call.get_any_case("filter"), "ENTITY_ID") not in (None, "SOURCE"):
        return []
    rows = [
        {
            "ID": str(30 + number),
            "ENTITY_ID": "SOURCE",
            "STATUS_ID": code,
            "NAME": name,
            "NAME_INIT": name,
            "SORT": str(10 * (number + 1)),
            "SYSTEM": "Y",
            "CATEGORY_ID": "0",
            "COLOR": None,
            "SEMANTICS": None,
            "EXTRA": None,
        }
        for number, (code, name) in enumerate(_SOURCES.items())
    ]
    call.envelope["total"] = len(rows)
    return rows


@method("crm.settings.mode.get", "crm")
def settings_mode_get(call: Call) -> Any:
    return 1
