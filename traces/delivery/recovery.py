"""Batches whose answer was lost, or whose worker died: the portal is asked what became of them.

A batch that left a receipt (`b24app.api.receipts`) is settled by it, each submission by its own result. A missing
receipt proves nothing: once the portal can no longer be working on the batch, the outcome is unknown, the submissions
are sent again, and the history says that they may have been sent twice.
"""

from __future__ import annotations

import logging
import uuid
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from b24app.api import errors, receipts
from b24app.models import Portal, PortalUser
from b24app.pace import limits
from b24app.portal import calls, hold, tokens
from traces.compose import steps
from traces.delivery import claims, poison, results
from traces.delivery.next import AT_ONCE, NOT_NEEDED, Next
from traces.models import Attempt, Batch, Submission
from traces.setup.rulebook import Rulebook

logger = logging.getLogger(__name__)

# The first look for a receipt after an answer was lost; each further one takes as long as all before.
FIRST_LOOK_SECONDS = 0.3
# After a fault the portal itself is paused or held, and may be well again at any moment.
AFTER_FAULT_SECONDS = 5.0


def mark_lost(batch: Batch, code: str, now: datetime) -> None:
    """The answer will not come; `code` says why. The receipt is looked for soon."""
    claims.leased(batch).update(
        state=Batch.State.LOST, code=code, lease_until=now + timedelta(seconds=FIRST_LOOK_SECONDS)
    )


def settle_lost_batch(portal: Portal, rulebook: Rulebook, now: datetime) -> Next:
    """Take over one batch whose lease ran out. `NOT_NEEDED` where there is none."""
    batch = Batch.objects.filter(portal=portal, lease_until__lte=now).order_by("lease_until").first()
    if batch is None:
        return NOT_NEEDED
    lease_id = uuid.uuid4()
    lease_until = now + timedelta(seconds=settings.CLAIM_SECONDS)
    if (
        not claims.leased(batch)
        .filter(lease_until=batch.lease_until)
        .update(lease_id=lease_id, lease_until=lease_until)
    ):
        return AT_ONCE  # another worker has taken it over
    batch.lease_id = lease_id
    if batch.state == Batch.State.CLAIMED:
        claims.expire(batch)
        return AT_ONCE
    if batch.receipt_slot is None:
        _settle(portal, rulebook, batch, now, None)
        return AT_ONCE
    try:
        text, wait = _ask_for_receipt(portal, batch, batch.receipt_slot)
    except errors.PortalError as error:
        if isinstance(error, errors.Stop) and error.method:
            _settle(portal, rulebook, batch, now, None)  # this portal keeps no options: nobody can be asked
            return AT_ONCE
        pause = hold.obey(portal, error, "")
        _look_again(batch, now, min(pause, AFTER_FAULT_SECONDS))
        return Next(pause)
    if wait:
        _look_again(batch, now, wait)
        return Next(wait)
    _settle(portal, rulebook, batch, now, text)
    return AT_ONCE


def _ask_for_receipt(portal: Portal, batch: Batch, slot: int) -> tuple[Any, float]:
    """Returns what the slot holds, and 0.0; or None, and the seconds to wait before the portal may be asked."""
    text = None
    for user_pk in _owners(portal, slot):
        if wait := limits.take_request(portal):
            return None, wait
        question = receipts.question(slot)
        credentials = tokens.current(portal, user_pk)
        text = calls.call(portal, question.method, question.params, credentials=credentials).result
        hold.mark_healthy(portal)
        if receipts.has_begun(text, str(batch.pk)):
            break
    return text, 0.0


def _owners(portal: Portal, slot: int) -> list[int | None]:
    """Whose options may hold it: the application has one set of them, each administrator another."""
    if receipts.OPTION_SETS[receipts.option_set_of(slot)] == "app.option":
        return [None]
    active = portal.users.filter(state=PortalUser.State.ACTIVE).order_by("-renewed_at")
    return list(active.values_list("pk", flat=True)) or [None]


def _settle(portal: Portal, rulebook: Rulebook, batch: Batch, now: datetime, text: Any) -> None:
    """Settle the batch by what its slot holds; without a receipt wait until the portal has certainly ended."""
    rows = {str(row.pk): row for row in Submission.objects.filter(batch=batch)}
    making = [steps.key(number) for number, (_, name, _) in enumerate(batch.commands) if name in steps.MAKING]
    receipt = receipts.read(text, str(batch.pk), making)
    # A portal that has answered, by the page of its crash, is at work no more.
    seconds_left = 0.0 if batch.code == poison.BREAKS else (results.ends_at(batch) - now).total_seconds()
    if receipt is not None:
        _settle_by_receipt(rulebook, batch, rows, receipt)
    elif batch.receipt_slot is not None and seconds_left > 0:
        _look_again(batch, now, min(settings.B24_HTTP_TIMEOUT - seconds_left + 0.1, seconds_left))
    elif batch.code == poison.BREAKS and len(batch.commands) > 1 and not receipts.has_begun(text, str(batch.pk)):
        _settle_as_not_begun(portal, batch, rows)
    else:
        if batch.code != poison.BREAKS and receipts.has_begun(text, str(batch.pk)):
            limits.note_slow(portal, len(rows))
        _settle_as_unknown(portal, batch, rows)


def _settle_by_receipt(rulebook: Rulebook, batch: Batch, rows: dict[str, Submission], receipt: dict[str, int]) -> None:
    """What is in the receipt is done; what is not was not, and what makes nothing is asked again."""
    outcomes: dict[str, dict[tuple[str, str], int | errors.PortalError]] = {row_id: {} for row_id in rows}
    for number, (row_id, name, method) in enumerate(batch.commands):
        if row_id in rows:
            not_done = errors.Transient("answer_lost")
            outcomes[row_id][name, method] = receipt.get(steps.key(number), not_done)
    attempts: list[Attempt] = []
    for row_id, row in rows.items():
        row.form = rulebook.forms.get(row.form_id) or row.form
        attempts += results.settled(row, rulebook.prepare(row), outcomes[row_id], 0.0, code="receipt")
    if results.save(batch, attempts):
        logger.info("batch %s: settled by its receipt, %d results for %d rows", batch.pk, len(receipt), len(rows))


def _settle_as_not_begun(portal: Portal, batch: Batch, rows: dict[str, Submission]) -> None:
    """The portal broke down before the mark of the batch: none of its commands has done anything."""
    attempts = poison.send_apart(_sent_rows(batch, rows), poison.UNREADABLE, poison.BROKEN, 0.0)
    _give_up_lone(portal, attempts)
    results.save(batch, attempts)


def _settle_as_unknown(portal: Portal, batch: Batch, rows: dict[str, Submission]) -> None:
    has_answered = batch.code == poison.BREAKS
    code, status = (poison.UNREADABLE, poison.BROKEN) if has_answered else (batch.code or "worker_lost", 0)
    error = errors.Ambiguous(code, status=status)
    rest_until = timezone.now() if has_answered else results.ends_at(batch)
    attempts = [
        results.failed(row, names, method, error, 0.0, rest_until) for row, names, method in _sent_rows(batch, rows)
    ]
    _give_up_lone(portal, attempts)
    if results.save(batch, attempts) and rows:
        ids = ", ".join(rows)
        logger.warning("portal %s: no receipt (%s), these may have been sent twice: %s", portal.pk, error.code, ids)


def _give_up_lone(portal: Portal, attempts: list[Attempt]) -> None:
    if len(attempts) == 1:
        poison.give_up(portal, attempts[0].submission, attempts[0])


def _sent_rows(batch: Batch, rows: dict[str, Submission]) -> list[poison.SentRow]:
    commands: dict[str, list[tuple[str, str]]] = {row_id: [] for row_id in rows}
    for row_id, name, method in batch.commands:
        commands.get(row_id, []).append((name, method))
    return [
        (row, [name for name, _ in commands[row_id]], next((method for _, method in commands[row_id]), ""))
        for row_id, row in rows.items()
    ]


def _look_again(batch: Batch, now: datetime, seconds: float) -> None:
    claims.leased(batch).update(lease_until=now + timedelta(seconds=seconds))
