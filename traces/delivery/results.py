"""What an answer changes about a submission, and how that is stored.

`settled` and `failed` change a row in memory and say what to note in its history; `save` writes all rows of a batch in
one commit, unless another worker has taken over the batch.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from django.conf import settings
from django.db import connection
from django.db.models import Max
from django.utils import timezone

from b24app.api import errors
from b24app.host.transactions import writing
from b24app.portal import hold, tokens
from traces.compose import consent, existing, search, steps
from traces.compose.prepared import Prepared
from traces.delivery import findable, retry
from traces.models import Attempt, Batch, Submission

logger = logging.getLogger(__name__)

# Why a submission is not sent that no key reads.
UNREADABLE = "submission_unreadable"
# The code of rows whose batch was turned away as a whole: one of them may have been the reason.
SET_ASIDE = "set_aside"
# These are sent apart by so many, and each of them alone if that fails again: one poison among 48 is found in fifteen
# requests.
MAX_SUSPECTS = 7
# What an answer may change of a row.
_CHANGED = {
    *("state", "batch", "isolated", "due_at", "tries", "code", "params"),
    *("progress", "repairs", "trace_id", "entities", "delivered_at", "terms", "rule"),
    *search.CAME_BY,
}
_ROW_FIELDS = [field for field in Submission._meta.concrete_fields if field.name in _CHANGED]
_ATTEMPT_FIELDS = [field for field in Attempt._meta.concrete_fields if not field.primary_key]
# SQL with the values for each of its executions.
Statements: TypeAlias = list[tuple[str, list[list[Any]]]]


def settled(
    row: Submission,
    prepared: Prepared,
    outcomes: Mapping[tuple[str, str], int | errors.PortalError],
    seconds: float,
    code: str = "",
) -> list[Attempt]:
    """Apply the results of a step to a row: `outcomes` by the commands' names and methods.

    `code` says how they are known, if not from the portal's answer.
    """
    numbers = {name: number for (name, _), number in outcomes.items() if isinstance(number, int)}
    faults = [(name, method, fault) for (name, method), fault in outcomes.items() if not isinstance(fault, int)]
    row.progress = steps.after(row.progress, numbers)
    is_unfinished = bool(faults) or bool(steps.next_commands(prepared, row.progress))
    outcome = Attempt.Outcome.DONE if is_unfinished else Attempt.Outcome.DELIVERED
    attempts = [_attempt(row, method, outcome, code, {}, seconds) for name, method in outcomes if name in numbers]
    if faults:
        # What the portal refuses decides, whatever else is tried again.
        name, method, fault = min(faults, key=lambda fault: not isinstance(fault[2], errors.Refused))
        if isinstance(fault, errors.Refused):
            row.progress = existing.unjoined(prepared, row.progress)
        return [*attempts, failed(row, [name], method, fault, seconds)]
    if is_unfinished:
        _leave_batch(row)
        row.state, row.due_at = Submission.State.QUEUED, row.received_at
        row.code, row.params = "", {}
        row.isolated = row.isolated and steps.MAKING.isdisjoint(numbers)  # looking something up clears it of nothing
    else:
        _end(row, prepared)
    return attempts


def ended(row: Submission, prepared: Prepared) -> Attempt:
    """All was made already that is asked for: the form makes less than it did when the row was begun."""
    _end(row, prepared)
    return _attempt(row, "", Attempt.Outcome.DELIVERED, "", {}, 0.0)


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
    _leave_batch(row)
    now = timezone.now()
    if isinstance(error, errors.Ambiguous) and steps.MAKING.isdisjoint(names):
        error = errors.Transient(error.code, error.description, status=error.status)  # it can be asked again
    row.state, row.due_at = Submission.State.QUEUED, row.received_at  # it keeps its place in the line
    params = _params(error)
    if isinstance(error, errors.OtherUser):
        return _attempt(row, method, Attempt.Outcome.RETRY, error.code, params, seconds)
    if isinstance(error, errors.Wait):
        row.due_at = now + timedelta(seconds=error.seconds) if error.method else row.received_at
        return _attempt(row, method, Attempt.Outcome.WAITED, error.code, params, seconds)
    row.code, row.params = error.code, params
    if isinstance(error, errors.Refused) or consent.is_forgone(names, error):
        outcome = _refused(row, names, error)
    elif isinstance(error, errors.Stop):
        outcome = Attempt.Outcome.HELD
    elif isinstance(error, errors.Ambiguous):
        outcome = Attempt.Outcome.UNKNOWN
        _try_unsure_again(row, names, now, rest_until)
    elif isinstance(error, errors.Poison):
        outcome, row.isolated, row.tries = Attempt.Outcome.RETRY, True, row.tries + 1  # at once, behind the others
    else:
        outcome = Attempt.Outcome.RETRY
        _log_unknown(row, error)
        _try_again(row, now, names)
    return _attempt(row, method, outcome, error.code, params, seconds)


def unreadable(row: Submission) -> Attempt:
    """No key can read the row. It is tried again, because the operator may restore the key.

    If the portal's own secrets cannot be read either, the key is missing altogether: the portal is held for that, and
    the row waits without using up its three days. Not to be called within `b24app.host.transactions`.
    """
    logger.error("submission %s: no key of FIELD_ENCRYPTION_KEYS reads it", row.pk)
    error: errors.PortalError = errors.Transient(UNREADABLE)
    try:
        tokens.current(row.portal)
    except errors.Stop as stop:
        error = stop
        hold.hold(row.portal, stop.code)
    except errors.Wait:
        pass  # its token is being renewed, so it was read
    return failed(row, [], "", error, 0.0)


def _refused(row: Submission, names: Sequence[str], error: errors.PortalError) -> Attempt.Outcome:
    row.tries += 1
    if consent.is_forgone(names, error):
        forgo_consent(row)
    else:
        row.state, row.due_at = Submission.State.FAILED, None
    return Attempt.Outcome.REFUSED


def forgo_consent(row: Submission) -> None:
    """The portal does not take the visitor's consent, which is kept here: the row has ended without it.

    It is due, so that whoever claims it next finds that nothing is left to do.
    """
    row.state, row.due_at, row.code, row.params = Submission.State.QUEUED, row.received_at, "", {}
    row.progress = {**row.progress, consent.NAME: 0}
    row.repairs.append("consent_not_written")


def ends_at(batch: Batch) -> datetime:
    """When the portal has certainly ended with a batch that was sent: it cuts a request off at 60 s."""
    assert batch.sent_at is not None
    return batch.sent_at + timedelta(seconds=settings.B24_HTTP_TIMEOUT)


def save(batch: Batch, attempts: Sequence[Attempt]) -> bool:
    """Write what became of all rows of a batch, and remove the batch. False if another worker has it by now."""
    _merge_waits(attempts)
    prepared_statements = statements(attempts)
    with writing():
        mine = Batch.objects.filter(pk=batch.pk, lease_id=batch.lease_id).delete()[0]
        if mine:
            execute(prepared_statements)
    if not mine:
        logger.warning("batch %s: a late answer was not written, another worker has settled it", batch.pk)
    return bool(mine)


def statements(attempts: Sequence[Attempt]) -> Statements:
    """The SQL for attempts, and for what they made of their rows; made before others have to wait for the lock.

    Sources that are new are stored at once: not to be called within `b24app.host.transactions`.

    A submission costs 0.44 ms this way, an order of magnitude less than by `bulk_update` (docs/benchmarks.md).
    """
    quote = connection.ops.quote_name
    row_table, attempt_table = (quote(model._meta.db_table) for model in (Submission, Attempt))
    changes = ", ".join(f"{quote(str(field.column))} = %s" for field in _ROW_FIELDS)
    columns = ", ".join(quote(str(field.column)) for field in _ATTEMPT_FIELDS)
    placeholders = ", ".join(["%s"] * len(_ATTEMPT_FIELDS))
    merged = ", ".join(f"{quote(str(field.column))} = %s" for field in _ATTEMPT_FIELDS)
    rows = list({attempt.submission_id: attempt.submission for attempt in attempts}.values())
    findable.keep_sources(rows)
    row_values = _values(rows, [*_ROW_FIELDS, Submission._meta.pk])
    new_values = _values([attempt for attempt in attempts if attempt.pk is None], _ATTEMPT_FIELDS)
    merged_values = _values([attempt for attempt in attempts if attempt.pk], [*_ATTEMPT_FIELDS, Attempt._meta.pk])
    return [
        (f"UPDATE {row_table} SET {changes} WHERE {quote('id')} = %s", row_values),
        (f"INSERT INTO {attempt_table} ({columns}) VALUES ({placeholders})", new_values),
        (f"UPDATE {attempt_table} SET {merged} WHERE {quote('id')} = %s", merged_values),
    ]


def _merge_waits(attempts: Sequence[Attempt]) -> None:
    """A wait that repeats the last line of a row's history takes its place, with how often that came in a row."""
    waits = {attempt.submission_id: attempt for attempt in attempts if attempt.outcome == Attempt.Outcome.WAITED}
    if not waits:
        return
    last = Attempt.objects.filter(submission__in=waits).order_by().values("submission").annotate(last=Max("pk"))
    for former in Attempt.objects.filter(pk__in=last.values("last"), outcome=Attempt.Outcome.WAITED):
        wait = waits[former.submission_id]
        if (former.method, former.code) == (wait.method, wait.code):
            wait.pk, wait.params = former.pk, {**wait.params, "times": int(former.params.get("times", 1)) + 1}


def execute(prepared_statements: Statements) -> None:
    """Run what `statements` has made, within a transaction."""
    with connection.cursor() as cursor:
        for statement, values in prepared_statements:
            if values:
                cursor.executemany(statement, values)


def _end(row: Submission, prepared: Prepared) -> None:
    _leave_batch(row)
    row.state, row.delivered_at = Submission.State.DELIVERED, timezone.now()
    row.trace_id, row.entities = row.progress.get("trace"), steps.made(prepared, row.progress)
    row.repairs = list(dict.fromkeys([*row.repairs, *prepared.repairs]))
    row.came_by = prepared.came_by
    row.rule_id = prepared.rule.id if prepared.rule else None
    if row.terms is None:
        row.terms = findable.terms(row, prepared)
    row.tries, row.code, row.params, row.isolated = row.tries + 1, "", {}, False


def _leave_batch(row: Submission) -> None:
    row.batch = row.due_at = None


def _try_unsure_again(row: Submission, names: Sequence[str], now: datetime, rest_until: datetime | None) -> None:
    """Nobody knows what the commands made: the row travels alone, and what can be looked for is looked for first."""
    row.isolated = True
    _try_again(row, now, names)
    before, row.progress = row.progress, steps.unsure(row.progress, names)
    if row.due_at and rest_until and row.progress != before:
        row.due_at = max(row.due_at, rest_until)


def _log_unknown(row: Submission, error: errors.PortalError) -> None:
    if error.status and error.code != "unreadable" and not errors.is_known(error.code):
        facts = {"portal": row.portal_id, "submission": row.pk}
        logger.warning("submission %s: the portal's error %s is not a known one", row.pk, error.code, extra=facts)


def _try_again(row: Submission, now: datetime, names: Sequence[str]) -> None:
    row.tries += 1
    if retry.is_over(row.trying_since, now) and list(names) == [consent.NAME]:
        forgo_consent(row)
    elif retry.is_over(row.trying_since, now):
        row.state, row.due_at = Submission.State.FAILED, None
        row.params = {**row.params, "gave_up": True}
    else:
        row.due_at = now + timedelta(seconds=retry.delay(row.tries, random.random()))


def _params(error: errors.PortalError) -> dict[str, str | int]:
    """What fills in the sentence of an error (`traces.sentences.failures`): the portal's words, else the status."""
    if error.description:
        return {"words": error.description}
    return {"status": error.status} if error.status >= 400 else {}


def _attempt(
    row: Submission, method: str, outcome: str, code: str, params: dict[str, str | int], seconds: float
) -> Attempt:
    milliseconds = int(seconds * 1000)
    return Attempt(submission=row, method=method, outcome=outcome, code=code, params=params, milliseconds=milliseconds)


def _values(instances: Sequence[Any], fields: Sequence[Any]) -> list[list[Any]]:
    """What the database takes for these fields. Each value is adapted once, since most are alike."""
    adapted: dict[tuple[int, Any], Any] = {}

    def adapt(number: int, value: Any) -> Any:
        if value and isinstance(value, (list, dict)):
            return fields[number].get_db_prep_save(value, connection)
        key = (number, str(value) if isinstance(value, (list, dict)) else value)
        if key not in adapted:
            adapted[key] = fields[number].get_db_prep_save(value, connection)
        return adapted[key]

    names = [field.attname for field in fields]
    return [[adapt(number, getattr(row, name)) for number, name in enumerate(names)] for row in instances]
