"""Deleting data: of portals uninstalled with it, what has ended long ago, what an administrator wants gone."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet

from b24app.host.transactions import writing
from b24app.models import Portal
from traces.delivery import unmatched
from traces.models import Preferences, Submission, Unmatched

logger = logging.getLogger(__name__)

# Rows deleted in one statement, so that nobody waits long for the database.
CHUNK = 1000
# Chunks of a portal that one sweep deletes; the next one goes on.
CHUNKS_A_SWEEP = 5
UNMATCHED_WEEKS = 12
ENDED = (Submission.State.DELIVERED, Submission.State.FAILED, Submission.State.TEST)
# What was received before a wish may be committed a moment after it.
LATE_COMMITS = timedelta(seconds=15)
# A row that is being sent belongs to its batch until that is settled.
SETTLED = Q(batch=None) & ~Q(state=Submission.State.SENDING)


def erase_requested() -> None:
    """Delete the forms and submissions of portals that were uninstalled with their data; safe to repeat.

    Every statement looks again whether that is still wished: the application may be installed anew meanwhile.
    """
    wished = Portal.objects.filter(state=Portal.State.UNINSTALLED, clean_requested_at__isnull=False)
    for portal_id in list(wished.values_list("pk", flat=True)):
        rows = Submission.objects.filter(portal__in=wished.filter(pk=portal_id))
        while ids := list(rows.values_list("pk", flat=True)[:CHUNK]):
            Submission.objects.filter(pk__in=ids).delete()
        with transaction.atomic():
            # Locked, so that an installation either comes before (and the row is not found here) or after it is gone.
            portal = wished.select_for_update().filter(pk=portal_id).first()
            if portal is not None:
                portal.delete()
                logger.info("portal %s: its data was deleted as requested", portal_id)


def erase_old(now: datetime) -> None:
    """Delete what has ended longer ago than each portal keeps it, and old weeks of what no rule took.

    A few chunks of each portal: to be called again and again.
    """
    default = Preferences().retention_days
    for portal_id, chosen in list(Portal.objects.values_list("pk", "preferences__retention_days")):
        days = default if chosen is None else chosen
        if days:
            before = now - timedelta(days=days)
            rows = Submission.objects.filter(portal=portal_id, state__in=ENDED, received_at__lt=before)
            if number := _delete_chunks(rows):
                logger.info("portal %s: %d submissions of more than %d days were deleted", portal_id, number, days)
    week = unmatched.monday(now) - timedelta(weeks=UNMATCHED_WEEKS)
    if ids := list(Unmatched.objects.filter(week__lt=week).values_list("pk", flat=True)[:CHUNK]):
        with writing():
            Unmatched.objects.filter(pk__in=ids).delete()


def erase_wanted(now: datetime) -> None:
    """Delete a few chunks of what administrators want gone (`Preferences.erase_before`), whatever its state.

    What is being sent right now follows once it is settled; then the wish is fulfilled and goes.
    """
    for wish in Preferences.objects.exclude(erase_before=None).only("portal_id", "erase_before"):
        if number := _delete_chunks(wanted(wish).filter(SETTLED)):
            logger.info("portal %s: %d submissions were deleted as its administrator asked", wish.portal_id, number)
        if wish.erase_before and wish.erase_before + LATE_COMMITS < now and not wanted(wish).exists():
            Preferences.objects.filter(pk=wish.pk, erase_before=wish.erase_before).update(erase_before=None)


def wanted(wish: Preferences) -> QuerySet[Submission]:
    """The submissions that an administrator wants gone and that are still there."""
    if wish.erase_before is None:
        return Submission.objects.none()
    return Submission.objects.filter(portal=wish.portal_id, received_at__lt=wish.erase_before)


def _delete_chunks(rows: QuerySet[Submission]) -> int:
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
