"""The CRM's REST methods: traces, records, duplicates, directories.

Source: the fact sheets on TRACE (§§3, 6) and CRM entities.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from tests.sandbox import php, tracking
from tests.sandbox.methods import Call, RestError, method
from tests.sandbox.portal import SITES
from tests.sandbox.tracking import TAGS, TYPES, Trace

UNTOUCHABLE = 900000  # records from this ID on may not be modified
PAGE = 50
MOST_VALUES = 20
_ENTITIES = ("lead", "deal", "contact", "company", "quote")
_BY_TYPE_ID = {number: kind for kind, number in TYPES.items()}
_SOURCES = {
    "CALL": "Call", "EMAIL": "E-Mail", "WEB": "Website", "ADVERTISING": "Advertising", "PARTNER": "Existing client",
    "RECOMMENDATION": "By recommendation", "TRADE_SHOW": "Trade show", "WEBFORM": "CRM form",
    "CALLBACK": "Callback", "RC_GENERATOR": "Sales boost", "STORE": "Online store", "OTHER": "Other",
}  # fmt: skip
_READ_ONLY = {"ID", "DATE_CREATE", "DATE_MODIFY", "CREATED_BY_ID"}
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")


def _core(text: str) -> RestError:
    return RestError("ERROR_CORE", text)


def _classic(text: str) -> RestError:
    return RestError("", text)


# --- Traces -----------------------------------------------------------------------------------


@method("crm.tracking.trace.add", "crm")
def trace_add(call: Call) -> Any:
    text = call.get("TRACE")
    if not php.truthy(text):
        raise _core("Parameter `TRACE` required.")
    if not isinstance(text, str):
        raise TypeError("TRACE is an array")
    trace = _load(call, text)
    linked = _checked_entities(call)
    _save(call, trace)
    for kind, number in linked:
        _link(call, trace, kind, number)
    return trace.id


def _load(call: Call, text: str) -> Trace:
    try:
        return tracking.load(text, call.portal.sources or (), SITES, int(call.portal.clock.now()))
    except ValueError:
        raise _core("Can not parse JSON in parameter `TRACE`.") from None


def _checked_entities(call: Call) -> list[tuple[str, int]]:
    """The records to link; all are checked before anything is written."""
    given = call.get("ENTITIES")
    linked = []
    for entry in given if isinstance(given, list) else []:
        kind, number = php.get(entry, "TYPE"), php.get(entry, "ID")
        if kind not in TYPES:
            allowed = ",".join(sorted(TYPES))
            raise _core(f"Wrong TYPE in parameter `ENTITIES`. Allowed types: {allowed}")
        if not php.is_numeric(number) or php.integer(number) <= 0:
            raise _core("Wrong ID in parameter `ENTITIES`.")
        if not _may_update(call, kind, php.integer(number)):
            raise _core(f"You have no access to entity `{kind}` with ID `{php.integer(number)}`.")
        linked.append((kind, php.integer(number)))
    return linked


def _may_update(call: Call, kind: str, number: int) -> bool:
    if number >= UNTOUCHABLE or not call.user.crm:
        return False
    return call.user.admin or (kind, number) in call.portal.entities


def _save(call: Call, trace: Trace, parent: int = 0) -> None:
    trace.id = len(call.portal.traces) + 1
    trace.parent = parent
    call.portal.traces.append(trace)
    for visit in trace.previous:
        _save(call, visit, trace.id)


def _link(call: Call, trace: Trace, kind: str, number: int) -> None:
    fields = call.portal.entities.get((kind, number))
    if fields is None and kind != "QUOTE":
        return  # skipped without a word
    trace.entities.append([TYPES[kind], number])
    if fields is not None and not any(fields.get(tag) for tag in TAGS):
        fields.update(trace.tags)


@method("crm.tracking.trace.delete", "crm")
def trace_delete(call: Call) -> Any:
    if call.get("id") is None:
        raise _core("Parameter `id` required.")
    number = php.integer(call.get("id"))
    call.portal.traces[:] = [
        trace if trace.id != number else Trace(id=0) for trace in call.portal.traces
    ]  # the numbers of the others stay
    return None


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
        for mail in given.get("EMAIL") or []:
            if not _EMAIL.fullmatch(str(php.get(mail, "VALUE") or "")):
                raise _core("Incorrect e-mail.<br>")
        number = _store(call, kind, given)
        _trace_of_new(call, kind, number, given)
        return number

    return add


def _store(call: Call, kind: str, given: dict[str, Any]) -> int:
    entities = call.portal.entities
    number = max((known for other, known in entities if other == kind), default=0) + 1
    fields = {key: value for key, value in given.items() if key not in _READ_ONLY and key != "TRACE"}
    if kind == "QUOTE":
        fields = {key: value for key, value in fields.items() if key not in {"ORIGINATOR_ID", "ORIGIN_ID"}}
    fields.setdefault("ASSIGNED_BY_ID", str(call.user.id))
    fields.setdefault("LAST_NAME" if kind == "CONTACT" else "TITLE", f"{kind.capitalize()} #{number}")
    entities[kind, number] = {"ID": str(number), **fields}
    return number


def _trace_of_new(call: Call, kind: str, number: int, given: dict[str, Any]) -> None:
    """Every classic add leaves a trace: an existing one by its number, one from TRACE, or an empty one."""
    text = given.get("TRACE")
    trace = None
    if php.is_numeric(text):
        trace = next((one for one in call.portal.traces if one.id == php.integer(text)), None)
    if trace is None:
        trace = _new_trace(call, text if isinstance(text, str) and not php.is_numeric(text) else "{}", given)
    _link(call, trace, kind, number)
    if kind == "DEAL":
        for key in ("CONTACT_ID", "COMPANY_ID"):  # a fault of the server: the company is linked as a contact
            if php.integer(given.get(key)) > 0:
                _link(call, trace, "CONTACT", php.integer(given.get(key)))


def _new_trace(call: Call, text: str, given: dict[str, Any]) -> Trace:
    sources = call.portal.sources or ()
    try:
        trace = tracking.load(text, sources, SITES, int(call.portal.clock.now()))
    except ValueError:
        trace = Trace()
    utm = {tag: given[tag] for tag in TAGS if given.get(tag)}
    trace.tags.update(utm)
    if utm and not trace.source_id:
        trace.source_id = tracking.source_of(trace.tags, "", sources)
    trace.channels.append(["rest", ""])
    _save(call, trace)
    return trace


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
        found = _found(call, kind)
        found.update({key: value for key, value in _fields(call).items() if key not in _READ_ONLY | {"TRACE"}})
        return True

    return update


def _delete(kind: str) -> Callable[[Call], Any]:
    def delete(call: Call) -> Any:
        del call.portal.entities[kind, int(_found(call, kind)["ID"])]
        return True

    return delete


def _matches(fields: dict[str, Any], wanted: Any) -> bool:
    for key, value in wanted.items() if isinstance(wanted, dict) else ():
        sign, name = re.match(r"([!@%=<>]*)(.*)", key).groups()  # type: ignore[union-attr]  # it always matches
        have = str(fields.get(name, ""))
        values = [str(item) for item in value] if isinstance(value, list) else [str(value)]
        if (have in values) == (sign == "!"):
            return False
    return True


def _list(kind: str) -> Callable[[Call], Any]:
    def rows(call: Call) -> Any:
        _need_crm(call)
        wanted, select = call.get_any_case("filter"), call.get_any_case("select")
        found = [
            fields
            for (other, _), fields in sorted(call.portal.entities.items(), key=lambda item: item[0][1])
            if other == kind and _matches(fields, wanted)
        ]
        if isinstance(select, list) and select and "*" not in select:
            found = [{"ID": fields["ID"], **{key: fields.get(key) for key in select}} for fields in found]
        return _paged(call, found)

    return rows


def _paged(call: Call, found: list[Any]) -> list[Any]:
    start = max(call.start, 0)
    if call.start >= 0 and call.envelope is not None:
        call.envelope["total"] = len(found)
        if start + PAGE < len(found):
            call.envelope["next"] = start + PAGE
    return found[start : start + PAGE]


def _fields_of(kind: str) -> Callable[[Call], Any]:
    names = ["ID", "TITLE", "SOURCE_ID", "SOURCE_DESCRIPTION", "COMMENTS", "ASSIGNED_BY_ID", *TAGS]
    if kind in {"LEAD", "CONTACT", "COMPANY"}:
        names += ["PHONE", "EMAIL"]
    if kind in {"LEAD", "CONTACT"}:
        names += ["NAME", "LAST_NAME"]
    if kind != "QUOTE":
        names += ["ORIGINATOR_ID", "ORIGIN_ID"]
    if kind == "DEAL":
        names += ["CONTACT_ID", "COMPANY_ID", "CATEGORY_ID", "STAGE_ID"]

    def fields(call: Call) -> Any:
        _need_crm(call)
        return {
            name: {
                "type": "crm_multifield" if name in {"PHONE", "EMAIL"} else "string",
                "isRequired": kind == "QUOTE" and name == "TITLE",
                "isReadOnly": name in _READ_ONLY,
                "isImmutable": False,
                "isMultiple": name in {"PHONE", "EMAIL"},
                "isDynamic": False,
                "title": name.replace("_", " ").capitalize(),
            }
            for name in names
        }

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
    kind = _BY_TYPE_ID.get(php.integer(call.get("entityTypeId")))
    if kind is None:
        raise RestError("NOT_FOUND", "Smart process not found")
    if not call.user.crm:
        raise RestError("ACCESS_DENIED", "You do not have permission to perform this operation.")
    given = call.get("fields") if isinstance(call.get("fields"), dict) else {}
    upper = {re.sub(r"([A-Z])", r"_\1", key).upper(): value for key, value in given.items() if key != "trace"}
    number = _store(call, kind, upper)
    return {"item": {"id": number, **given}}


# --- Look-ups ---------------------------------------------------------------------------------


@method("crm.duplicate.findbycomm", "crm")
def find_by_comm(call: Call) -> Any:
    _need_crm(call)
    kind, values = call.get("type"), call.get("values")
    if kind not in {"PHONE", "EMAIL"}:
        raise _classic("Communication type is not defined.")
    if not isinstance(values, list) or not values:
        raise _classic("Communication values is not defined.")
    wanted = {_comparable(kind, value) for value in values[:MOST_VALUES] if isinstance(value, str) and value}
    only = call.get("entity_type")
    found: dict[str, list[int]] = {}
    for other in ("LEAD", "CONTACT", "COMPANY"):
        numbers = [
            number
            for (known, number), fields in call.portal.entities.items()
            if known == other
            and only in (None, other)
            and any(_comparable(kind, php.get(one, "VALUE")) in wanted for one in fields.get(kind) or [])
        ]
        if numbers:
            found[other] = numbers[:MOST_VALUES]
    return found or []


def _comparable(kind: str, value: Any) -> str:
    text = str(value or "")
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
    if call.envelope is not None:
        call.envelope["total"] = len(rows)
    return rows


@method("crm.settings.mode.get", "crm")
def settings_mode_get(call: Call) -> Any:
    return 1
