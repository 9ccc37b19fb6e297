"""The CRM's REST methods for records.

Source: the fact sheet on CRM entities.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from tests.sandbox import casts, php, traces
from tests.sandbox.crm_fields import MULTIFIELDS, NAMES, READ_ONLY, described
from tests.sandbox.methods import Call, RestError, method

PAGE = 50
_TIME = re.compile(r"\d{4}-\d\d-\d\dT")
_ENTITIES = ("lead", "deal", "contact", "company", "quote")
_SEMANTICS = {"LEAD": ("STATUS_ID", "STATUS_SEMANTIC_ID"), "DEAL": ("STAGE_ID", "STAGE_SEMANTIC_ID")}
_CLOSED = {"LEAD": "DATE_CLOSED", "DEAL": "CLOSEDATE"}
_ORDERED: dict[str, Callable[[str, str], bool]] = {
    ">": lambda have, value: _rank(have) > _rank(value),
    ">=": lambda have, value: _rank(have) >= _rank(value),
    "<": lambda have, value: _rank(have) < _rank(value),
    "<=": lambda have, value: _rank(have) <= _rank(value),
    "%": lambda have, value: value.lower() in have.lower(),
    "=%": lambda have, value: bool(re.fullmatch(re.escape(value).replace("%", ".*"), have, re.IGNORECASE)),
}


def classic(text: str) -> RestError:
    """An error of the older methods, which have no codes."""
    return RestError("", text)


def need_crm(call: Call) -> None:
    """Raises the error of a user who may not see the CRM."""
    if not call.user.crm:
        raise classic("Access denied.")


def _fields(call: Call) -> dict[str, Any]:
    fields = call.get("fields")
    if not isinstance(fields, (dict, list)) or (isinstance(fields, list) and fields):
        raise classic("Parameter 'fields' must be array.")
    return dict(fields or {})


def _add(kind: str) -> Callable[[Call], Any]:
    def add(call: Call) -> Any:
        need_crm(call)
        if call.portal.disk_full:
            raise classic("Disk quota exceeded. Please contact the administrator.")
        given = _fields(call)
        if kind == "QUOTE" and not given.get("TITLE"):
            raise classic('The required field "Subject" is not specified.')
        number = _store(call, kind, given)
        traces.of_new_record(call, kind, number, given)
        if kind == "LEAD" and call.portal.simple_crm:
            _convert(call, number)
        return number

    return add


def _convert(call: Call, number: int) -> None:
    """Without leads a new one is converted at once: a contact and a deal come of it, which have its traces too."""
    lead = call.portal.entities["LEAD", number]
    contact = str(_store(call, "CONTACT", lead)) if any(lead.get(name) for name in ("NAME", *MULTIFIELDS)) else ""
    deal = _store(call, "DEAL", {**lead, "CONTACT_ID": contact, "LEAD_ID": str(number)})
    lead["STATUS_ID"] = "CONVERTED"
    _note_change(call, "LEAD", lead, was_open=True)
    traces.link_as_well(call, ("LEAD", number), [("CONTACT", php.integer(contact)), ("DEAL", deal)])


def _store(call: Call, kind: str, given: dict[str, Any]) -> int:
    """A new record of the fields that its kind has; the others are dropped without a word."""
    accepted = _accepted(call, kind, given)
    number = call.portal.last_ids[kind] = call.portal.last_ids[kind] + 1
    fields = {"ID": str(number), **accepted}
    fields.setdefault("ASSIGNED_BY_ID", str(call.user.id))
    fields["DATE_CREATE"] = _now(call)
    _note_change(call, kind, fields, was_open=True)
    fields.setdefault("LAST_NAME" if kind == "CONTACT" else "TITLE", f"{kind.capitalize()} #{number}")
    call.portal.entities[kind, number] = fields
    return number


def _now(call: Call) -> str:
    return datetime.fromtimestamp(call.portal.clock.now(), UTC).isoformat(timespec="seconds")


def _note_change(call: Call, kind: str, fields: dict[str, Any], *, was_open: bool) -> None:
    """When it was changed; and when it came to a last stage, which the portal notes by itself."""
    fields["DATE_MODIFY"] = _now(call)
    if was_open and not _is_open(kind, fields):
        fields[_CLOSED[kind]] = _now(call)


def _is_open(kind: str, fields: dict[str, Any]) -> bool:
    return kind not in _CLOSED or "P" in _semantic(kind, fields).values()


def _accepted(call: Call, kind: str, given: dict[str, Any]) -> dict[str, Any]:
    return {
        key: _multifield(call, key, value) if key in MULTIFIELDS else casts.cast(_described(call, key), value)
        for key, value in given.items()
        if (key in NAMES[kind] and key not in READ_ONLY) or key.startswith("UF_")
    }


def _described(call: Call, name: str) -> dict[str, Any]:
    return call.portal.user_fields.get(name) or described(name, required=False)


def _multifield(call: Call, kind: str, value: Any) -> list[dict[str, str]]:
    rows = []
    for row in php.items(value):
        casts.check_multifield(kind, php.text(php.get(row, "VALUE")))
        number = call.portal.last_ids["FM"] = call.portal.last_ids.get("FM", 0) + 1
        facts = {"ID": str(number), "VALUE_TYPE": php.text(php.get(row, "VALUE_TYPE") or "WORK")}
        rows.append({**facts, "VALUE": php.text(php.get(row, "VALUE")), "TYPE_ID": kind})
    return rows


def _found(call: Call, kind: str) -> dict[str, Any]:
    need_crm(call)
    number = php.integer(call.get_any_case("id"))
    if number <= 0:
        raise classic("ID is not defined or invalid.")
    if (kind, number) not in call.portal.entities:
        raise classic("Not found")
    return call.portal.entities[kind, number]


def _get(kind: str) -> Callable[[Call], Any]:
    return lambda call: dict(_found(call, kind))


def _update(kind: str) -> Callable[[Call], Any]:
    def update(call: Call) -> Any:
        found, given = _found(call, kind), _fields(call)
        was_open = _is_open(kind, found)
        found.update(_accepted(call, kind, given))
        _note_change(call, kind, found, was_open=was_open)
        traces.of_updated_record(call, kind, int(found["ID"]), given)
        return True

    return update


def _delete(kind: str) -> Callable[[Call], Any]:
    def delete(call: Call) -> Any:
        del call.portal.entities[kind, int(_found(call, kind)["ID"])]
        return True

    return delete


def _rank(text: str) -> tuple[float, str]:
    """Numbers by their size, times by the clock, other texts by their letters."""
    if _TIME.match(text):
        return (datetime.fromisoformat(text).timestamp(), "")
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
    mine = [fields for (other, _), fields in call.portal.entities.items() if other == kind]
    whole = ((fields, fields | _semantic(kind, fields)) for fields in mine)
    found = [fields for fields, known in whole if all(holds(known) for holds in conditions)]
    found.sort(key=lambda fields: int(fields["ID"]))
    # From the last name to the first: a sort keeps what the former ones have left.
    for name, way in reversed(order.items()) if isinstance(order, dict) else ():
        found.sort(key=lambda fields: _rank(_text_of(fields, name)), reverse=php.text(way).upper() == "DESC")
    return found


def _list(kind: str) -> Callable[[Call], Any]:
    def rows(call: Call) -> Any:
        need_crm(call)
        select = call.get_any_case("select")
        return [_selected(fields | _semantic(kind, fields), select) for fields in _paged(call, _found_by(call, kind))]

    return rows


def _semantic(kind: str, fields: dict[str, Any]) -> dict[str, str]:
    """Whether a lead or a deal is in progress (P), won (S) or lost (F), which follows from its stage."""
    if kind not in _SEMANTICS:
        return {}
    stage, name = _SEMANTICS[kind]
    last = php.text(fields.get(stage) or "NEW").rpartition(":")[2]
    return {name: "S" if last in ("CONVERTED", "WON") else "F" if last in ("JUNK", "LOSE", "APOLOGY") else "P"}


def _selected(fields: dict[str, Any], select: Any) -> dict[str, Any]:
    """The fields asked for; user fields and multifields only where they are named."""
    names = select if isinstance(select, list) and select else ["*"]
    found = {"ID": fields["ID"]}
    if "*" in names:
        found |= {key: value for key, value in fields.items() if key not in MULTIFIELDS and key[:3] != "UF_"}
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
        need_crm(call)
        known = {name: described(name, required=kind == "QUOTE" and name == "TITLE") for name in NAMES[kind]}
        return {**known, **call.portal.user_fields}

    return fields


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
