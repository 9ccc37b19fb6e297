"""How submissions are delivered: claim due rows, send them in one hit, settle each by what the answer means.

Every step is one commit. A row is sent under a claim only. Before a hit goes out its rows are bound to a `Batch`, and
only who holds that may write what became of them; so a worker that was frozen or killed can neither keep rows nor
overwrite another's result, and what it left behind is found (`traces.recovery`).
"""

from __future__ import annotations

import logging
import time
import traceback
import uuid
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import Error as DatabaseError
from django.db.models import Exists, F, OuterRef, Q, QuerySet, prefetch_related_objects
from django.utils import timezone

from b24app import batch, errors, limits, portals, receipts, wakeups
from b24app.models import Portal
from b24app.transactions import writing
from traces import plan, recovery, results, stores, trace
from traces.models import Attempt, Batch, Submission

logger = logging.getLogger(__name__)

# A mark, the submissions, and a receipt.
MOST_ROWS = batch.MOST_COMMANDS - 2
# Rows that one statement changes when many are sent again.
CHUNK_ROWS = 500
# A shorter wait is not worth a message, a longer one is left to the sweep.
LEAST_SECONDS, LONGEST_COUNTDOWN_SECONDS = 0.05, 20.0
# How long rows that are ready wait for a hit before them to come back.
PLACE_SECONDS, PLACE_LOOK_SECONDS = 0.5, 0.01

Sending = list[tuple[Submission, batch.Command]]


class ClaimLost(Exception):
    """The claim on a row, or on the hit that carries it, ran out and somebody else has it."""


def due(now: datetime) -> QuerySet[Submission]:
    """Rows that may be claimed: waiting ones whose time has come, and claimed ones whose worker is gone."""
    return Submission.objects.filter(due_at__lte=now)


def _with_work(now: datetime) -> QuerySet[Portal]:
    """Portals that may be called now and have something due, held ones whose probe has come included."""
    open_now = Q(state=Portal.State.ACTIVE) | Q(state=Portal.State.HELD, probe_at__lte=now)
    rested = Q(paused_until=None) | Q(paused_until__lte=now)
    rows = Exists(due(now).filter(portal=OuterRef("pk")))
    lost = Exists(Batch.objects.filter(portal=OuterRef("pk"), look_at__lte=now))
    return Portal.objects.filter(open_now, rested).filter(rows | lost)


def due_portals(now: datetime) -> list[int]:
    """The portals that a worker should look at now."""
    return list(_with_work(now).values_list("pk", flat=True))


def drain(portal_id: int, recruit: Callable[[], None] = lambda: None) -> float | None:
    """Work on a portal's due rows for one turn; `recruit` calls for other workers where there is enough for them.

    Returns the seconds after which to come back, or None where nothing is left that cannot wait for the sweep.
    A row that was stored while all lanes were taken is seen by the look after the last turn: its wake-up came
    before that, or it may send one of its own, since the former has been answered by then.
    """
    portal = Portal.objects.filter(pk=portal_id).first()
    if portal is None or portal.state == Portal.State.UNINSTALLED:
        return None
    # One lane more than hits in flight: its rows are made ready while the others are out.
    lanes = limits.plan_of(portal).in_flight + 1
    with wakeups.lane(portal_id, lanes, settings.TURN_SECONDS + settings.CLAIM_SECONDS) as mine:
        if not mine:
            return None  # those who hold the lanes look once more after they have left them
        wakeups.woken(portal_id)
        again = _turn(portal, recruit)
    wakeups.woken(portal_id)
    if again is None:
        return 0.0 if _with_work(timezone.now()).filter(pk=portal_id).exists() else None
    return again if again <= LONGEST_COUNTDOWN_SECONDS else None


def _turn(portal: Portal, recruit: Callable[[], None]) -> float | None:
    """Send until the time is up (0), the portal must be left alone (so many seconds), or nothing is due (None)."""
    until = time.monotonic() + settings.TURN_SECONDS
    recruited = False
    while time.monotonic() < until:
        now = timezone.now()
        if portal.state == Portal.State.UNINSTALLED:
            return None
        if portal.paused_until and portal.paused_until > now:
            return max((portal.paused_until - now).total_seconds(), LEAST_SECONDS)
        probing = portal.state == Portal.State.HELD
        if probing and not _take_probe(portal, now):
            return None
        rest = recovery.look_after(portal, now)
        if rest is None:
            grant = limits.look(portal, plan.TRACE_ADD, MOST_ROWS)
            if grant.wait:
                return max(grant.wait, LEAST_SECONDS)
            rows = claim(portal, now, 1 if probing else grant.commands)
            if not rows:
                return _next_due(portal, now)
            if len(rows) == grant.commands and not recruited:
                recruit()
                recruited = True
            rest = _send(portal, rows)
        if rest:
            return max(rest, LEAST_SECONDS)
        fresh = Portal.objects.filter(pk=portal.pk).first()
        if fresh is None:
            return None  # its data was erased
        portal = fresh
    return 0.0


def _take_probe(portal: Portal, now: datetime) -> bool:
    """Whether this worker is the one to try a held portal now."""
    return bool(
        Portal.objects.filter(pk=portal.pk, state=Portal.State.HELD, probe_at__lte=now).update(
            probe_at=now + portals.PROBE_EVERY
        )
    )


def _next_due(portal: Portal, now: datetime) -> float | None:
    waiting = Submission.objects.filter(portal=portal, state=Submission.State.QUEUED, due_at__gt=now)
    lost = Batch.objects.filter(portal=portal).exclude(code="")
    times = [
        waiting.order_by("due_at").values_list("due_at", flat=True).first(),
        lost.order_by("look_at").values_list("look_at", flat=True).first(),
    ]
    first = min((time for time in times if time), default=None)
    return max((first - now).total_seconds(), LEAST_SECONDS) if first else None


def claim(portal: Portal, now: datetime, limit: int) -> list[Submission]:
    """Take up to `limit` due rows of the portal, the oldest first; no other worker has them until `due_at`."""
    mine = uuid.uuid4()
    with writing():
        found = due(now).filter(portal=portal).select_for_update(skip_locked=True)
        rows = list(found.order_by("due_at")[:limit])
        Submission.objects.filter(pk__in=[row.pk for row in rows]).update(
            state=Submission.State.SENDING, claim_id=mine, due_at=now + timedelta(seconds=settings.CLAIM_SECONDS)
        )
    prefetch_related_objects(rows, "form")
    for row in rows:
        row.claim_id = mine
    return sorted(rows, key=lambda row: (row.received_at, row.pk))


def _release(rows: Sequence[Submission]) -> None:
    """Give back rows that were claimed and not sent."""
    if rows:
        Submission.objects.filter(pk__in=[row.pk for row in rows], claim_id=rows[0].claim_id).update(
            state=Submission.State.QUEUED, claim_id=None, due_at=F("received_at")
        )


def _send(portal: Portal, rows: Sequence[Submission]) -> float:
    """Send what one hit can carry of claimed rows, and give the others back.

    Returns for how many seconds the portal must be left alone: 0 to go on, infinity where it is held.
    """
    ready = _ready(rows)
    if not ready:
        return 0.0
    sending = _together(ready)
    rest = _wait_for_place(portal, len(sending))
    grant = limits.Grant(0, rest) if rest else limits.take(portal, plan.TRACE_ADD, len(sending))
    sending = sending[: grant.commands]
    _release([row for row, _ in ready[len(sending) :]])
    if not sending:
        return grant.wait
    try:
        out = _begin(portal, sending, _seconds(len(sending), grant.each))
    except (stores.Wait, ClaimLost):
        _release([row for row, _ in sending])
        return PLACE_LOOK_SECONDS  # somebody else was quicker
    return _call(portal, out, sending)


def _ready(rows: Sequence[Submission]) -> Sending:
    """The rows with their commands; one that brings out a fault of ours does not keep the others from being sent."""
    ready: Sending = []
    for row in rows:
        claim_id = row.claim_id
        try:
            built = trace.build(row.body, int(row.received_at.timestamp()))
            (command,) = plan.commands(row.form.creates, row.body, built.text)
            ready.append((row, command))
        except Exception as error:
            _log_fault(f"submission {row.pk}", error)
            fault = errors.Transient("internal_error", "A fault of Trace Relay; its operator has been told.")
            results.store_unsent(row, claim_id, results.failed(row, plan.TRACE_ADD, fault, 0.0))
    return ready


def _log_fault(where: str, error: Exception) -> None:
    # The error's text may hold the visitor's data, so only its place is logged.
    logger.error("%s: %s at\n%s", where, type(error).__name__, "".join(traceback.format_tb(error.__traceback__)[-2:]))


def _together(ready: Sending) -> Sending:
    """The first of the rows, and all others that may travel with it, in front of the rest; `ready` is put in order."""

    def fits(item: tuple[Submission, batch.Command]) -> bool:
        return not item[0].alone and batch.can_travel(item[1])

    if not fits(ready[0]):
        return ready[:1]
    ready.sort(key=lambda item: not fits(item))  # stable: the order of the others is kept
    return [item for item in ready if fits(item)]


def _seconds(commands: int, each: float) -> float:
    """How long a hit will take, with the mark and the receipt."""
    return (commands + 2) * each


def _wait_for_place(portal: Portal, commands: int) -> float:
    """Wait a moment for a hit before to come back; the seconds after which to try again where none does."""
    seconds = _seconds(commands, limits.look(portal, plan.TRACE_ADD, commands).each)
    until = time.monotonic() + PLACE_SECONDS
    while time.monotonic() < until:
        try:
            stores.choose(portal, timezone.now(), seconds)
        except stores.Wait:
            time.sleep(PLACE_LOOK_SECONDS)
        else:
            return 0.0
    return PLACE_SECONDS


def _begin(portal: Portal, sending: Sending, seconds: float) -> Batch:
    """Bind the rows to the hit that goes out now. Raises `stores.Wait` or `ClaimLost` where another was quicker."""
    with writing():
        Portal.objects.select_for_update(no_key=True).get(pk=portal.pk)  # one chooses a store at a time
        now = timezone.now()
        out = Batch.objects.create(
            portal=portal,
            store=stores.choose(portal, now, seconds),
            holder=uuid.uuid4(),
            sent_at=now,
            expected_at=now + timedelta(seconds=seconds) if seconds else None,
            look_at=now + timedelta(seconds=settings.CLAIM_SECONDS),
        )
        held = Submission.objects.filter(pk__in=[row.pk for row, _ in sending], claim_id=sending[0][0].claim_id)
        if held.update(batch=out, due_at=None) != len(sending):
            raise ClaimLost
    return out


def _begin_again(out: Batch) -> None:
    """A second request for the same hit, after the first one certainly did nothing."""
    now = timezone.now()
    look_at = now + timedelta(seconds=settings.CLAIM_SECONDS)
    if not Batch.objects.filter(pk=out.pk, holder=out.holder).update(sent_at=now, look_at=look_at):
        raise ClaimLost


def _call(portal: Portal, out: Batch, sending: Sending) -> float:
    began = time.monotonic()
    try:
        answer = _ask(portal, out, sending)
    except ClaimLost:
        logger.warning("batch %s: the claim ran out, another worker has it", out.pk)
        return 0.0
    except errors.PortalError as error:
        return _not_taken(portal, out, sending, error, time.monotonic() - began)
    except DatabaseError:
        raise  # nothing can be written now; it is found by its `look_at`
    except Exception as error:
        _log_fault(f"batch {out.pk}", error)
        recovery.give_up_answer(out, "internal_error", timezone.now())
        return 0.0
    return _answered(portal, out, sending, answer, time.monotonic() - began)


def _ask(portal: Portal, out: Batch, sending: Sending) -> batch.Answer:
    commands = {plan.key(number): command for number, (_, command) in enumerate(sending)}
    if not all(batch.can_travel(command) for command in commands.values()) or (out.store is None and len(sending) == 1):
        ((key, command),) = commands.items()
        reply = portals.call(portal, command.method, command.params, before_repeat=lambda: _begin_again(out))
        operating = {command.method: reply.operating} if reply.operating else {}
        return batch.Answer({key: reply.result}, {}, operating)
    if out.store is not None:
        last = {receipts.RECEIPT_KEY: receipts.receipt(out.store, str(out.pk), list(commands))}
        first = {receipts.MARK_KEY: receipts.mark(out.store, str(out.pk))} if len(sending) > 1 else {}
        commands = first | commands | last
    return portals.call_batch(portal, commands, before_repeat=lambda: _begin_again(out))


def _answered(portal: Portal, out: Batch, sending: Sending, answer: batch.Answer, seconds: float) -> float:
    """Settle each row of a hit by its own result."""
    attempts: list[Attempt] = []
    faults: list[errors.PortalError] = []
    for number, (row, command) in enumerate(sending):
        outcome = plan.outcome(answer, plan.key(number))
        if isinstance(outcome, int):
            attempts.append(results.delivered(row, command, outcome, seconds))
        else:
            attempts.append(results.failed(row, command.method, outcome, seconds))
            faults.append(outcome)
    results.store(out, [row for row, _ in sending], attempts)
    each = seconds / max(1, len(answer.results) + len(answer.errors))
    limits.report(portal, plan.TRACE_ADD, each, answer.operating.get(plan.TRACE_ADD))
    _learn_stores(portal, out, answer)
    portals.is_well(portal)
    return max((portals.obey(portal, fault, plan.TRACE_ADD) for fault in _each_kind_once(faults)), default=0.0)


def _each_kind_once(faults: Sequence[errors.PortalError]) -> list[errors.PortalError]:
    """What concerns the portal, not the row: one fault of each code is enough to obey."""
    by_code = {fault.code: fault for fault in faults if isinstance(fault, (errors.Wait, errors.Stop))}
    return list(by_code.values())


def _learn_stores(portal: Portal, out: Batch, answer: batch.Answer) -> None:
    """A store that may not be written to is used no more, until the application is opened again."""
    fault = answer.errors.get(receipts.RECEIPT_KEY)
    if out.store is not None and isinstance(fault, (errors.Refused, errors.Stop)):
        store = receipts.store_of(out.store)
        logger.warning("portal %s: no receipts in %s (%s)", portal.pk, receipts.STORES[store], fault.code)
        Portal.objects.filter(pk=portal.pk, stores__gt=store).update(stores=store)


def _not_taken(portal: Portal, out: Batch, sending: Sending, error: errors.PortalError, seconds: float) -> float:
    """The hit as a whole did not come back well."""
    if isinstance(error, errors.Ambiguous) and out.store is not None:
        recovery.give_up_answer(out, error.code, timezone.now())
    else:
        if isinstance(error, errors.Refused) and len(sending) > 1:
            # One of them spoils the others: each finds out alone.
            error = errors.Transient(error.code, error.description, status=error.status)
            for row, _ in sending:
                row.alone = True
        attempts = [results.failed(row, command.method, error, seconds) for row, command in sending]
        if error.code == "renewing":
            attempts = []  # nothing was tried
        results.store(out, [row for row, _ in sending], attempts)
        if isinstance(error, errors.Ambiguous):
            ids = ", ".join(str(row.pk) for row, _ in sending)
            logger.warning("portal %s: %s, these may have been sent twice: %s", portal.pk, error.code, ids)
    return portals.obey(portal, error, sending[0][1].method)


def send_again(chosen: Q) -> int:
    """Make the waiting or failed submissions that `chosen` describes due at once; returns how many.

    In chunks, so that no statement holds up live traffic; the sweep then finds them.
    """
    now = timezone.now()
    resting = Q(state=Submission.State.FAILED) | Q(state=Submission.State.QUEUED, due_at__gt=now)
    found = Submission.objects.filter(chosen, resting).order_by("pk").values_list("pk", flat=True)
    changed = 0
    ids = list(found[:CHUNK_ROWS])
    while ids:
        changed += Submission.objects.filter(resting, pk__in=ids).update(
            state=Submission.State.QUEUED, due_at=now, trying_since=now, tries=0, code="", reason=""
        )
        ids = list(found.filter(pk__gt=ids[-1])[:CHUNK_ROWS])
    return changed
