"""Hits whose answer was lost, or whose worker died: the portal is asked what became of them.

A hit that left a receipt (`b24app.api.receipts`) is settled by it, each submission by its own result. Where there is
none, nothing is concluded from that: after the time for which the portal can still be at it, the outcome is unknown,
the submissions are sent again, and the history says that they may have been sent twice.
"""

from __future__ import annotations

import logging
import uuid
from datetime import datetime, timedelta

from django.conf import settings

from b24app.api import errors, receipts
from b24app.models import Portal, PortalUser
from b24app.pace import limits
from b24app.portal import calls, hold, tokens
from traces import sentences
from traces.compose import steps
from traces.delivery import claims, results
from traces.models import Attempt, Batch, Submission
from traces.setup import rulebook

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


def look_after(portal: Portal, book: rulebook.Rulebook, now: datetime) -> float | None:
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
    if batch.sent_at is None:
        claims.give_up(batch)
        return 0.0
    return _settle(portal, book, batch, now)


def _settle(portal: Portal, book: rulebook.Rulebook, batch: Batch, now: datetime) -> float:
    text = None
    if batch.store is not None:
        try:
            for user_row in _owners(portal, batch.store):
                if wait := limits.take_request(portal):
                    _look_again(batch, now, wait)
                    return wait
                question = receipts.question(batch.store)
                credentials = tokens.current(portal, user_row)
                text = calls.call(portal, question.method, question.params, credentials=credentials).result
                hold.mark_healthy(portal)
                if receipts.has_begun(text, str(batch.pk)):
                    break
        except errors.PortalError as error:
            rest = hold.obey(portal, error, "")
            _look_again(batch, now, min(rest, AFTER_FAULT_SECONDS))
            return rest
    rows = {str(row.pk): row for row in Submission.objects.filter(batch=batch)}
    making = [steps.key(number) for number, (_, name, _) in enumerate(batch.commands) if name in steps.MAKING]
    found = receipts.read(text, str(batch.pk), making)
    if found is not None:
        _settle_by(batch, book, rows, found)
        return 0.0
    ends_at = results.ends_at(batch)
    if batch.store is not None and now < ends_at:
        left = (ends_at - now).total_seconds()
        _look_again(batch, now, min(settings.B24_HTTP_TIMEOUT - left + 0.1, left))
        return 0.0
    if receipts.has_begun(text, str(batch.pk)):
        limits.note_slow(portal, len(rows))
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


def _settle_by(batch: Batch, book: rulebook.Rulebook, rows: dict[str, Submission], found: dict[str, int]) -> None:
    """What is in the receipt is done; what is not was not, and what makes nothing is asked again."""
    outcomes: dict[str, dict[tuple[str, str], int | errors.PortalError]] = {row_id: {} for row_id in rows}
    for number, (row_id, name, method) in enumerate(batch.commands):
        if row_id in rows:
            outcomes[row_id][name, method] = found.get(steps.key(number), FAILED_ON_PORTAL)
    attempts: list[Attempt] = []
    for row_id, row in rows.items():
        row.form = book.forms.get(row.form_id) or row.form
        work = rulebook.work(row, row.form, book.rules)
        attempts += results.settled(row, work, outcomes[row_id], 0.0, code="receipt")
    if results.store(batch, attempts):
        logger.info("batch %s: settled by its receipt, %d results for %d rows", batch.pk, len(found), len(rows))


def _settle_as_unknown(portal: Portal, batch: Batch, rows: dict[str, Submission]) -> None:
    reason = sentences.NO_ANSWER if batch.code else sentences.WORKER_LOST
    error = errors.Ambiguous(batch.code or "worker_lost", str(reason))
    asked: dict[str, list[tuple[str, str]]] = {row_id: [] for row_id in rows}
    for row_id, name, method in batch.commands:
        asked.get(row_id, []).append((name, method))
    attempts = []
    for row_id, row in rows.items():
        names = [name for name, _ in asked[row_id]]
        method = next((method for _, method in asked[row_id]), "")
        attempts.append(results.failed(row, names, method, error, 0.0, results.ends_at(batch)))
    if results.store(batch, attempts) and rows:
        ids = ", ".join(rows)
        logger.warning("portal %s: no receipt (%s), these may have been sent twice: %s", portal.pk, error.code, ids)
