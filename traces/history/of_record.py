"""The submissions that made a record of the CRM, or came to it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from b24app.models import Portal
from traces.compose.records import BY_NAME
from traces.compose.steps import ORIGINATOR
from traces.models import Submission

# Those that a record does not name itself are looked for among the newest deliveries: no index holds their records.
MAX_SEARCHED = 2000
MAX_FOUND = 20
Pair = tuple[str, int]


def submissions(portal: Portal, record: str, number: int, fields: Mapping[str, Any]) -> list[Submission]:
    """The submissions of a record, the newest first; `fields` is what the portal says of it (`crm.lead.get` …).

    A record that was made names its submission. One that was found names none, nor does a deal that came of a lead:
    these are looked for, by the lead too, among the newest `MAX_SEARCHED` deliveries.
    """
    wanted = {(BY_NAME[record].type, number)}
    if lead := _number(fields.get("LEAD_ID")):
        wanted.add((BY_NAME["lead"].type, lead))
    ids = set(_searched(portal, wanted))
    named = _named(fields)
    rows = Submission.objects.filter(portal=portal, pk__in=ids | {named} - {None}).select_related("form")
    # A record's fields can be changed by anybody who may change the record: they prove nothing alone.
    found = [row for row in rows if row.pk in ids or _made(row) & wanted]
    return sorted(found, key=lambda row: row.received_at, reverse=True)[:MAX_FOUND]


def _searched(portal: Portal, wanted: set[Pair]) -> list[uuid.UUID]:
    newest = Submission.objects.filter(portal=portal, state=Submission.State.DELIVERED).order_by("-received_at")
    rows = newest.values_list("pk", "entities")[:MAX_SEARCHED]
    return [pk for pk, entities in rows if wanted & _pairs(entities)]


def _named(fields: Mapping[str, Any]) -> uuid.UUID | None:
    """The submission that a record names as the one that made it."""
    if fields.get("ORIGINATOR_ID") != ORIGINATOR:
        return None
    try:
        return uuid.UUID(str(fields.get("ORIGIN_ID")))
    except ValueError:
        return None


def _made(row: Submission) -> set[Pair]:
    """What a submission has become, or as far as it has come."""
    progress = {(BY_NAME[name].type, number) for name, number in row.progress.items() if name in BY_NAME}
    return _pairs(row.entities) | progress


def _pairs(entities: list[dict[str, Any]]) -> set[Pair]:
    return {(str(entity.get("TYPE")), _number(entity.get("ID"))) for entity in entities}


def _number(value: Any) -> int:
    text = str(value or "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
