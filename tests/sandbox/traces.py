"""The REST methods for traces, and the traces that the CRM's own methods leave.

Source: the fact sheet on TRACE, §§3 and 6.
"""

from __future__ import annotations

from typing import Any

from tests.sandbox import php, tracking
from tests.sandbox.methods import Call, RestError, method
from tests.sandbox.portal import SITES
from tests.sandbox.tracking import TAGS, TYPES, Trace

UNTOUCHABLE = 900000  # records from this ID on may not be modified
BY_TYPE_ID = {number: kind for kind, number in TYPES.items()}


def _core(text: str) -> RestError:
    return RestError("ERROR_CORE", text)


@method("crm.tracking.trace.add", "crm")
def trace_add(call: Call) -> Any:
    text = call.get("TRACE")
    if not php.truthy(text):
        raise _core("Parameter `TRACE` required.")
    if isinstance(text, (list, dict)):
        raise php.TypeStop("TRACE is an array")
    try:
        trace = _load(call, php.text(text))
    except ValueError:
        raise _core("Can not parse JSON in parameter `TRACE`.") from None
    entities = _checked_entities(call)
    _save(call, trace)
    for kind, number in entities:
        _link(call, trace, kind, number)
    return trace.id


def _load(call: Call, text: str) -> Trace:
    return tracking.load(text, call.portal.sources or (), SITES, int(call.portal.clock.now()))


def _checked_entities(call: Call) -> list[tuple[str, int]]:
    """The records to link; all are checked before anything is written. What is no array counts as none."""
    found = []
    for entry in php.items(call.get("ENTITIES")):
        kind, number = php.get(entry, "TYPE"), php.get(entry, "ID")
        if not isinstance(kind, str) or kind not in TYPES:
            raise _core(f"Wrong TYPE in parameter `ENTITIES`. Allowed types: {','.join(sorted(TYPES))}")
        if not php.is_numeric(number) or float(number) <= 0:
            raise _core("Wrong ID in parameter `ENTITIES`.")
        if not may_update(call, kind, php.integer(number)):
            raise _core(f"You have no access to entity `{kind}` with ID `{php.text(number)}`.")
        found.append((kind, php.integer(number)))
    return found


def may_update(call: Call, kind: str, number: int) -> bool:
    """Whether the caller may change a record; an administrator may, even one that does not exist."""
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
    """Link a trace and its former visits; the record gets the trace's tags where it has no UTM at all."""
    fields = call.portal.entities.get((kind, number))
    if fields is None and kind != "QUOTE":
        return  # skipped without a word
    for one in (trace, *trace.previous):  # the golden file counts a pair that is linked twice as two
        one.entities.append([TYPES[kind], number])
    if fields is not None and not any(fields.get(tag) for tag in TAGS):
        fields.update(trace.tags)


def link_as_well(call: Call, record: tuple[str, int], others: list[tuple[str, int]]) -> None:
    """Link the traces of a record to others too, as a lead's conversion does."""
    mine = [TYPES[record[0]], record[1]]
    for trace in [one for one in call.portal.traces if mine in one.entities]:
        for kind, number in others:
            _link(call, trace, kind, number)


@method("crm.tracking.trace.delete", "crm")
def trace_delete(call: Call) -> None:
    number = php.integer(call.get("id"))
    if not number:
        raise _core("Parameter `id` required.")
    trace = _known(call, number)
    if trace is None:
        return
    trace.entities = [link for link in trace.entities if not may_update(call, BY_TYPE_ID[link[0]], link[1])]
    if not trace.entities:
        call.portal.traces[number - 1] = Trace()  # the numbers of the others stay


def _known(call: Call, number: int) -> Trace | None:
    trace = call.portal.traces[number - 1] if 0 < number <= len(call.portal.traces) else None
    return trace if trace and trace.id else None


# --- What a record's add and update leave -----------------------------------------------------------


def of_new_record(call: Call, kind: str, number: int, given: dict[str, Any]) -> None:
    """Every classic add leaves a trace: an existing one by its number, one from TRACE, or an empty one."""
    text = given.get("TRACE")
    trace = _known(call, php.integer(text)) if php.is_numeric(text) else None
    if trace is None:
        trace = _of_fields(call, text, given)
        _save(call, trace)
    trace.channels.append(["rest", ""])
    _link(call, trace, kind, number)
    if kind == "DEAL":
        for key in ("CONTACT_ID", "COMPANY_ID"):  # a fault of the server: the company is linked as a contact
            if php.truthy(given.get(key)):
                _link(call, trace, "CONTACT", php.integer(given[key]))


def of_updated_record(call: Call, kind: str, number: int, given: dict[str, Any]) -> None:
    """An update leaves one only where its UTM_SOURCE means another source than the latest trace's."""
    trace = _of_fields(call, None, given)
    linked = [one.source_id for one in call.portal.traces if [TYPES[kind], number] in one.entities]
    if kind != "QUOTE" and trace.source_id and linked[-1:] != [trace.source_id]:
        _save(call, trace)
        trace.channels.append(["rest", ""])
        _link(call, trace, kind, number)


def _of_fields(call: Call, text: Any, given: dict[str, Any]) -> Trace:
    """The trace of a TRACE text, the UTM fields of the same call on top; its source stays where it has one."""
    try:
        trace = _load(call, text) if isinstance(text, str) else Trace()
    except ValueError:
        trace = Trace()
    utm = {tag: php.text(given[tag]) for tag in TAGS if php.truthy(given.get(tag))}
    trace.tags.update(utm)
    if utm and not trace.source_id:
        trace.source_id = tracking.source_of(trace.tags, "", call.portal.sources or ())
    return trace
