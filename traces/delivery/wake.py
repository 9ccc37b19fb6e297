"""Wake-ups: messages that a portal has work. Losing, doubling or delaying one loses nothing, the sweep heals it.

A wake-up names its task instead of importing it, so that whatever finds work may send one.
"""

from __future__ import annotations

import logging

from celery import current_app

from b24app.pace import wakeups

logger = logging.getLogger(__name__)

# The task in `traces.tasks` that a wake-up starts.
DRAIN_TASK = "traces.drain_portal"
# By then the workers that were called have come.
RECRUIT_SECONDS = 0.5


def wake(portal_id: int, is_first: bool | None = None) -> None:
    """Send one wake-up for a portal, unless one is under way; `is_first` is whether none is, if known."""
    if wakeups.first_to_wake(portal_id) if is_first is None else is_first:
        send(portal_id)


def recruit(portal_id: int, workers: int) -> None:
    """Call for more workers; those who find the lanes taken leave at once."""
    if workers and wakeups.first_to_recruit(portal_id, RECRUIT_SECONDS):
        for _ in range(workers):
            send(portal_id)


def send(portal_id: int, seconds: float = 0.0) -> bool:
    """Let a worker drain the portal in this many seconds; False if the message could not be sent."""
    try:
        _publish(portal_id, seconds)
    except Exception as error:  # whatever the broker's client raises: what is stored stays accepted
        logger.warning("a wake-up was not sent (%s): the sweep will", type(error).__name__)
        return False
    return True


def _publish(portal_id: int, seconds: float) -> None:
    current_app.send_task(DRAIN_TASK, (portal_id,), countdown=seconds)
