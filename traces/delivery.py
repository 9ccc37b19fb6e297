"""How submissions are delivered: bind due rows to a hit, send it, settle each row by what the answer means.

Every step is one commit. Which rows a hit has, and who may settle them, is `traces.hits`; what an answer makes of a row
`traces.results`; what becomes of a hit without an answer `traces.recovery`.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from datetime import datetime

from django.conf import settings
from django.db import Error as DatabaseError
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from b24app import batch, errors, limits, portals, receipts, wakeups
from b24app.models import Portal
from traces import hits, plan, recovery, results, stores
from traces.hits import Hit
from traces.models import Attempt, Batch, Submission

logger = logging.getLogger(__name__)

# A mark, the submissions, and a receipt.
MOST_ROWS = batch.MOST_COMMANDS - 2
# Rows that one statement changes when many are sent again.
CHUNK_ROWS = 500
# A shorter wait is not worth a message, a longer one is left to the sweep.
LEAST_SECONDS, LONGEST_COUNTDOWN_SECONDS = 0.05, 20.0
# How long a worker waits for another hit to come back.
PLACE_SECONDS, PLACE_LOOK_SECONDS = 0.5, 0.01


def _with_work(now: datetime) -> QuerySet[Portal]:
    """Portals that may be called now and have something due, held ones whose probe has come included."""
    open_now = Q(state=Portal.State.ACTIVE) | Q(state=Portal.State.HELD, probe_at__lte=now)
    rested = Q(paused_until=None) | Q(paused_until__lte=now)
    rows = Exists(hits.due(now).filter(portal=OuterRef("pk")))
    lost = Exists(Batch.objects.filter(portal=OuterRef("pk"), look_at__lte=now))
    return Portal.objects.filter(open_now, rested).filter(rows | lost)


def due_portals(now: datetime) -> list[int]:
    """The portals that a worker should look at now."""
    return list(_with_work(now).values_list("pk", flat=True))


def drain(portal_id: int, recruit: Callable[[int], None] = lambda _: None) -> float | None:
    """Work on a portal's due rows for one turn; `recruit` calls for so many others where there is enough for them.

    Returns the seconds after which to come back, or None where nothing is left that cannot wait for the sweep.
    A row that was stored while all lanes were taken is seen by the look after the last turn: its wake-up came
    before that, or it may send one of its own, since the former has been answered by then.
    """
    portal = Portal.objects.filter(pk=portal_id).first()
    if portal is None or portal.state == Portal.State.UNINSTALLED:
        return None
    # One lane more than hits in flight: its rows are made ready while the others are out.
    lanes = limits.plan_of(portal).in_flight + 1
    with wakeups.lane(portal_id, lanes, settings.TURN_SECONDS + settings.CLAIM_SECONDS) as free:
        if not free:
            return None  # those who hold the lanes look once more after they have left them
        wakeups.woken(portal_id)
        again = _turn(portal, recruit, free - 1)
    wakeups.woken(portal_id)
    if again is None:
        return 0.0 if _with_work(timezone.now()).filter(pk=portal_id).exists() else None
    return again if again <= LONGEST_COUNTDOWN_SECONDS else None


def _turn(portal: Portal, recruit: Callable[[int], None], lanes: int) -> float | None:
    """Send until the time is up (0), the portal must be left alone (so many seconds), or nothing is due (None).

    `lanes` are free: so many others may help, where there is a hit for each.
    """
    until = time.monotonic() + settings.TURN_SECONDS
    share, in_flight = limits.plan_of(portal).least_commands, limits.plan_of(portal).in_flight
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
            waiting = _waiting(portal, now, grant.commands) if lanes or share else 0
            limit = min(grant.commands, max(share, -(-waiting // in_flight))) if share else grant.commands
            try:
                hit = hits.bind(portal, now, 1 if probing else limit, grant.each)
            except stores.Wait:
                rest = _wait_for_place(portal, hits.duration(grant.commands, grant.each))
            else:
                if hit is None:
                    return _next_due(portal, now)
                if lanes and waiting > limit:
                    recruit(min(lanes, -(-waiting // limit) - 1))
                    lanes = 0
                rest = _send(portal, hit)
        if rest:
            return max(rest, LEAST_SECONDS)
        fresh = Portal.objects.filter(pk=portal.pk).first()
        if fresh is None:
            return None  # its data was erased
        portal = fresh
    return 0.0


def _waiting(portal: Portal, now: datetime, each: int) -> int:
    """How many rows are due; no more are counted than all hits of `each` rows could carry at a time."""
    return hits.due(now).filter(portal=portal)[: limits.plan_of(portal).in_flight * each].count()


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


def _wait_for_place(portal: Portal, seconds: float) -> float:
    """Wait a moment for another hit to come back; the seconds after which to try again where none does."""
    until = time.monotonic() + PLACE_SECONDS
    while time.monotonic() < until:
        time.sleep(PLACE_LOOK_SECONDS)
        try:
            stores.choose(portal, timezone.now(), seconds)
        except stores.Wait:
            continue
        return 0.0
    return PLACE_SECONDS


def _send(portal: Portal, hit: Hit) -> float:
    """Send what the portal's limits allow of a hit.

    Returns for how many seconds the portal must be left alone: 0 to go on, infinity where it is held.
    """
    if not hit.loads:
        return 0.0
    grant = limits.take(portal, plan.TRACE_ADD, len(hit.loads))
    hit = hits.give_back(hit, grant.commands)
    return _call(portal, hit) if hit.loads else grant.wait


def _call(portal: Portal, hit: Hit) -> float:
    began = time.monotonic()
    try:
        answer = _ask(portal, hit)
    except hits.HitLost:
        logger.warning("batch %s: its time ran out, another worker has it", hit.batch.pk)
        return 0.0
    except errors.PortalError as error:
        return _not_taken(portal, hit, error, time.monotonic() - began)
    except DatabaseError:
        raise  # nothing can be written now; it is found by its `look_at`
    except Exception as error:
        hits.log_fault(f"batch {hit.batch.pk}", error)
        recovery.give_up_answer(hit.batch, "internal_error", timezone.now())
        return 0.0
    return _answered(portal, hit, answer, time.monotonic() - began)


def _ask(portal: Portal, hit: Hit) -> batch.Answer:
    commands, place = hit.commands, hit.batch.store
    if len(commands) == 1:
        ((key, command),) = commands.items()
        if place is None or not batch.can_travel(command):
            reply = portals.call(portal, command.method, command.params, before_repeat=lambda: hits.begin_again(hit))
            operating = {command.method: reply.operating} if reply.operating else {}
            return batch.Answer({key: reply.result}, {}, operating)
    if place is not None:
        last = {receipts.RECEIPT_KEY: receipts.receipt(place, str(hit.batch.pk), list(commands))}
        first = {receipts.MARK_KEY: receipts.mark(place, str(hit.batch.pk))} if len(commands) > 1 else {}
        commands = first | commands | last
    return portals.call_batch(portal, commands, before_repeat=lambda: hits.begin_again(hit))


def _answered(portal: Portal, hit: Hit, answer: batch.Answer, seconds: float) -> float:
    """Settle each row of a hit by its own result."""
    attempts: list[Attempt] = []
    faults: list[errors.PortalError] = []
    for number, load in enumerate(hit.loads):
        outcome = plan.outcome(answer, plan.key(number))
        if isinstance(outcome, int):
            attempts.append(results.delivered(load.row, load.command, outcome, seconds))
        else:
            attempts.append(results.failed(load.row, load.command.method, outcome, seconds))
            faults.append(outcome)
    results.store(hit.batch, attempts)
    each = seconds / max(1, len(answer.results) + len(answer.errors))
    limits.report(portal, plan.TRACE_ADD, each, answer.operating.get(plan.TRACE_ADD))
    _learn_stores(portal, hit.batch, answer)
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


def _not_taken(portal: Portal, hit: Hit, error: errors.PortalError, seconds: float) -> float:
    """The hit as a whole did not come back well."""
    if isinstance(error, errors.Ambiguous) and hit.batch.store is not None:
        recovery.give_up_answer(hit.batch, error.code, timezone.now())
    elif error.code == "renewing":
        hits.give_back(hit, 0)  # nothing was tried
    else:
        if isinstance(error, errors.Refused) and len(hit.loads) > 1:
            # One of them spoils the others: each finds out alone.
            error = errors.Transient(error.code, error.description, status=error.status)
            for row in hit.rows:
                row.alone = True
        attempts = [results.failed(load.row, load.command.method, error, seconds) for load in hit.loads]
        results.store(hit.batch, attempts)
        if isinstance(error, errors.Ambiguous):
            ids = ", ".join(str(row.pk) for row in hit.rows)
            logger.warning("portal %s: %s, these may have been sent twice: %s", portal.pk, error.code, ids)
    return portals.obey(portal, error, hit.loads[0].command.method)


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
