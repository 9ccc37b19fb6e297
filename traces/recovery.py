"""Hits whose answer was lost, or whose worker died: the portal is asked what became of them.

A hit that left a receipt (`b24app.receipts`) is settled by it, each submission by its own result. Where there is none,
nothing is concluded from that: after the time for which the portal can still be at it, the outcome is unknown, the
submissions are sent again, and the history says that they may have been sent twice.
"""

from __future__ import annotations

import logging
import uuid
from datetime import datetime, timedelta

from django.conf import settings

from b24app import errors, limits, portals, receipts
from b24app.models import Portal, PortalUser
from traces import plan, results, sentences
from traces.models import Batch, Submission

logger = logging.getLogger(__name__)

# The first look for a receipt after an answer was lost; each further one takes as long as all before.
FIRST_LOOK_SECONDS = 0.3
# After a fault the portal itself is paused or held, and may be well again at any moment.
AFTER_FAULT_SECONDS = 5.0
FAILED_ON_PORTAL = errors.Transient("answer_lost", str(sentences.ANSWER_LOST))


def give_up_answer(batch: Batch, code: str, now: datetime) -> None:
    """The answer will not come; `code` says why. The receipt is looked for soon."""
    Batch.objects.filter(pk=batch.pk, holder=batch.holder).update(
        code=code, look_at=now + timedelta(seconds=FIRST_LOOK_SECONDS)
    )


def look_after(portal: Portal, now: datetime) -> float | None:
    """Ask for one lost hit whose time has come. None where there is none, else for how long the portal must be left."""
    batch = Batch.objects.filter(portal=portal, look_at__lte=now).order_by("look_at").first()
    if batch is None:
        return None
    holder = uuid.uuid4()
    end_of_claim = now + timedelta(seconds=settings.CLAIM_SECONDS)
    taken = Batch.objects.filter(pk=batch.pk, holder=batch.holder, look_at=batch.look_at)
    if not taken.update(holder=holder, look_at=end_of_claim):
        return 0.0  # somebody else looks after it
    batch.holder = holder
    return _settle(portal, batch, now)


def _settle(portal: Portal, batch: Batch, now: datetime) -> float:
    text = None
    if batch.store is not None:
        try:
            for user_row in _owners(portal, batch.store):
                if wait := limits.take_hit(portal):
                    _look_again(batch, now, wait)
                    return wait
                question = receipts.question(batch.store)
                text = portals.call(portal, question.method, question.params, user_row=user_row).result
                portals.is_well(portal)
                if receipts.has_begun(text, str(batch.pk)):
                    break
        except errors.PortalError as error:
            rest = portals.obey(portal, error, "")
            _look_again(batch, now, min(rest, AFTER_FAULT_SECONDS))
            return rest
    rows = list(Submission.objects.filter(batch=batch).prefetch_related("form").order_by("received_at", "pk"))
    keys = [plan.key(number) for number in range(len(rows))]
    found = receipts.read(text, str(batch.pk), keys)
    if found is not None:
        _settle_by(batch, rows, found)
        return 0.0
    ends_at = batch.sent_at + timedelta(seconds=settings.B24_HTTP_TIMEOUT)
    if batch.store is not None and now < ends_at:
        _look_again(batch, now, min((now - batch.sent_at).total_seconds() + 0.1, (ends_at - now).total_seconds()))
        return 0.0
    if receipts.has_begun(text, str(batch.pk)):
        limits.slower(portal, len(rows))
    _settle_as_unknown(portal, batch, rows)
    return 0.0


def _owners(portal: Portal, place: int) -> list[int | None]:
    """Whose options may hold it: the application has one set of them, each administrator another."""
    if receipts.STORES[receipts.store_of(place)] == "app.option":
        return [None]
    active = portal.users.filter(state=PortalUser.State.ACTIVE).order_by("-renewed_at")
    return list(active.values_list("pk", flat=True)) or [None]


def _look_again(batch: Batch, now: datetime, seconds: float) -> None:
    Batch.objects.filter(pk=batch.pk, holder=batch.holder).update(look_at=now + timedelta(seconds=seconds))


def _settle_by(batch: Batch, rows: list[Submission], found: dict[str, int]) -> None:
    attempts = []
    for number, row in enumerate(rows):
        (command,) = plan.commands(row.form.creates, row.body, "")
        trace_id = found.get(plan.key(number))
        if trace_id:
            attempts.append(results.delivered(row, command, trace_id, 0.0, code="receipt"))
        else:
            attempts.append(results.failed(row, command.method, FAILED_ON_PORTAL, 0.0))
    if results.store(batch, attempts):
        logger.info("batch %s: settled by its receipt, %d of %d delivered", batch.pk, len(found), len(rows))


def _settle_as_unknown(portal: Portal, batch: Batch, rows: list[Submission]) -> None:
    reason = sentences.NO_ANSWER if batch.code else sentences.WORKER_LOST
    error = errors.Ambiguous(batch.code or "worker_lost", str(reason))
    attempts = []
    for row in rows:
        (command,) = plan.commands(row.form.creates, row.body, "")
        attempts.append(results.failed(row, command.method, error, 0.0))
    if results.store(batch, attempts) and rows:
        ids = ", ".join(str(row.pk) for row in rows)
        logger.warning("portal %s: no receipt (%s), these may have been sent twice: %s", portal.pk, error.code, ids)
