"""What goes out now: one worker's turn for a portal.

In each step the worker settles one batch whose answer was lost, or else claims due rows, prepares their commands and
sends as much as the portal's limits allow, several batches at a time. What an answer means is `traces.delivery.settle`.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from django.conf import settings
from django.db import Error as DatabaseError
from django.utils import timezone

from b24app.api import batch, errors, receipts
from b24app.models import Portal
from b24app.pace import limits
from b24app.portal import calls, hold, receipt_slots, tokens
from traces.compose import steps
from traces.delivery import claims, recovery, settle, wake
from traces.delivery.claims import PreparedBatch
from traces.delivery.in_flight import InFlight, Outcome, outcome_of
from traces.delivery.items import Wait, fitting
from traces.delivery.next import AT_ONCE, NOT_NEEDED, Next
from traces.delivery.unmatched import Pair
from traces.models import Batch, Submission
from traces.setup.rulebook import Rulebook

# A mark, the submissions, and a receipt.
MAX_ROWS = batch.MAX_COMMANDS - 2
# A shorter wait is not worth a message.
MIN_SECONDS = 0.05
# Seconds that a worker waits for another batch to come back, and between two looks for a free receipt slot.
ANSWER_SECONDS, SLOT_LOOK_SECONDS = 0.5, 0.01
# Batches that one worker has in flight, and that it prepares at once where nothing is limited.
MAX_IN_FLIGHT, MIN_BUNCH = 20, 4


@dataclass(frozen=True, slots=True)
class _Room:
    """What the portal's limits leave: commands in the next batch, and the seconds that each is expected to take.

    `by_method` are the commands that each method may have of them, `blocked` the methods that may not be called now.
    """

    commands: int
    seconds_per_command: float
    by_method: Mapping[str, int]
    blocked: Mapping[str, Wait]


class Turn:
    """A worker's turn for a portal. `workers` is how many work on the portal, this one included."""

    def __init__(self, portal: Portal, rulebook: Rulebook, workers: int) -> None:
        self.portal = portal
        self.rulebook = rulebook
        self.workers = workers
        self.in_flight = InFlight(portal.pk, MAX_IN_FLIGHT)
        self.unmatched: Counter[Pair] = Counter()

    def run(self) -> Next:
        """Send until the time is up (`AT_ONCE`), the portal wants a pause, or nothing is due (`NOT_NEEDED`)."""
        ends_at = time.monotonic() + settings.TURN_SECONDS
        following = AT_ONCE
        try:
            while following == AT_ONCE and time.monotonic() < ends_at:
                following = self._step(timezone.now())
        except Exception:
            self.finish()  # as far as it goes: the answers of what is in flight are not dropped
            raise
        finally:
            self.in_flight.release()
        return following

    def finish(self) -> float:
        """Settle the batches that are still in flight. Returns the seconds to pause the portal."""
        pause = 0.0
        while self.in_flight:
            pause = max(pause, self._settle_answers(settings.CLAIM_SECONDS))
        return pause

    def _step(self, now: datetime) -> Next:
        if self.portal.state == Portal.State.UNINSTALLED:
            return NOT_NEEDED
        if self.portal.paused_until and self.portal.paused_until > now:
            return _pause((self.portal.paused_until - now).total_seconds())
        is_probe = self.portal.state == Portal.State.HELD
        if is_probe and not hold.take_probe(self.portal, now):
            return NOT_NEEDED
        following = recovery.settle_lost_batch(self.portal, self.rulebook, now)
        if following == NOT_NEEDED:
            following = self._send_due_rows(now, 1 if is_probe else MAX_ROWS)
        if following == NOT_NEEDED:
            if not self.in_flight:
                return _until_next_due(self.portal, now)
            following = Next(self._settle_answers(ANSWER_SECONDS))
        return self._refresh_portal() if following == AT_ONCE else _pause(following.seconds)

    def _refresh_portal(self) -> Next:
        """Read the portal anew: a batch may have paused, held or moved it."""
        portal = Portal.objects.filter(pk=self.portal.pk).first()
        if portal is None:
            return NOT_NEEDED  # its data was erased
        self.portal = portal
        return AT_ONCE

    def _send_due_rows(self, now: datetime, max_rows: int) -> Next:
        """Claim due rows and send what the limits allow."""
        room = self._room(max_rows)
        if not room.commands:
            return Next(min(wait.seconds for wait in room.blocked.values()))
        waiting = self._count_waiting(now, room)
        size = self._batch_size(waiting, room)
        in_flight = claims.in_flight(self.portal)
        seconds = claims.duration(size, room.seconds_per_command)
        if not receipt_slots.has_free_slot(self.portal, in_flight, now, seconds):
            return self._wait_for_slot(seconds)
        batches = 1
        wanted = max(1, _ceil_div(waiting, size))
        if max_rows > 1 and (wanted > 1 or self.in_flight):
            if self._others_suffice(wanted):
                return Next(ANSWER_SECONDS)
            share = min(wanted, self._tariff.in_flight - len(in_flight)) if self._tariff.min_commands else 1
            threads = self.in_flight.reserve(share)
            if self.in_flight and threads < min(share, MIN_BUNCH):
                return Next(self._settle_answers(ANSWER_SECONDS))
            batches = max(1, threads)
        claimed = claims.claim(self.portal, now, size, batches)
        if not claimed:
            return NOT_NEEDED
        seconds_per_command = room.seconds_per_command
        prepared = claims.prepare(claimed, self.rulebook, size, seconds_per_command, room.by_method, room.blocked)
        return Next(max([*map(self._send, prepared), self._settle_answers(0.0)]))

    @property
    def _tariff(self) -> limits.Tariff:
        return limits.tariff_of(self.portal)

    def _room(self, max_commands: int) -> _Room:
        methods = {
            method
            for form in self.rulebook.forms.values()
            for kind in form.kinds
            for method in steps.methods(kind, form.repeats)
        }
        allowances = limits.look(self.portal, sorted(methods or {steps.TRACE_ADD}), max_commands)
        by_method = {method: allowance.commands for method, allowance in allowances.items() if not allowance.wait}
        return _Room(
            commands=max(by_method.values(), default=0),
            seconds_per_command=max(allowance.seconds_per_command for allowance in allowances.values()),
            by_method=by_method,
            blocked={method: Wait(allowance.wait) for method, allowance in allowances.items() if allowance.wait},
        )

    def _count_waiting(self, now: datetime, room: _Room) -> int:
        """Returns how many rows are due, at most as many as all workers could have in flight."""
        due_rows = claims.due(now).filter(portal=self.portal)
        return due_rows[: self._tariff.in_flight * room.commands].count()

    def _batch_size(self, waiting: int, room: _Room) -> int:
        """Returns the commands of one batch; where requests cost nothing, all that may be in flight share the rows."""
        if not self._tariff.min_commands:
            return room.commands
        share = _ceil_div(waiting, self._tariff.in_flight)
        return min(room.commands, max(self._tariff.min_commands, share))

    def _others_suffice(self, wanted_batches: int) -> bool:
        """Whether enough others work on the portal; if too few do, more are called."""
        needed = _ceil_div(wanted_batches, min(self._tariff.in_flight, MAX_IN_FLIGHT))
        if self.workers > needed + 1 and not self.in_flight:
            return True
        if needed > self.workers:
            wake.recruit(self.portal.pk, needed - self.workers)
            self.workers = needed
        return False

    def _wait_for_slot(self, seconds: float) -> Next:
        """Wait a moment until another batch of so many seconds may begin."""
        ends_at = time.monotonic() + ANSWER_SECONDS
        while time.monotonic() < ends_at:
            if not self.in_flight:
                time.sleep(SLOT_LOOK_SECONDS)
            elif pause := self._settle_answers(SLOT_LOOK_SECONDS):
                return Next(pause)
            in_flight = claims.in_flight(self.portal)
            if receipt_slots.has_free_slot(self.portal, in_flight, timezone.now(), seconds):
                return AT_ONCE
        return AT_ONCE if self.in_flight else Next(ANSWER_SECONDS)

    def _send(self, prepared: PreparedBatch) -> float:
        """Send what the portal's limits allow of a batch. Returns the seconds to pause the portal."""
        prepared, wait = _within_limits(self.portal, prepared)
        if not prepared.items:
            return wait
        try:
            credentials = tokens.current(self.portal)
        except errors.PortalError as error:
            return self._settle(prepared, (error, 0.0))
        prepared = replace(prepared, credentials=credentials)
        # A call may change the portal's row, so each has a copy of its own.
        ask = partial(_ask, copy(self.portal), prepared, credentials)
        if not self.in_flight.ready:
            return self._settle(prepared, outcome_of(ask))
        self.in_flight.start(prepared, ask)
        return 0.0

    def _settle_answers(self, seconds: float) -> float:
        """Settle the batches that come back within so many seconds. Returns the seconds to pause the portal."""
        pause, fault = 0.0, None
        for prepared, outcome in self.in_flight.wait(seconds):
            try:
                pause = max(pause, self._settle(prepared, outcome))
            except DatabaseError as error:
                fault = error  # the others' answers may still be written
        if fault:
            raise fault
        return pause

    def _settle(self, prepared: PreparedBatch, outcome: Outcome) -> float:
        try:
            return settle.settle(self.portal, prepared, outcome, self.unmatched)
        except DatabaseError:
            raise
        except Exception as error:
            claims.log_fault(f"batch {prepared.batch.pk}", error)
            recovery.mark_lost(prepared.batch, "internal_error", timezone.now())
            return 0.0


def _pause(seconds: float | None) -> Next:
    return Next(max(seconds or 0.0, MIN_SECONDS))


def _ceil_div(number: int, divisor: int) -> int:
    return -(-number // divisor)


def _until_next_due(portal: Portal, now: datetime) -> Next:
    waiting = Submission.objects.filter(portal=portal, state=Submission.State.QUEUED, due_at__gt=now)
    lost = Batch.objects.filter(portal=portal, state=Batch.State.LOST)
    times = [
        waiting.order_by("due_at").values_list("due_at", flat=True).first(),
        lost.order_by("lease_until").values_list("lease_until", flat=True).first(),
    ]
    earliest = min((time for time in times if time), default=None)
    return _pause((earliest - now).total_seconds()) if earliest else NOT_NEEDED


def _within_limits(portal: Portal, prepared: PreparedBatch) -> tuple[PreparedBatch, float]:
    """Returns the batch with the rows that may go out now, and the seconds until the others may be tried."""
    allowances = limits.take(portal, prepared.methods)
    wait = max((allowance.wait for allowance in allowances.values()), default=0.0)
    room = {method: allowance.commands for method, allowance in allowances.items()}
    return claims.release_all_but(prepared, fitting(prepared.items, room)), wait


def _ask(portal: Portal, prepared: PreparedBatch, credentials: tokens.Credentials) -> batch.Answer:
    """Send the commands: one without a receipt as a plain call, all others as a batch with a mark and a receipt."""
    commands, slot = prepared.commands, prepared.batch.receipt_slot
    before_repeat = partial(claims.renew_lease, prepared.batch)
    if len(commands) == 1:
        ((key, command),) = commands.items()
        if slot is None or not batch.can_travel(command):
            reply = calls.call(
                portal, command.method, command.params, credentials=credentials, before_repeat=before_repeat
            )
            operating = {command.method: reply.operating} if reply.operating else {}
            return batch.Answer({key: reply.result}, {}, operating)
    if slot is not None:
        commands = _with_receipt(commands, prepared.batch, slot)
    return calls.call_batch(portal, commands, credentials=credentials, before_repeat=before_repeat)


def _with_receipt(commands: Mapping[str, batch.Command], sent: Batch, slot: int) -> dict[str, batch.Command]:
    """The commands between a mark and a receipt; a lone one has the receipt only."""
    making = [steps.key(number) for number, (_, name, _) in enumerate(sent.commands) if name in steps.MAKING]
    mark = {receipts.MARK_KEY: receipts.mark(slot, str(sent.pk))} if len(commands) > 1 else {}
    return {**mark, **commands, receipts.RECEIPT_KEY: receipts.receipt(slot, str(sent.pk), making)}
