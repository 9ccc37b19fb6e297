"""Celery's tasks: draining a portal, and the sweep that heals every lost message."""

import logging
from collections.abc import Callable, Iterator
from datetime import datetime

from celery import shared_task
from django.db import Error as DatabaseError
from django.utils import timezone

from b24app.pace import wakeups
from b24app.portal import tokens
from traces.delivery import claims, drain, findable, methods, wake
from traces.delivery.next import AT_ONCE
from traces.history import erasure
from traces.models import Submission
from traces.monitoring import notices
from traces.setup import takeover

logger = logging.getLogger(__name__)

# How often the sweep looks for what is old.
TIDY_SECONDS = 60.0
# So many tokens that nobody has used for long are renewed then.
OLD_TOKENS = 5
# So long a sweep's slow parts are taken to be under way where its worker has died in them.
SLOW_SECONDS = 600.0


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
    _part(methods.wake_released)
    _part(lambda: _wake_due_portals(now))
    wakeups.note_swept()
    with wakeups.only_sweep(SLOW_SECONDS) as is_only:
        for part in _slow_parts(now) if is_only else ():
            _part(part)


def _slow_parts(now: datetime) -> Iterator[Callable[[], object]]:
    """What may take longer than the time between two sweeps."""
    thorough = wakeups.first_to_tidy(TIDY_SECONDS)
    yield lambda: findable.make(Submission.objects.all())
    yield lambda: erasure.erase(now, thorough=thorough)
    yield lambda: takeover.go_on(now)
    if thorough:
        yield lambda: tokens.renew_old(now, OLD_TOKENS)
        yield lambda: notices.look(now)


def _part(part: Callable[[], object]) -> None:
    """Do a part of the sweep; one that fails keeps no other from being done."""
    try:
        part()
    except Exception as error:
        claims.log_fault("the sweep", error)


def _wake_due_portals(now: datetime) -> None:
    for portal_id in drain.due_portals(now):
        wake.wake(portal_id)
