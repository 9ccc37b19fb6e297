"""Keeping what the portal lists of the leads and deals that we made (`traces.models.CrmRecord`)."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from b24app.host.transactions import writing
from b24app.models import Portal
from traces.compose import search
from traces.compose.crm_rows import DEAL, LEAD, Row
from traces.delivery import findable
from traces.models import CrmRecord, Submission

# What a look writes over what an earlier one has found; the rest is known from the first one on.
_CHANGES = ("lead", "semantic", "amount", "currency", "closed_on", "looked_at")


# The form, the source's number and the arrival of a submission.
_Submission = tuple[int, int | None, datetime]


@dataclass(frozen=True, slots=True)
class _Origin:
    """Where a record came from: the numbers of the form, the source and the campaign, and when."""

    form: int | None
    source: int | None
    campaign: int | None
    came_at: datetime


def keep(portal: Portal, listed: Sequence[Row], looked_at: datetime) -> None:
    """Keep these rows; `looked_at` is when the look began that has found them. Not to be called in a transaction."""
    if not listed:
        return
    leads = _known(portal, LEAD, {row.lead for row in listed if row.lead})
    known = _known(portal, listed[0].record, {row.number for row in listed})
    new = [row for row in listed if row.number not in known]
    origins = known | _origins(portal, new, leads, looked_at)
    records = [
        _record(portal, row, origins[row.number], row.lead if row.lead in leads else None, looked_at) for row in listed
    ]
    with writing():
        CrmRecord.objects.bulk_create(
            records,
            update_conflicts=True,
            unique_fields=["portal", "record", "number"],
            update_fields=_CHANGES,
        )


def _known(portal: Portal, record: str, numbers: Iterable[int]) -> dict[int, _Origin]:
    """Where those records come from that were found before."""
    rows = CrmRecord.objects.filter(portal=portal, record=record, number__in=numbers)
    values = rows.values_list("number", "form", "source", "campaign", "came_at")
    return {number: _Origin(form, source, campaign, came_at) for number, form, source, campaign, came_at in values}


def _origins(portal: Portal, new: Sequence[Row], leads: dict[int, _Origin], now: datetime) -> dict[int, _Origin]:
    """Where new ones come from: from their lead, else from their submission, else as the record itself says."""
    submissions = _submissions(portal, new)
    texts = {_source_text(row) for row in new} | {row.campaign for row in new}
    numbers = findable.sources(portal.pk, texts - {""})
    found = {}
    for row in new:
        if row.record == DEAL and (lead := leads.get(row.lead)):
            found[row.number] = lead
            continue
        form, source, came_at = submissions.get(row.origin, (None, None, row.created_at or now))
        source = source or numbers.get(_source_text(row))
        found[row.number] = _Origin(form, source, numbers.get(row.campaign), came_at)
    return found


def _source_text(row: Row) -> str:
    """The source as the record says it, for what has no submission any more."""
    return f"{search.UTM_SOURCE}:{row.source}" if row.source else ""


def _submissions(portal: Portal, rows: Sequence[Row]) -> dict[str, _Submission]:
    """The form, the source and the arrival of the submissions that made these, as far as they are still there."""
    ids = [pk for row in rows if (pk := _uuid(row.origin))]
    found = Submission.objects.filter(portal=portal, pk__in=ids).values_list("pk", "form", "source", "received_at")
    return {str(pk): (form, source, received_at) for pk, form, source, received_at in found}


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def _record(portal: Portal, row: Row, origin: _Origin, lead: int | None, looked_at: datetime) -> CrmRecord:
    return CrmRecord(
        portal=portal,
        record=row.record,
        number=row.number,
        lead=lead,
        form_id=origin.form,
        source_id=origin.source,
        campaign_id=origin.campaign,
        came_at=origin.came_at,
        semantic=row.semantic,
        amount=row.amount,
        currency=row.currency,
        closed_on=row.closed_on,
        looked_at=looked_at,
    )
