"""Deleting what somebody chose, and putting it back within a minute.

What was deleted is in its table no more, so nothing sends, counts or shows it; until the minute is over it rests
encrypted in a table of its own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.db import IntegrityError, models, transaction
from django.db.models import QuerySet
from django.utils import timezone

from b24app.host.encryption import UnreadableObject
from b24app.host.transactions import writing
from b24app.models import Portal
from traces.delivery import wake
from traces.models import Attempt, Form, Removed, Submission

MAY_RETURN = timedelta(minutes=1)
Row = TypeVar("Row", bound=models.Model)


def remove(portal: Portal, rows: QuerySet[Submission]) -> tuple[int, int | None]:
    """Delete these few rows of the portal's: how many they were, and the number by which `restore` puts them back.

    The number is None where there is nothing to put back. What a worker has taken must not be among them.
    """
    forget(timezone.now())
    with writing():
        # Locked, so that none is deleted that a worker takes in this moment; those it has are left to it.
        found = list(rows.filter(portal=portal).select_for_update(skip_locked=True))
        # What no key reads would not come back as it was.
        kept = [row for row in found if not isinstance(row.body, UnreadableObject)]
        attempts = Attempt.objects.filter(submission__in=[row.pk for row in kept]).order_by("id")
        content = {"submissions": [_written(row) for row in kept], "attempts": [_written(one) for one in attempts]}
        Submission.objects.filter(pk__in=[row.pk for row in found]).only("pk").delete()
        removed = Removed.objects.create(portal=portal, content=content) if kept else None
    return len(found), removed.pk if removed else None


def restore(portal: Portal, number: int) -> int:
    """Put back what was deleted less than a minute ago: how many submissions; 0 where that is not possible any more.

    It is not where the form is deleted too, or the same submission has come anew.
    """
    fresh = Removed.objects.filter(portal=portal, pk=number, at__gt=timezone.now() - MAY_RETURN)
    try:
        with writing(), transaction.atomic():
            removed = fresh.select_for_update().first()
            restored = _put_back(portal, removed) if removed else 0
    except IntegrityError:
        return 0
    if restored:
        wake.wake(portal.pk)
    return restored


def forget(now: datetime) -> None:
    """Erase what was deleted more than a minute ago."""
    old = Removed.objects.filter(at__lte=now - MAY_RETURN)
    if old.exists():
        with writing():
            old.delete()


def _put_back(portal: Portal, removed: Removed) -> int:
    forms = set(Form.objects.filter(portal=portal).values_list("pk", flat=True))
    rows = [_read(Submission, facts) for facts in removed.content["submissions"] if facts["form_id"] in forms]
    there = {row.pk for row in rows}
    Submission.objects.bulk_create(rows)
    attempts = [_read(Attempt, {**facts, "id": None}) for facts in removed.content["attempts"]]
    Attempt.objects.bulk_create(attempt for attempt in attempts if attempt.submission_id in there)
    removed.delete()
    return len(rows)


def _written(row: models.Model) -> dict[str, Any]:
    """The values of a row's columns, as JSON can hold them."""
    values = {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}
    written: dict[str, Any] = json.loads(json.dumps(values, default=str))
    return written


def _read(model: type[Row], values: Mapping[str, Any]) -> Row:
    """The row that these values were."""
    fields = {field.attname: field for field in model._meta.concrete_fields}
    return model(
        **{
            name: fields[name].to_python(value) if isinstance(value, str) else value
            for name, value in values.items()
            if name in fields
        }
    )
