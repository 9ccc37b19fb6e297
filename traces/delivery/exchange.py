"""What a portal was asked and what it answered, as an attempt keeps it: the Market asks for three days of that.

The names of the fields stand in it and of what kind their values are, not the values: those that visitors typed are
nobody's business here, and so nothing needs to be encrypted or can leak. The portal's own words stand with the
attempt's reason.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from b24app.api import errors
from b24app.api.batch import Command
from traces.models import Attempt

MAX_BYTES = 8 * 1024
# Of a long list or a deep map this much is told.
MAX_ITEMS, MAX_NAME, MAX_DEPTH = 100, 60, 6
# Values that are the portal's own numbers and codes, or ours: what helps to find a fault and says nothing of a visitor.
_TOLD = frozenset(
    {
        *("ID", "ORIGINATOR_ID", "ORIGIN_ID", "SOURCE_ID", "STATUS_ID", "STAGE_ID", "CATEGORY_ID", "TYPE_ID"),
        *("ASSIGNED_BY_ID", "CONTACT_ID", "COMPANY_ID", "LEAD_ID", "DEAL_ID", "CURRENCY_ID", "OPENED"),
        *("VALUE_TYPE", "ENTITY_TYPE", "TYPE", "REGISTER_SONET_EVENT"),
    }
)
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_.:-]{0,39}|[0-9]{1,9}|[0-9a-f]{8}-[0-9a-f-]{27}")
Outcomes: TypeAlias = Mapping[tuple[str, str], int | errors.PortalError]
_GOOD = (Attempt.Outcome.DONE, Attempt.Outcome.DELIVERED)


def noted(attempts: Sequence[Attempt], commands: Mapping[str, Command], outcomes: Outcomes) -> Sequence[Attempt]:
    """The attempts of a step, each with what was asked by its command and answered to it."""
    left = list(outcomes.items())
    for attempt in attempts:
        for place, ((name, method), outcome) in enumerate(left):
            if method == attempt.method and _is_of(attempt, outcome):
                attempt.exchange = text_of(commands[name], outcome)
                del left[place]
                break
    return attempts


def failed(attempt: Attempt, commands: Mapping[str, Command], error: errors.PortalError) -> Attempt:
    """The attempt of a row whose request failed as a whole, with what was asked and answered."""
    attempt.exchange = text_of(next(iter(commands.values())), error)
    return attempt


def _is_of(attempt: Attempt, outcome: int | errors.PortalError) -> bool:
    if isinstance(outcome, int):
        return attempt.outcome in _GOOD
    return attempt.outcome not in _GOOD and attempt.code == outcome.code


def text_of(command: Command, outcome: int | errors.PortalError) -> str:
    """What was asked and answered as JSON, of at most `MAX_BYTES`."""
    asked, answered = shape("", command.params), _answer(outcome)
    text = json.dumps({"method": command.method, "asked": asked, "answered": answered}, separators=(",", ":"))
    if len(text) > MAX_BYTES:  # ASCII, so a character is a byte
        short = {"method": command.method, "asked": f"{len(text)} bytes", "answered": answered}
        text = json.dumps(short, separators=(",", ":"))
    return text


def read(text: str | None) -> tuple[str, str]:
    """The request and the answer, each as indented JSON; empty if not kept."""
    if not text:
        return "", ""
    kept = json.loads(text)
    asked = {kept["method"]: kept["asked"]}
    return json.dumps(asked, indent=2, ensure_ascii=False), json.dumps(kept["answered"], indent=2, ensure_ascii=False)


def shape(name: str, value: Any, depth: int = 0) -> Any:
    """A value without what it says: its kind, and how long a text is; the portal's own codes as they are."""
    if isinstance(value, Mapping) and depth < MAX_DEPTH:
        return dict(_shapes(value, depth))
    if isinstance(value, (list, tuple)) and depth < MAX_DEPTH:
        more = len(value) - MAX_ITEMS
        shapes = [shape(name, item, depth + 1) for item in value[:MAX_ITEMS]]
        return [*shapes, f"{more} more"] if more > 0 else shapes
    if name.upper() in _TOLD and _CODE.fullmatch(str(value)):
        return value
    return f"text({len(value)})" if isinstance(value, str) else type(value).__name__


def _shapes(value: Mapping[Any, Any], depth: int) -> Iterator[tuple[str, Any]]:
    for place, (key, item) in enumerate(value.items()):
        if place == MAX_ITEMS:
            yield "…", f"{len(value) - MAX_ITEMS} more"
            break
        yield str(key)[:MAX_NAME], shape(str(key), item, depth + 1)


def _answer(outcome: int | errors.PortalError) -> dict[str, Any]:
    if isinstance(outcome, int):
        return {"status": 200, "result": outcome}
    answer: dict[str, Any] = {"status": outcome.status} if outcome.status else {}
    return {**answer, "error": outcome.code[:MAX_NAME], "description": f"text({len(outcome.description)})"}
