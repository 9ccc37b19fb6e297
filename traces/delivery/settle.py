"""Settles each row of a batch by its own result, and pauses or holds the portal as an error asks.

`traces.delivery.results` applies an answer to a row; a batch without an answer is left to `recovery`.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence

from django.db import Error as DatabaseError
from django.utils import timezone

from b24app.api import batch, errors, receipts
from b24app.models import Portal
from b24app.pace import limits
from b24app.portal import hold, tokens
from traces.compose import consent, steps
from traces.delivery import claims, exchange, methods, poison, recovery, results
from traces.delivery.claims import PreparedBatch
from traces.delivery.in_flight import Outcome
from traces.delivery.unmatched import Pair
from traces.models import OWN_TEST, Attempt, Batch, Submission

logger = logging.getLogger(__name__)


def settle(portal: Portal, prepared: PreparedBatch, outcome: Outcome, unmatched: Counter[Pair]) -> float:
    """Settle a batch, and count in `unmatched` what no rule matched of its delivered rows.

    Returns the seconds to pause the portal: 0.0 to continue, `math.inf` while it is held.
    """
    answer, seconds = outcome
    if isinstance(answer, batch.Answer):
        return _settle_by_answer(portal, prepared, answer, seconds, unmatched)
    if isinstance(answer, errors.PortalError):
        return _settle_by_error(portal, prepared, answer, seconds)
    if isinstance(answer, DatabaseError):
        raise answer  # nothing can be written now; the batch is found when its lease has run out
    if isinstance(answer, claims.LeaseLost):
        logger.warning("batch %s: its lease ran out, another worker has it", prepared.batch.pk)
    else:
        claims.log_fault(f"batch {prepared.batch.pk}", answer)
        recovery.mark_lost(prepared.batch, "internal_error", timezone.now())
    return 0.0


def _settle_by_answer(
    portal: Portal, prepared: PreparedBatch, answer: batch.Answer, seconds: float, unmatched: Counter[Pair]
) -> float:
    attempts: list[Attempt] = []
    faults: list[tuple[str, errors.PortalError]] = []
    keys = iter(prepared.commands)
    for item in prepared.items:
        outcomes = {
            (name, command.method): steps.outcome(answer, next(keys), command)
            for name, command in item.commands.items()
        }
        settled = results.settled(item.row, item.prepared, outcomes, seconds)
        attempts += exchange.noted(settled, item.commands, outcomes)
        faults += [
            (method, fault)
            for (name, method), fault in outcomes.items()
            if not isinstance(fault, int) and not consent.is_forgone([name], fault)
        ]
    if results.save(prepared.batch, attempts):
        _count_unmatched(prepared, unmatched)
    seconds_per_command = seconds / max(1, len(answer.results) + len(answer.errors))
    for method in prepared.methods:
        limits.note_answer(portal, method, seconds_per_command, answer.operating.get(method))
    _note_receipt_refused(portal, prepared.batch, answer)
    stops = _without_users(portal, prepared, faults)
    faults = [(method, methods.without_right(portal, prepared.rulebook, fault, method)) for method, fault in faults]
    if not any(_is_against_portal(fault) for _, fault in faults):
        hold.mark_healthy(portal)
    poison.note_passed(portal)
    _release_methods(portal, prepared, faults)
    faults += [("", stop) for stop in stops]
    return max((hold.obey(portal, fault, method) for method, fault in _distinct(faults)), default=0.0)


def _is_against_portal(fault: errors.PortalError) -> bool:
    """Whether a command's error says that a held portal is not well yet."""
    return isinstance(fault, errors.OtherUser) or (isinstance(fault, errors.Stop) and not fault.method)


def _release_methods(portal: Portal, prepared: PreparedBatch, faults: Sequence[tuple[str, errors.PortalError]]) -> None:
    """Methods that the portal has taken are not held any more."""
    missing = {method for method, fault in faults if isinstance(fault, (errors.Stop, errors.OtherUser))}
    methods.release(portal, set(prepared.methods) - missing)


def _without_users(
    portal: Portal, prepared: PreparedBatch, faults: Sequence[tuple[str, errors.PortalError]]
) -> list[errors.Stop]:
    """Set the token aside that the portal did not take for a command; why there is no other one, where that is so."""
    if prepared.credentials is None:
        return []
    stops = []
    for fault in {fault.code: fault for _, fault in faults if isinstance(fault, errors.OtherUser)}.values():
        try:
            tokens.set_aside(portal, prepared.credentials, fault)
        except errors.Stop as stop:
            stops.append(stop)
    return stops


def _count_unmatched(prepared: PreparedBatch, unmatched: Counter[Pair]) -> None:
    for item in prepared.items:
        if item.row.state == Submission.State.DELIVERED and item.row.sender != OWN_TEST:
            unmatched.update(prepared.rulebook.unmatched(item.prepared))


def _distinct(faults: Sequence[tuple[str, errors.PortalError]]) -> list[tuple[str, errors.PortalError]]:
    """What concerns the portal, not the row: one fault of each code and method is enough to obey."""
    concern_portal = (errors.Wait, errors.Stop)
    distinct = {(method, fault.code): (method, fault) for method, fault in faults if isinstance(fault, concern_portal)}
    return list(distinct.values())


def _note_receipt_refused(portal: Portal, sent: Batch, answer: batch.Answer) -> None:
    """An option set that may not be written to is used no more, until the application is opened again."""
    fault = answer.errors.get(receipts.RECEIPT_KEY)
    if sent.receipt_slot is not None and isinstance(fault, (errors.Refused, errors.Stop)):
        option_set = receipts.option_set_of(sent.receipt_slot)
        logger.warning("portal %s: no receipts in %s (%s)", portal.pk, receipts.OPTION_SETS[option_set], fault.code)
        Portal.objects.filter(pk=portal.pk, receipt_option_sets__gt=option_set).update(receipt_option_sets=option_set)


def _settle_by_error(portal: Portal, prepared: PreparedBatch, error: errors.PortalError, seconds: float) -> float:
    """The request as a whole failed."""
    if all(consent.is_forgone(list(item.commands), error) for item in prepared.items):
        _fail_rows(portal, prepared, error, seconds)
        return 0.0
    if seconds:
        error = methods.without_right(portal, prepared.rulebook, error, _only_method(prepared))
    if isinstance(error, errors.Poison):
        return poison.turned_away(portal, prepared.batch, prepared.items, error, seconds)
    if isinstance(error, errors.Ambiguous) and prepared.batch.receipt_slot is not None:
        code = poison.BREAKS if poison.breaks(error) else error.code
        recovery.mark_lost(prepared.batch, code, timezone.now())
    elif error.code == "renewing":
        claims.release_all_but(prepared, [])  # nothing was tried
    else:
        _fail_rows(portal, prepared, error, seconds)
    return hold.obey(portal, error, next(iter(prepared.methods)))


def _only_method(prepared: PreparedBatch) -> str:
    """The method that all commands call; "" if they call several."""
    return next(iter(prepared.methods)) if len(prepared.methods) == 1 else ""


def _fail_rows(portal: Portal, prepared: PreparedBatch, error: errors.PortalError, seconds: float) -> None:
    if isinstance(error, errors.Refused) and len(prepared.items) > 1:
        # One of them spoils the others: each finds out alone.
        error = errors.Transient(error.code, error.description, status=error.status)
        for row in prepared.rows:
            row.isolated = True
    rest_until = results.ends_at(prepared.batch)
    if poison.breaks(error):
        rest_until = timezone.now()  # it has ended already
    attempts = []
    for item in prepared.items:
        first = next(iter(item.commands.values()))
        attempt = results.failed(item.row, list(item.commands), first.method, error, seconds, rest_until)
        if seconds:  # else there was no token to ask with, and nothing was asked
            exchange.failed(attempt, item.commands, error)
        attempts.append(attempt)
    if len(attempts) == 1:
        poison.give_up(portal, attempts[0].submission, attempts[0])
    results.save(prepared.batch, attempts)
    if isinstance(error, errors.Ambiguous):
        ids = ", ".join(str(row.pk) for row in prepared.rows)
        logger.warning("portal %s: %s, these may have been sent twice: %s", portal.pk, error.code, ids)
