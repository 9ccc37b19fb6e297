"""Celery's tasks: draining a portal, and the sweep that heals every lost message."""

import logging

from celery import shared_task
from django.db import Error as DatabaseError
from django.utils import timezone

from b24app.pace import wakeups
from traces.delivery import drain, wake
from traces.delivery.next import AT_ONCE
from traces.history import erasure
from traces.monitoring import notices

logger = logging.getLogger(__name__)

# How often the sweep looks for what is old.
TIDY_SECONDS = 60.0


@shared_task(name=wake.DRAIN_TASK)
def drain_portal(portal_id: int) -> None:
    """Work on one portal for a turn, then go to the end of the line."""
    try:
        following = drain.drain(portal_id)
    except DatabaseError as error:
        # The database's own text may quote the row, visitor's data included. The sweep comes back to the portal.
        logger.error("portal %s: the database failed (%s)", portal_id, type(error).__name__)
        return
    if following.seconds is None:
        return
    # One return is enough, however many wake-ups found that the portal has to wait.
    if following == AT_ONCE or wakeups.first_to_return(portal_id, following.seconds):
        wake.send(portal_id, following.seconds)


@shared_task(name="traces.sweep")
def sweep() -> None:
    """Wake every portal that has due rows: this heals each lost message. Then delete, and tell of stops."""
    now = timezone.now()
    for portal_id in drain.due_portals(now):
        wake.wake(portal_id)
    wakeups.note_swept()
    thorough = wakeups.first_to_tidy(TIDY_SECONDS)
    erasure.erase(now, thorough=thorough)
    if thorough:
        notices.look(now)
