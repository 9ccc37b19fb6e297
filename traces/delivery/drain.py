"""How submissions are delivered: bind due rows to a hit, send it, settle each row by what the answer means.

Every step is one commit. Which rows a hit has, and who may settle them, is `traces.delivery.claims`; what an answer
makes of a row `traces.delivery.results`; what becomes of a hit without an answer `traces.delivery.recovery`.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Sequence
from copy import copy
from datetime import datetime
from functools import partial

from django.conf import settings
from django.db import Error as DatabaseError
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from b24app.api import batch, errors, receipts
from b24app.models import Portal
from b24app.pace import limits, wakeups
from b24app.portal import calls, hold, tokens
from traces.compose import steps
from traces.delivery import claims, receipt_slots, recovery, results, unmatched
from traces.delivery.claims import Hit
from traces.delivery.in_flight import InFlight, Outcome, asked
from traces.models import Attempt, Batch, Submission
from traces.setup import rulebook

logger = logging.getLogger(__name__)

# A mark, the submissions, and a receipt.
MAX_ROWS = batch.MAX_COMMANDS - 2
# Rows that one statement changes when many are sent again.
CHUNK_ROWS = 500
# A shorter wait is not worth a message, a longer one is left to the sweep.
MIN_SECONDS, MAX_COUNTDOWN_SECONDS = 0.05, 20.0
# How long a worker waits for another hit to come back.
PLACE_SECONDS, PLACE_LOOK_SECONDS = 0.5, 0.01
# Hits that one worker has in flight at a time, and that it makes ready at once where nothing is limited.
MAX_OUT, MIN_BUNCH = 20, 4


def _with_work(now: datetime) -> QuerySet[Portal]:
    """Portals that may be called now and have something due, held ones whose probe has come included."""
    open_now = Q(state=Portal.State.ACTIVE) | Q(state=Portal.State.HELD, probe_at__lte=now)
    rested = Q(paused_until=None) | Q(paused_until__lte=now)
    rows = Exists(claims.due(now).filter(portal=OuterRef("pk")))
    lost = Exists(Batch.objects.filter(portal=OuterRef("pk"), look_at__lte=now))
    return Portal.objects.filter(open_now, rested).filter(rows | lost)


def due_portals(now: datetime) -> list[int]:
    """The portals that a worker should look at now."""
    return list(_with_work(now).values_list("pk", flat=True))


def drain(
    portal_id: int,
    recruit: Callable[[int], None] = lambda _: None,
    hand_over: Callable[[], bool] = lambda: False,
) -> float | None:
    """Work on a portal's due rows for one turn.

    `recruit` calls for so many other workers where there is enough for them; `hand_over` for one in this one's place
    (True where it can), when the turn is over and answers are still waited for. Returns the seconds after which to come
    back, or None where that is not needed: another goes on, or nothing is left that cannot wait for the sweep.
    A row that was stored while all lanes were taken is seen by the look after the last turn: its wake-up came
    before that, or it may send one of its own, since the former has been answered by then.
    """
    portal = Portal.objects.filter(pk=portal_id).first()
    if portal is None or portal.state == Portal.State.UNINSTALLED:
        return None
    # One lane more than hits in flight: its rows are made ready while the others are out.
    lanes = limits.tariff_of(portal).in_flight + 1
    with wakeups.lane(portal_id, lanes, settings.TURN_SECONDS + settings.CLAIM_SECONDS) as free:
        if not free:
            return None  # those who hold the lanes look once more after they have left them
        wakeups.note_woken(portal_id)
        book = rulebook.rulebook(portal.pk)
        turn = _Turn(portal, book, recruit, lanes - free + 1)
        again = turn.run()
    handed_over = again == 0.0 and bool(turn.out) and hand_over()
    rest = turn.end()
    _count_unmatched(portal, book)
    if handed_over:
        return None
    wakeups.note_woken(portal_id)
    if again is None and not rest:
        return 0.0 if _with_work(timezone.now()).filter(pk=portal_id).exists() else None
    again = max(again or 0.0, rest)
    return again if again <= MAX_COUNTDOWN_SECONDS else None


def _count_unmatched(portal: Portal, book: rulebook.Rulebook) -> None:
    """A figure for the administrator: one that is lost, with a database that fails, costs nothing else."""
    try:
        unmatched.count(portal.pk, book.unmatched.elements(), timezone.now())
    except DatabaseError as error:
        logger.warning("portal %s: unmatched values were not counted (%s)", portal.pk, type(error).__name__)


class _Turn:
    """A worker's turn for a portal: send what is due, several hits at a time, until the time is up."""

    def __init__(self, portal: Portal, book: rulebook.Rulebook, recruit: Callable[[int], None], workers: int) -> None:
        self.portal = portal
        self.book = book
        self.recruit = recruit
        self.workers = workers  # who work on the portal, this one included
        self.out = InFlight(MAX_OUT)

    def run(self) -> float | None:
        """Send until the time is up (0), the portal must be left alone (so many seconds), or nothing is due (None)."""
        until = time.monotonic() + settings.TURN_SECONDS
        again: float | None = 0.0
        try:
            while again == 0.0 and time.monotonic() < until:
                again = self._step(timezone.now())
        except DatabaseError:
            self.end()  # as far as it can be
            raise
        finally:
            self.out.release()
        return again

    def end(self) -> float:
        """Wait for the answers that are still out; for how many seconds the portal must be left alone."""
        rest = 0.0
        while self.out:
            rest = max(rest, self._take_in(settings.CLAIM_SECONDS))
        return rest

    def _step(self, now: datetime) -> float | None:
        portal = self.portal
        if portal.state == Portal.State.UNINSTALLED:
            return None
        if portal.paused_until and portal.paused_until > now:
            return max((portal.paused_until - now).total_seconds(), MIN_SECONDS)
        probing = portal.state == Portal.State.HELD
        if probing and not _take_probe(portal, now):
            return None
        rest = recovery.look_after(portal, self.book, now)
        if rest is None:
            rest = self._next_hits(now, 1 if probing else MAX_ROWS)
        if rest is None:
            if not self.out:
                return _next_due(portal, now)
            rest = self._take_in(PLACE_SECONDS)
        if rest:
            return max(rest, MIN_SECONDS)
        fresh = Portal.objects.filter(pk=portal.pk).first()
        if fresh is None:
            return None  # its data was erased
        self.portal = fresh
        return 0.0

    def _next_hits(self, now: datetime, most: int) -> float | None:
        """Send what may go out; for how many seconds the portal must be left alone, or None where nothing is due."""
        portal, plans = self.portal, limits.tariff_of(self.portal)
        methods = {method for form in self.book.forms.values() for method in steps.methods(form.creates)}
        allowances = limits.look(portal, sorted(methods or {steps.TRACE_ADD}), most)
        closed = {method: allowance.wait for method, allowance in allowances.items() if allowance.wait}
        if len(closed) == len(allowances):
            return min(closed.values())
        limit = min(allowance.commands for allowance in allowances.values() if not allowance.wait)
        each = max(allowance.seconds_per_command for allowance in allowances.values())
        # No more are counted than all workers could have out at a time.
        waiting = claims.due(now).filter(portal=portal)[: plans.in_flight * limit].count()
        if plans.min_commands:
            limit = min(limit, max(plans.min_commands, -(-waiting // plans.in_flight)))
        wanted = max(1, -(-waiting // limit))
        out, seconds = receipt_slots.out(portal), claims.duration(limit, each)
        if not receipt_slots.has_place(portal, out, now, seconds):
            return self._wait_for_place(seconds)
        number = 1
        if most > 1 and (wanted > 1 or self.out):
            needed = -(-wanted // min(plans.in_flight, MAX_OUT))
            if self.workers > needed + 1 and not self.out:
                return PLACE_SECONDS  # the others will do
            self._call_for_others(needed)
            room = min(wanted, plans.in_flight - len(out)) if plans.min_commands else 1
            kept = self.out.reserve(room)
            if self.out and kept < min(room, MIN_BUNCH):
                return self._take_in(PLACE_SECONDS)
            number = max(1, kept)
        taken = claims.claim(portal, now, limit, number)
        if not taken:
            return None
        bound = claims.bind(taken, self.book, limit, each, closed)
        return max([*map(self._send, bound), self._take_in(0.0)])

    def _call_for_others(self, needed: int) -> None:
        """Call for others where so many workers are needed."""
        if needed > self.workers:
            self.recruit(needed - self.workers)
            self.workers = needed

    def _wait_for_place(self, seconds: float) -> float:
        """Wait a moment for another hit to come back; the seconds after which to try again where none does."""
        until = time.monotonic() + PLACE_SECONDS
        while time.monotonic() < until:
            if not self.out:
                time.sleep(PLACE_LOOK_SECONDS)
            elif rest := self._take_in(PLACE_LOOK_SECONDS):
                return rest
            if receipt_slots.has_place(self.portal, receipt_slots.out(self.portal), timezone.now(), seconds):
                return 0.0
        return 0.0 if self.out else PLACE_SECONDS

    def _send(self, hit: Hit) -> float:
        """Send what the portal's limits allow of a hit; for how many seconds the portal must be left alone."""
        hit, wait = _allowed(self.portal, hit)
        if not hit.loads:
            return wait
        try:
            credentials = tokens.current(self.portal)
        except errors.PortalError as error:
            return _settle(self.portal, hit, (error, 0.0))
        portal = copy(self.portal)  # a call may change it
        ask = partial(_ask, portal, hit, credentials)
        if not self.out.ready:
            return _settle(self.portal, hit, asked(ask))
        self.out.start(hit, ask)
        return 0.0

    def _take_in(self, seconds: float) -> float:
        """Settle the hits that come back within so many seconds; for how many the portal must be left alone."""
        return max((_settle(self.portal, *back) for back in self.out.back(seconds)), default=0.0)


def _take_probe(portal: Portal, now: datetime) -> bool:
    """Whether this worker is the one to try a held portal now."""
    return bool(
        Portal.objects.filter(pk=portal.pk, state=Portal.State.HELD, probe_at__lte=now).update(
            probe_at=now + hold.PROBE_EVERY
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
    return max((first - now).total_seconds(), MIN_SECONDS) if first else None


def _allowed(portal: Portal, hit: Hit) -> tuple[Hit, float]:
    """What the portal's limits allow of a hit now, and after how many seconds the rest of it may be tried."""
    allowances = limits.take(portal, hit.methods)
    wait = max((allowance.wait for allowance in allowances.values()), default=0.0)
    room = {method: allowance.commands for method, allowance in allowances.items()}
    allowed = []
    for load in hit.loads:
        needed = Counter(command.method for command in load.commands.values())
        if all(room[method] >= number for method, number in needed.items()):
            allowed.append(load)
            room = {method: left - needed[method] for method, left in room.items()}
    return claims.give_back(hit, allowed), wait


def _ask(portal: Portal, hit: Hit, credentials: tokens.Credentials) -> batch.Answer:
    commands, place = hit.commands, hit.batch.store
    again = partial(claims.begin_again, hit)
    if len(commands) == 1:
        ((key, command),) = commands.items()
        if place is None or not batch.can_travel(command):
            reply = calls.call(portal, command.method, command.params, credentials=credentials, before_repeat=again)
            operating = {command.method: reply.operating} if reply.operating else {}
            return batch.Answer({key: reply.result}, {}, operating)
    if place is not None:
        making = [steps.key(number) for number, (_, name, _) in enumerate(hit.batch.commands) if name in steps.MAKING]
        last = {receipts.RECEIPT_KEY: receipts.receipt(place, str(hit.batch.pk), making)}
        first = {receipts.MARK_KEY: receipts.mark(place, str(hit.batch.pk))} if len(commands) > 1 else {}
        commands = first | commands | last
    return calls.call_batch(portal, commands, credentials=credentials, before_repeat=again)


def _settle(portal: Portal, hit: Hit, outcome: Outcome) -> float:
    """Do what became of a hit asks for; for how many seconds the portal must be left alone.

    Zero to go on, infinity where it is held.
    """
    answer, seconds = outcome
    if isinstance(answer, batch.Answer):
        return _answered(portal, hit, answer, seconds)
    if isinstance(answer, errors.PortalError):
        return _not_taken(portal, hit, answer, seconds)
    if isinstance(answer, DatabaseError):
        raise answer  # nothing can be written now; it is found by its `look_at`
    if isinstance(answer, claims.HitLost):
        logger.warning("batch %s: its time ran out, another worker has it", hit.batch.pk)
    else:
        claims.log_fault(f"batch {hit.batch.pk}", answer)
        recovery.give_up_answer(hit.batch, "internal_error", timezone.now())
    return 0.0


def _answered(portal: Portal, hit: Hit, answer: batch.Answer, seconds: float) -> float:
    """Settle each row of a hit by its own results."""
    attempts: list[Attempt] = []
    faults: list[tuple[str, errors.PortalError]] = []
    keys = iter(hit.commands)
    for load in hit.loads:
        outcomes = {
            (name, command.method): steps.outcome(answer, next(keys), command)
            for name, command in load.commands.items()
        }
        attempts += results.settled(load.row, load.work, outcomes, seconds)
        faults += [(method, fault) for (_, method), fault in outcomes.items() if not isinstance(fault, int)]
    if results.store(hit.batch, attempts):
        for load in hit.loads:
            if load.row.state == Submission.State.DELIVERED:
                hit.book.note_unmatched(load.work)
    each = seconds / max(1, len(answer.results) + len(answer.errors))
    for method in hit.methods:
        limits.note_answer(portal, method, each, answer.operating.get(method))
    _learn_stores(portal, hit.batch, answer)
    hold.mark_healthy(portal)
    return max((hold.obey(portal, fault, method) for method, fault in _each_kind_once(faults)), default=0.0)


def _each_kind_once(faults: Sequence[tuple[str, errors.PortalError]]) -> list[tuple[str, errors.PortalError]]:
    """What concerns the portal, not the row: one fault of each code and method is enough to obey."""
    concerning = (errors.Wait, errors.Stop)
    return list(
        {(method, fault.code): (method, fault) for method, fault in faults if isinstance(fault, concerning)}.values()
    )


def _learn_stores(portal: Portal, out: Batch, answer: batch.Answer) -> None:
    """A store that may not be written to is used no more, until the application is opened again."""
    fault = answer.errors.get(receipts.RECEIPT_KEY)
    if out.store is not None and isinstance(fault, (errors.Refused, errors.Stop)):
        store = receipts.store_of(out.store)
        logger.warning("portal %s: no receipts in %s (%s)", portal.pk, receipts.STORES[store], fault.code)
        Portal.objects.filter(pk=portal.pk, receipt_stores__gt=store).update(receipt_stores=store)


def _not_taken(portal: Portal, hit: Hit, error: errors.PortalError, seconds: float) -> float:
    """The hit as a whole did not come back well."""
    if isinstance(error, errors.Ambiguous) and hit.batch.store is not None:
        recovery.give_up_answer(hit.batch, error.code, timezone.now())
    elif error.code == "renewing":
        claims.give_back(hit, [])  # nothing was tried
    else:
        if isinstance(error, errors.Refused) and len(hit.loads) > 1:
            # One of them spoils the others: each finds out alone.
            error = errors.Transient(error.code, error.description, status=error.status)
            for row in hit.rows:
                row.alone = True
        rest_until = results.ends_at(hit.batch)
        attempts = []
        for load in hit.loads:
            method = next(iter(load.commands.values())).method
            attempts.append(results.failed(load.row, list(load.commands), method, error, seconds, rest_until))
        results.store(hit.batch, attempts)
        if isinstance(error, errors.Ambiguous):
            ids = ", ".join(str(row.pk) for row in hit.rows)
            logger.warning("portal %s: %s, these may have been sent twice: %s", portal.pk, error.code, ids)
    return hold.obey(portal, error, next(iter(hit.methods)))


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
