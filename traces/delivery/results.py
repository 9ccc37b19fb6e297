"""What an answer makes of a submission, and how that is written down.

`settled` and `failed` change a row in memory and say what to note in its history; `store` writes all rows of a hit in
one commit, unless another worker has taken the hit over meanwhile.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from django.conf import settings
from django.db import connection
from django.utils import timezone

from b24app.api import errors
from b24app.host.transactions import writing
from traces import sentences
from traces.compose import steps
from traces.compose.prepared import Prepared
from traces.delivery import retry
from traces.models import Attempt, Batch, Submission

logger = logging.getLogger(__name__)

# What an answer may change of a row.
_NAMES = {
    *("state", "batch", "alone", "due_at", "tries", "code", "reason"),
    *("progress", "repairs", "trace_id", "entities", "delivered_at", "source"),
}
_ROW_FIELDS = [field for field in Submission._meta.concrete_fields if field.name in _NAMES]
# SQL with the values for each of its executions.
Statements: TypeAlias = list[tuple[str, list[list[Any]]]]
_ATTEMPT_FIELDS = [field for field in Attempt._meta.concrete_fields if not field.primary_key]


def settled(
    row: Submission,
    work: Prepared,
    outcomes: Mapping[tuple[str, str], int | errors.PortalError],
    seconds: float,
    code: str = "",
) -> list[Attempt]:
    """What the results of a step make of a row: `outcomes` by the commands' names and methods.

    `code` says how they are known, where not from the portal's answer.
    """
    good = {name: number for (name, _), number in outcomes.items() if isinstance(number, int)}
    row.progress = steps.after(row.progress, good)
    faults = [(name, method, fault) for (name, method), fault in outcomes.items() if not isinstance(fault, int)]
    more = bool(faults) or bool(steps.next_commands(work, row.progress))
    outcome = Attempt.Outcome.DONE if more else Attempt.Outcome.DELIVERED
    attempts = [_attempt(row, method, outcome, code, "", seconds) for name, method in outcomes if name in good]
    if faults:
        # What the portal refuses decides, whatever else is tried again.
        name, method, fault = min(faults, key=lambda fault: not isinstance(fault[2], errors.Refused))
        return [*attempts, failed(row, [name], method, fault, seconds)]
    if more:
        _unbind(row)
        row.state, row.due_at = Submission.State.QUEUED, row.received_at
        row.code, row.reason, row.alone = "", "", False
    else:
        _end(row, work)
    return attempts


def ended(row: Submission, work: Prepared) -> Attempt:
    """All was made already that is asked for: the form makes less than it did when the row was begun."""
    _end(row, work)
    return _attempt(row, "", Attempt.Outcome.DELIVERED, "", "", 0.0)


def _end(row: Submission, work: Prepared) -> None:
    _unbind(row)
    row.state, row.delivered_at = Submission.State.DELIVERED, timezone.now()
    row.trace_id, row.entities = row.progress.get("trace"), steps.made(work, row.progress)
    row.repairs = list(dict.fromkeys([*row.repairs, *work.repairs]))
    row.source = work.source
    row.tries, row.code, row.reason, row.alone = row.tries + 1, "", "", False


def failed(
    row: Submission,
    names: Sequence[str],
    method: str,
    error: errors.PortalError,
    seconds: float,
    rest_until: datetime | None = None,
) -> Attempt:
    """The portal does not have it, or nobody knows; the table of docs/architecture.md, "What an error means".

    `names` are those of the commands; what may have been made by them is looked for before it is made again, and not
    before `rest_until`, when the portal has certainly ended.
    """
    _unbind(row)
    now = timezone.now()
    if isinstance(error, errors.Ambiguous) and steps.MAKING.isdisjoint(names):
        error = errors.Transient(error.code, error.description, status=error.status)  # it can be asked again
    row.state = Submission.State.QUEUED
    row.due_at = row.received_at  # so that it keeps its place in the line
    if isinstance(error, errors.Wait):
        if error.method:
            row.due_at = now + timedelta(seconds=error.seconds)
        return _attempt(row, method, Attempt.Outcome.WAITED, error.code, error.description, seconds)
    row.code, row.reason = error.code, error.description or str(sentences.OUTCOMES["refused"])
    if isinstance(error, errors.Stop):
        outcome = Attempt.Outcome.HELD
    elif isinstance(error, errors.Refused):
        outcome = Attempt.Outcome.REFUSED
        row.state, row.due_at, row.tries = Submission.State.FAILED, None, row.tries + 1
    else:
        unknown = isinstance(error, errors.Ambiguous)
        outcome = Attempt.Outcome.UNKNOWN if unknown else Attempt.Outcome.RETRY
        row.alone = row.alone or unknown
        if error.status and not (unknown or error.code == "unreadable" or errors.is_known(error.code)):
            logger.warning("submission %s: the portal's error %s is not a known one", row.pk, error.code)
        _try_again(row, now)
        if unknown:
            before, row.progress = row.progress, steps.unsure(row.progress, names)
            if row.due_at and rest_until and row.progress != before:
                row.due_at = max(row.due_at, rest_until)
    return _attempt(row, method, outcome, error.code, error.description, seconds)


def _try_again(row: Submission, now: datetime) -> None:
    row.tries += 1
    if retry.is_over(row.trying_since, now):
        row.state, row.due_at = Submission.State.FAILED, None
        row.reason = f"{sentences.GAVE_UP} {row.reason}"
    else:
        row.due_at = now + timedelta(seconds=retry.delay(row.tries, random.random()))


def _unbind(row: Submission) -> None:
    row.batch = row.due_at = None


def _attempt(row: Submission, method: str, outcome: str, code: str, reason: str, seconds: float) -> Attempt:
    milliseconds = int(seconds * 1000)
    return Attempt(submission=row, method=method, outcome=outcome, code=code, reason=reason, milliseconds=milliseconds)


def ends_at(batch: Batch) -> datetime:
    """When the portal has certainly ended with a hit that was sent: it cuts a request off at 60 s."""
    assert batch.sent_at is not None
    return batch.sent_at + timedelta(seconds=settings.B24_HTTP_TIMEOUT)


def store(batch: Batch, attempts: Sequence[Attempt]) -> bool:
    """Write what became of all rows of a hit, and forget the hit; False where it is another worker's by now."""
    written = prepared(attempts)
    with writing():
        mine = Batch.objects.filter(pk=batch.pk, holder=batch.holder).delete()[0]
        if mine:
            write(written)
    if not mine:
        logger.warning("batch %s: a late answer was not written, another worker has settled it", batch.pk)
    return bool(mine)


def prepared(attempts: Sequence[Attempt]) -> Statements:
    """The statements for `write`: attempts, and what they made of their rows, as it is now.

    An order of magnitude faster than `bulk_update`; and what takes time is done before others have to wait.
    """
    quote = connection.ops.quote_name
    row_table, attempt_table = (quote(model._meta.db_table) for model in (Submission, Attempt))
    changes = ", ".join(f"{quote(str(field.column))} = %s" for field in _ROW_FIELDS)
    columns = ", ".join(quote(str(field.column)) for field in _ATTEMPT_FIELDS)
    places = ", ".join(["%s"] * len(_ATTEMPT_FIELDS))
    rows = list({attempt.submission_id: attempt.submission for attempt in attempts}.values())
    row_values = _values(rows, [*_ROW_FIELDS, Submission._meta.pk])
    return [
        (f"UPDATE {row_table} SET {changes} WHERE {quote('id')} = %s", row_values),
        (f"INSERT INTO {attempt_table} ({columns}) VALUES ({places})", _values(attempts, _ATTEMPT_FIELDS)),
    ]


def write(statements: Statements) -> None:
    """Run what `prepared` has made, within a transaction."""
    with connection.cursor() as cursor:
        for statement, values in statements:
            if values:
                cursor.executemany(statement, values)


def _values(instances: Sequence[Any], fields: Sequence[Any]) -> list[list[Any]]:
    """What the database takes for these fields; each value is turned into that once, since most are alike."""
    known: dict[tuple[int, Any], Any] = {}

    def prepared(number: int, value: Any) -> Any:
        if isinstance(value, (list, dict)):
            return fields[number].get_db_prep_save(value, connection)
        key = (number, value)
        if key not in known:
            known[key] = fields[number].get_db_prep_save(value, connection)
        return known[key]

    names = [field.attname for field in fields]
    return [[prepared(number, getattr(one, name)) for number, name in enumerate(names)] for one in instances]
