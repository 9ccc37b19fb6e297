"""Celery's part: hints that a portal has work. Losing, doubling or delaying any of them loses nothing."""

import logging

from celery import shared_task
from django.db import Error as DatabaseError
from django.utils import timezone

from b24app.pace import wakeups
from traces.delivery import drain
from traces.history import erasure
from traces.monitoring import notices

logger = logging.getLogger(__name__)

# Those who were called for have come by then.
RECRUIT_SECONDS = 0.5
# How often the sweep looks for what is old.
TIDY_SECONDS = 60.0


@shared_task(name="traces.drain_portal")
def drain_portal(portal_id: int) -> None:
    """Work on one portal for a turn, then go to the end of the line."""
    try:
        again = drain.drain(portal_id, lambda others: _recruit(portal_id, others), lambda: _send(portal_id))
    except DatabaseError as error:
        # The database's own text may quote the row, visitor's data included. The sweep comes back to the portal.
        logger.error("portal %s: the database failed (%s)", portal_id, type(error).__name__)
        return
    # One return is enough, however many wake-ups found that the portal has to wait.
    if again == 0 or (again is not None and wakeups.first_to_return(portal_id, again)):
        _send(portal_id, again)


@shared_task(name="traces.sweep")
def sweep() -> None:
    """Wake every portal that has due rows: this heals each lost message. Then delete, and tell of stops."""
    now = timezone.now()
    for portal_id in drain.due_portals(now):
        wake(portal_id)
    wakeups.note_swept()
    erasure.erase_requested()
    erasure.erase_wanted(now)
    if wakeups.first_to_tidy(TIDY_SECONDS):
        erasure.erase_old(now)
    notices.look(now)


def wake(portal_id: int) -> None:
    """Send one wake-up for a portal, unless one is on its way; where that fails the sweep makes it good."""
    if wakeups.first_to_wake(portal_id):
        _send(portal_id)


def _recruit(portal_id: int, others: int) -> None:
    """Call for other workers; those who find the lanes taken are gone at once."""
    if others and wakeups.first_to_recruit(portal_id, RECRUIT_SECONDS):
        for _ in range(others):
            _send(portal_id)


def _send(portal_id: int, seconds: float = 0.0) -> bool:
    try:
        drain_portal.apply_async((portal_id,), countdown=seconds)
    except Exception as error:  # whatever the broker's client raises: what is stored stays accepted
        logger.warning("a wake-up was not sent (%s): the sweep will", type(error).__name__)
        return False
    return True
