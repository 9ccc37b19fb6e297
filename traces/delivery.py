"""How a submission is delivered: claim due rows, call the portal, settle each row by what the answer means.

Every step is one committed update. A row is called for under a claim only, and its result is written under
the same claim only, so that a worker that was frozen or killed can neither keep a row nor overwrite another's
result. A call that was out when its worker died is found by `calling_since`, and recorded as unknown.
"""

from __future__ import annotations

import logging
import math
import random
import time
import traceback
import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from b24app import errors, portals, wakeups
from b24app.models import Portal
from traces import plan, retry, sentences, trace
from traces.models import Attempt, Submission

logger = logging.getLogger(__name__)

# Rows that one claim takes: few, so that those a dead worker held come back soon.
CLAIM_ROWS = 10
# Rows that one statement changes when many are sent again.
CHUNK_ROWS = 500
# A wait longer than this is left to the sweep.
LONGEST_COUNTDOWN_SECONDS = 20.0


class ClaimLost(Exception):
    """The claim on this row ran out and somebody else has it."""


def due(now: datetime) -> QuerySet[Submission]:
    """Rows that may be worked on: waiting ones whose time has come, and claimed ones whose worker is gone."""
    return Submission.objects.filter(state__in=[Submission.State.QUEUED, Submission.State.SENDING], due_at__lte=now)


def due_portals(now: datetime) -> list[int]:
    """Portals with due rows that may be called now, held ones whose probe has come included."""
    open_now = Q(state=Portal.State.ACTIVE) | Q(state=Portal.State.HELD, probe_at__lte=now)
    rested = Q(paused_until__isnull=True) | Q(paused_until__lte=now)
    return list(
        Portal.objects.filter(open_now, rested, pk__in=due(now).values("portal_id")).values_list("pk", flat=True)
    )


def drain(portal_id: int) -> float | None:
    """Work on a portal's due rows for one turn.

    Returns the seconds after which to come back, or None where nothing is left that cannot wait for the sweep.
    A row that was stored while all lanes were taken is seen by the look after the last turn: its wake-up came
    before that, or it may send one of its own, since the former has been answered by then.
    """
    with wakeups.lane(portal_id, settings.TURN_SECONDS + settings.CLAIM_SECONDS) as mine:
        if not mine:
            return None  # those who hold the lanes look once more after they have left them
        portal = Portal.objects.filter(pk=portal_id).first()
        if portal is None or portal.state == Portal.State.UNINSTALLED:
            return None
        again = _turn(portal)
    wakeups.woken(portal_id)
    return 0.0 if again is None and portal_id in due_portals(timezone.now()) else again


def _turn(portal: Portal) -> float | None:
    until = time.monotonic() + settings.TURN_SECONDS
    while time.monotonic() < until:
        now = timezone.now()
        if portal.state == Portal.State.UNINSTALLED:
            return None
        if portal.paused_until and portal.paused_until > now:
            return _soon((portal.paused_until - now).total_seconds())
        probing = portal.state == Portal.State.HELD
        if probing and not _take_probe(portal, now):
            return None
        rows = claim(portal, now, 1 if probing else CLAIM_ROWS)
        if not rows:
            return _next_due(portal, now)
        if rest_seconds := _deliver_all(portal, rows, until):
            return _soon(rest_seconds)
        portal.refresh_from_db()
    return 0.0


def _take_probe(portal: Portal, now: datetime) -> bool:
    """Whether this worker is the one to try a held portal now."""
    return bool(
        Portal.objects.filter(pk=portal.pk, state=Portal.State.HELD, probe_at__lte=now).update(
            probe_at=now + portals.PROBE_EVERY
        )
    )


def _next_due(portal: Portal, now: datetime) -> float | None:
    first = (
        Submission.objects.filter(portal=portal, state=Submission.State.QUEUED, due_at__gt=now)
        .order_by("due_at")
        .values_list("due_at", flat=True)
        .first()
    )
    return _soon((first - now).total_seconds()) if first else None


def _soon(seconds: float) -> float | None:
    return max(seconds, 0.05) if seconds <= LONGEST_COUNTDOWN_SECONDS else None


def claim(portal: Portal, now: datetime, limit: int) -> list[Submission]:
    """Take up to `limit` due rows of the portal, the oldest first; no other worker has them until `due_at`."""
    mine = uuid.uuid4()
    ids = list(due(now).filter(portal=portal).order_by("due_at").values_list("pk", flat=True)[:limit])
    if not ids:
        return []
    due(now).filter(pk__in=ids).update(
        state=Submission.State.SENDING, claim_id=mine, due_at=now + timedelta(seconds=settings.CLAIM_SECONDS)
    )
    return list(Submission.objects.filter(claim_id=mine).select_related("form").order_by("received_at"))


def _deliver_all(portal: Portal, rows: list[Submission], until: float) -> float:
    """Deliver claimed rows until the turn ends or the portal needs a rest; returns the seconds of that rest.

    Rows that were not called for go back.
    """
    for number, row in enumerate(rows):
        if time.monotonic() >= until:
            _release(rows[number:])
            break
        if rest_seconds := deliver(portal, row):
            _release(rows[number + 1 :])
            return rest_seconds
    return 0.0


def _release(rows: list[Submission]) -> None:
    """Give back rows that were claimed and not called for."""
    for row in rows:
        _held_by(row).filter(calling_since__isnull=True).update(
            state=Submission.State.QUEUED, claim_id=None, due_at=row.received_at
        )


def _held_by(row: Submission) -> QuerySet[Submission]:
    return Submission.objects.filter(pk=row.pk, claim_id=row.claim_id, state=Submission.State.SENDING)


def deliver(portal: Portal, row: Submission) -> float:
    """Make one call for a claimed row and settle it.

    Returns for how many seconds the portal must be left alone: 0 to go on, infinity where it is held.
    """
    if row.calling_since:
        _record_lost_call(row)
    method, began = plan.TRACE_ADD, time.monotonic()
    try:
        built = trace.build(row.body, int(row.received_at.timestamp()))
        (command,) = plan.commands(row.form.creates, row.body, built.text)
        trace_id = portals.call(portal, command.method, command.params, before_hit=lambda: _begin(row, command.method))
        if type(trace_id) is not int or not 0 < trace_id < 2**63:
            raise errors.Ambiguous("unreadable", "The portal's answer is not a trace's number.")
    except ClaimLost:
        logger.warning("submission %s: the claim ran out, another worker has it", row.pk)
        return 0.0
    except errors.PortalError as error:
        return _failed(portal, row, method, error, time.monotonic() - began)
    except DatabaseError:
        raise  # nothing can be settled now; the claim runs out and the row is due again
    except Exception as error:
        # A fault of ours that this row brings out must not keep the others from being sent. The error's text may
        # hold the visitor's data, so only its place is logged.
        place = "".join(traceback.format_tb(error.__traceback__)[-2:])
        logger.error("submission %s: %s at\n%s", row.pk, type(error).__name__, place)
        fault = errors.Ambiguous("internal_error", "A fault of Trace Relay; its operator has been told.")
        return _failed(portal, row, method, fault, time.monotonic() - began)
    _delivered(row, command, trace_id, time.monotonic() - began)
    portals.end_pauses(portal)
    if portal.state == Portal.State.HELD:
        portals.resume(portal)
    return 0.0


def _begin(row: Submission, method: str) -> None:
    """Mark that a call goes out now, and hold the row for as long as that call can take."""
    now = timezone.now()
    begun = _held_by(row).update(
        calling_since=now, calling_method=method, due_at=now + timedelta(seconds=settings.CLAIM_SECONDS)
    )
    if not begun:
        raise ClaimLost


def _record_lost_call(row: Submission) -> None:
    """A worker died while its call was out: say so before the call is repeated."""
    with transaction.atomic():
        cleared = _held_by(row).filter(calling_since__isnull=False).update(calling_since=None, tries=F("tries") + 1)
        if cleared:
            Attempt.objects.create(
                submission=row,
                at=row.calling_since or timezone.now(),
                method=row.calling_method,
                outcome=Attempt.Outcome.UNKNOWN,
                code="worker_lost",
                reason=str(sentences.WORKER_LOST),
            )
            row.tries += 1


def _delivered(row: Submission, command: plan.Command, trace_id: int, seconds: float) -> None:
    _settle(
        row,
        Attempt(method=command.method, outcome=Attempt.Outcome.DELIVERED, milliseconds=int(seconds * 1000)),
        state=Submission.State.DELIVERED,
        delivered_at=timezone.now(),
        trace_id=trace_id,
        entities=command.params.get("ENTITIES", []),
        tries=row.tries + 1,
        code="",
        reason="",
    )


def _failed(portal: Portal, row: Submission, method: str, error: errors.PortalError, seconds: float) -> float:
    """Settle a row by what its error means; the table of docs/architecture.md, "What an error means"."""
    now = timezone.now()
    attempt = Attempt(method=method, code=error.code, reason=error.description, milliseconds=int(seconds * 1000))
    if isinstance(error, errors.Wait):
        # The token's renewal is somebody else's doing, not the portal's slowness.
        length = error.seconds if error.code == "renewing" else portals.pause(portal, error.seconds)
        attempt.outcome = Attempt.Outcome.WAITED
        _settle(row, attempt, due_at=now + timedelta(seconds=length))
        return length
    if isinstance(error, errors.Stop):
        portals.hold(portal, error.code)
        attempt.outcome = Attempt.Outcome.HELD
        _settle(row, attempt, due_at=row.received_at, code=error.code, reason=error.description)
        return math.inf
    if isinstance(error, errors.Refused):
        attempt.outcome = Attempt.Outcome.REFUSED
        _settle(row, attempt, state=Submission.State.FAILED, tries=row.tries + 1, code=error.code, reason=_why(error))
        return 0.0
    attempt.outcome = Attempt.Outcome.UNKNOWN if isinstance(error, errors.Ambiguous) else Attempt.Outcome.RETRY
    _settle(row, attempt, tries=row.tries + 1, code=error.code, **_again(row, now, _why(error)))
    return 0.0


def _again(row: Submission, now: datetime, reason: str) -> dict[str, object]:
    if retry.is_over(row.trying_since, now):
        return {"state": Submission.State.FAILED, "reason": f"{sentences.GAVE_UP} {reason}"}
    return {"due_at": now + timedelta(seconds=retry.delay(row.tries + 1, random.random())), "reason": reason}


def send_again(chosen: Q) -> int:
    """Make the waiting or failed submissions that `chosen` describes due at once; returns how many.

    In chunks, so that no statement holds up live traffic; the sweep then finds them.
    """
    now = timezone.now()
    resting = Q(state=Submission.State.FAILED) | Q(state=Submission.State.QUEUED, due_at__gt=now)
    changed = 0
    while ids := list(Submission.objects.filter(chosen, resting).values_list("pk", flat=True)[:CHUNK_ROWS]):
        changed += Submission.objects.filter(resting, pk__in=ids).update(
            state=Submission.State.QUEUED, due_at=now, trying_since=now, tries=0, code="", reason=""
        )
    return changed


def _why(error: errors.PortalError) -> str:
    return error.description or str(sentences.OUTCOMES["refused"])


def _settle(row: Submission, attempt: Attempt, **changes: object) -> None:
    """Write a call's result in one commit, unless the claim was lost meanwhile: then it is another's to write."""
    values: dict[str, object] = {
        "state": Submission.State.QUEUED,
        "claim_id": None,
        "calling_since": None,
        "calling_method": "",
        **changes,
    }
    with transaction.atomic():
        if _held_by(row).update(**values):
            attempt.submission = row
            attempt.save()
        else:
            logger.warning("submission %s: a late result was not written (%s)", row.pk, attempt.outcome)
