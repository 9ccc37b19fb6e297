"""Deleting data: of portals that were uninstalled, what has ended or waited too long, what an administrator wants gone.

Each part is done by itself and in chunks: what stops one stops no other, and nobody waits long for the database.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from b24app.host.transactions import writing
from b24app.models import Portal, PortalEvent
from traces.compose import search
from traces.delivery import requeue, unmatched
from traces.history import removal
from traces.models import Attempt, CrmRecord, Notice, Preferences, Removed, Source, Submission, Unmatched, Unwanted
from traces.models.notices import PURGE_NOTICE, purge_at

logger = logging.getLogger(__name__)

# Rows deleted in one statement, so that nobody waits long for the database.
CHUNK = 1000
# Chunks of a portal that one sweep deletes; the next one goes on.
CHUNKS_A_SWEEP = 5
UNMATCHED_WEEKS = 12
# An event is known again by its digest for so long. A pair of tokens in one is good for 180 days at most, and an
# uninstall that is not of these minutes changes nothing while a newer installation works (`b24app.portal.events`).
EVENT_DAYS = 200
# What was told is history for so long.
NOTICE_DAYS = 60
ENDED = (Submission.State.DELIVERED, Submission.State.FAILED, Submission.State.SPAM, Submission.State.TEST)
# What was received before a wish may be committed a moment after it.
LATE_COMMITS = timedelta(seconds=15)
# A row that is being sent belongs to its batch until that is settled.
SETTLED = Q(batch=None) & ~Q(state=Submission.State.SENDING)


def erase(now: datetime, *, thorough: bool) -> None:
    """Delete what its time has come for, a few chunks of each portal: to be called again and again.

    Only a `thorough` call looks for what is old. Nothing is raised: what fails is logged and tried again.
    """
    with _apart("what was uninstalled"):
        erase_requested()
    with _apart("what administrators want gone"):
        erase_wanted(now)
    with _apart("what visitors want gone"):
        erase_unwanted()
    with _apart("what was deleted a moment ago"):
        removal.forget(now)
    if not thorough:
        return
    for part in (erase_old, empty_old, purge_held, empty_exchanges, erase_old_notes, erase_old_events):
        with _apart(part.__name__):
            part(now)


@contextmanager
def _apart(what: str) -> Iterator[None]:
    """Log what fails, and go on. A database's own text may quote a row, so only its kind is written."""
    try:
        yield
    except Exception as error:
        logger.error("erasure of %s failed (%s)", what, type(error).__name__)


def erase_requested() -> None:
    """Delete the portals that were uninstalled with their data, and those whose uninstallation is long ago.

    Safe to repeat: each statement looks again whether that still holds, since the application may be installed anew
    meanwhile.
    """
    now = timezone.now()
    asked = Q(clean_requested_at__lte=now - timedelta(days=settings.CLEAN_GRACE_DAYS))
    forgotten = Q(uninstalled_at__lte=now - timedelta(days=settings.UNINSTALLED_DAYS))
    gone = Portal.objects.filter(asked | forgotten, state=Portal.State.UNINSTALLED)
    for portal_id in list(gone.values_list("pk", flat=True)):
        with _apart(f"portal {portal_id}"):
            _erase_portal(gone.filter(pk=portal_id))


def _erase_portal(gone: QuerySet[Portal]) -> None:
    """Delete a few chunks of a portal's submissions; and the portal with all that is left, once there are none."""
    rows = Submission.objects.filter(portal__in=gone)
    delete_chunks(rows)
    with writing():
        # Locked, so that an installation either comes before (and the row is not found here) or after it is gone.
        portal = gone.select_for_update().first()
        if portal is not None and not rows.exists():
            portal_id, asked = portal.pk, portal.clean_requested_at is not None
            portal.delete()
            logger.info(
                "portal %s: its data was deleted, %s", portal_id, "as requested" if asked else "its time is over"
            )


def erase_old(now: datetime) -> None:
    """Delete what has ended longer ago than each portal keeps it."""
    for portal_id, days, before in _kept("retention_days", now):
        rows = Submission.objects.filter(portal=portal_id, state__in=ENDED, received_at__lt=before)
        with _apart(f"portal {portal_id}"):
            if number := delete_chunks(rows):
                logger.info("portal %s: %d submissions of more than %d days were deleted", portal_id, number, days)


def empty_old(now: datetime) -> None:
    """Empty what visitors sent longer ago than each portal keeps it; the record of the delivery stays."""
    for portal_id, days, before in _kept("fields_days", now):
        with _apart(f"portal {portal_id}"):
            if number := _empty_chunks(portal_id, before, now):
                logger.info("portal %s: %d submissions of more than %d days were emptied", portal_id, number, days)


def _kept(preference: str, now: datetime) -> Iterator[tuple[int, int, datetime]]:
    """Each portal that keeps something for so many days, by this preference; the days; what is older goes."""
    default = getattr(Preferences(), preference)
    for portal_id, chosen in list(Portal.objects.values_list("pk", f"preferences__{preference}")):
        if days := default if chosen is None else chosen:
            yield portal_id, days, now - timedelta(days=days)


def _empty_chunks(portal_id: int, before: datetime, now: datetime) -> int:
    """Empty a few chunks of what has ended and came before this time; how many rows that were."""
    ended = Submission.objects.filter(due_at=None, batch=None, emptied_at=None, state__in=ENDED)
    old = ended.filter(portal=portal_id, received_at__lt=before).order_by("received_at")
    emptied = 0
    for _ in range(CHUNKS_A_SWEEP):
        if not old.exists():  # seen without waiting in line to write
            break
        with writing():
            # Locked, so that none is emptied that is sent again in this moment.
            ids = list(old.select_for_update(skip_locked=True).values_list("pk", flat=True)[:CHUNK])
            Attempt.objects.filter(submission__in=ids).exclude(params={}).update(params={})
            Submission.objects.filter(pk__in=ids).update(**EMPTIED, emptied_at=now)
        emptied += len(ids)
    return emptied


def erase_old_events(now: datetime) -> None:
    """Delete old entries of the journal: a pair of tokens that was recorded with one is good no more by then."""
    old = PortalEvent.objects.filter(at__lt=now - timedelta(days=EVENT_DAYS))
    if ids := list(old.values_list("pk", flat=True)[:CHUNK]):
        with writing():
            PortalEvent.objects.filter(pk__in=ids).delete()


def erase_old_notes(now: datetime) -> None:
    """Delete old weeks of what no rule took, sources of nothing, and what administrators were told of long ago."""
    week = unmatched.monday(now) - timedelta(weeks=UNMATCHED_WEEKS)
    if ids := list(Unmatched.objects.filter(week__lt=week).values_list("pk", flat=True)[:CHUNK]):
        with writing():
            Unmatched.objects.filter(pk__in=ids).delete()
    used = Q(*((name, OuterRef("pk")) for name in search.CAME_BY), _connector=Q.OR)
    by_submission = Submission.objects.filter(used, portal=OuterRef("portal"), source__isnull=False)
    records = CrmRecord.objects
    by_record = Exists(records.filter(source=OuterRef("pk"))) | Exists(records.filter(campaign=OuterRef("pk")))
    unused = Source.objects.exclude(Exists(by_submission) | by_record)
    if ids := list(unused.values_list("pk", flat=True)[:CHUNK]):
        with writing():
            unused.filter(pk__in=ids).delete()
    old = Notice.objects.filter(over=True, at__lt=now - timedelta(days=NOTICE_DAYS))
    if ids := list(old.values_list("pk", flat=True)[:CHUNK]):
        with writing():
            Notice.objects.filter(pk__in=ids).delete()


def empty_exchanges(now: datetime) -> None:
    """Delete what was asked of the portals and what they answered, once it is old; the attempts themselves stay."""
    old = Attempt.objects.filter(exchange__isnull=False, at__lt=now - timedelta(days=settings.EXCHANGE_DAYS))
    for _ in range(CHUNKS_A_SWEEP):
        ids = list(old.order_by("at").values_list("pk", flat=True)[:CHUNK])
        if not ids:
            break
        with writing():
            Attempt.objects.filter(pk__in=ids).update(exchange=None)


def purge_held(now: datetime) -> None:
    """Give up what waits for portals that have taken nothing for `HELD_DAYS`, and delete what visitors typed in it.

    Only where somebody was told two weeks before (`Notice.PURGE`). What comes after that day waits two weeks too.
    """
    held_since = now - timedelta(days=settings.HELD_DAYS)
    for portal in list(Portal.objects.filter(state=Portal.State.HELD, held_since__lte=held_since)):
        warned = Notice.objects.filter(portal=portal, about=Notice.PURGE, over=False).first()
        if warned is None or purge_at(portal, warned.at) > now:
            continue
        with _apart(f"portal {portal.pk}"):
            if number := _purge_chunks(portal, max(purge_at(portal, warned.at), now - PURGE_NOTICE)):
                logger.warning("portal %s: %d submissions waited too long and were given up", portal.pk, number)


def _purge_chunks(portal: Portal, before: datetime) -> int:
    """Give up a few chunks of what a held portal's queue got before this time; how many rows that were."""
    held = Portal.objects.filter(pk=portal.pk, state=Portal.State.HELD)
    waiting = Submission.objects.filter(portal__in=held, state=Submission.State.QUEUED, received_at__lt=before)
    purged = 0
    for _ in range(CHUNKS_A_SWEEP):
        with writing():
            ids = list(waiting.select_for_update(skip_locked=True).values_list("pk", flat=True)[:CHUNK])
            if ids:
                Attempt.objects.filter(submission__in=ids).update(params={}, exchange=None)
                Submission.objects.filter(pk__in=ids).update(**_GIVEN_UP, emptied_at=timezone.now())
        purged += len(ids)
        if len(ids) < CHUNK:
            break
    return purged


# What is left of an emptied submission is the record of its delivery: which form, source, state, times, CRM numbers.
EMPTIED: dict[str, Any] = {
    **dict.fromkeys(("params", "body"), {}),
    **dict.fromkeys(("terms", "body_hash", "sender_form_name"), ""),
    "idempotency_key": None,
}
# A submission that was given up: only that there was one, of which form, and what the CRM has of it.
_GIVEN_UP: dict[str, Any] = {
    **EMPTIED,
    "state": Submission.State.FAILED,
    "code": requeue.HELD_TOO_LONG,
    "due_at": None,
    **dict.fromkeys(search.CAME_BY),
}


def erase_wanted(now: datetime) -> None:
    """Delete a few chunks of what administrators want gone (`Preferences.erase_before`), whatever its state.

    What is being sent right now follows once it is settled; then the wish is fulfilled and goes.
    """
    for wish in Preferences.objects.exclude(erase_before=None).only("portal_id", "erase_before"):
        with _apart(f"portal {wish.portal_id}"):
            Removed.objects.filter(portal=wish.portal_id).delete()
            if number := delete_chunks(wanted(wish).filter(SETTLED)):
                logger.info("portal %s: %d submissions were deleted as its administrator asked", wish.portal_id, number)
            if wish.erase_before and wish.erase_before + LATE_COMMITS < now and not wanted(wish).exists():
                Preferences.objects.filter(pk=wish.pk, erase_before=wish.erase_before).update(erase_before=None)


def erase_unwanted(portal: Portal | None = None) -> None:
    """Delete a few chunks of what visitors want gone, of one portal or of all, as far as it is settled."""
    rows = Submission.objects.filter(SETTLED, pk__in=Unwanted.objects.values("submission"))
    if number := delete_chunks(rows.filter(portal=portal) if portal else rows):
        logger.info("%d submissions were deleted as their visitors asked", number)


def wanted(wish: Preferences) -> QuerySet[Submission]:
    """The submissions that an administrator wants gone and that are still there."""
    if wish.erase_before is None:
        return Submission.objects.none()
    return Submission.objects.filter(portal=wish.portal_id, received_at__lt=wish.erase_before)


def delete_chunks(rows: QuerySet[Submission]) -> int:
    """Delete up to `CHUNKS_A_SWEEP` chunks of the rows; how many rows that were."""
    deleted = 0
    for _ in range(CHUNKS_A_SWEEP):
        if not rows.exists():  # seen without waiting in line to write
            break
        with writing():
            # Locked, so that none is deleted that a worker takes in this moment; those it has are left to it.
            ids = list(rows.select_for_update(skip_locked=True).values_list("pk", flat=True)[:CHUNK])
            Submission.objects.filter(pk__in=ids).only("pk").delete()
        deleted += len(ids)
    return deleted
