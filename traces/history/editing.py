"""Correcting what a submission that was not delivered says, so that it can be sent."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from django.db.models import Q

from b24app.host.transactions import writing
from b24app.models import Portal
from traces.compose.submitted import submitted_values
from traces.delivery import requeue
from traces.models import Submission

MAX_FIELDS = 100
NOTE = "edited"  # in `Submission.repairs`


def editable(row: Submission) -> dict[str, str]:
    """What the visitor typed into the fields of a submission, by their names; the consent is as it was given."""
    names = dict.fromkeys(name for name, _ in submitted_values(row.body) if name != row.form.consent_field)
    found = {name: row.body[name] for name in names if isinstance(row.body.get(name), str)}
    return dict(list(found.items())[:MAX_FIELDS])


def may(row: Submission) -> bool:
    """Whether a submission has failed with its data still there."""
    is_kept = row.emptied_at is None and row.code != requeue.HELD_TOO_LONG and bool(row.body)
    return row.state == Submission.State.FAILED and is_kept


def save(portal: Portal, pk: uuid.UUID, values: Mapping[str, str]) -> bool:
    """Write these values into a failed submission of the portal's; returns whether it was one.

    It stays recognisable: the sender's own repetition is still the same submission. What it is found by is made anew.
    """
    with writing():
        chosen = requeue.resting(Q(portal=portal, pk=pk)).filter(state=Submission.State.FAILED)
        row = chosen.select_for_update().first()
        if row is None or not may(row):
            return False
        row.body = {**row.body, **values}
        row.terms = None
        row.repairs = list(dict.fromkeys([*row.repairs, NOTE]))
        row.save(update_fields=["body", "terms", "repairs"])
    return True
