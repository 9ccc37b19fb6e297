"""When a portal is left alone: paused for seconds, or held until somebody acts, and resumed."""

from __future__ import annotations

import logging
import math
import random
from datetime import timedelta

from django.db.models import F
from django.utils import timezone

from b24app.api import errors
from b24app.models import Portal
from b24app.pace import limits

logger = logging.getLogger(__name__)

# A held portal is tried this often, in case nobody tells us that it is well again.
PROBE_EVERY = timedelta(hours=6)
MAX_PAUSE_SECONDS = 60.0
# The pause after a fault that is not the portal's wish; it doubles while the faults go on.
FAULT_SECONDS = 0.25


def hold(portal: Portal, code: str) -> None:
    """Stop sending to the portal until somebody acts; `code` is a key of `b24app.api.remedies.REMEDIES`."""
    now = timezone.now()
    held = Portal.objects.filter(pk=portal.pk, state=Portal.State.ACTIVE).update(
        state=Portal.State.HELD, hold_code=code, held_since=now, probe_at=now + PROBE_EVERY
    )
    if held:
        logger.warning("portal %s: queue held (%s)", portal.pk, code)


def resume(portal: Portal) -> None:
    """Send to the portal again; nothing where it is not held."""
    resumed = Portal.objects.filter(pk=portal.pk, state=Portal.State.HELD).update(
        state=Portal.State.ACTIVE, hold_code="", held_since=None, probe_at=None
    )
    if resumed:
        logger.info("portal %s: queue resumed", portal.pk)


def obey(portal: Portal, error: errors.PortalError, method: str) -> float:
    """Do what an error of a call of `method` asks of the whole portal.

    Returns the seconds to pause the portal: 0.0 when other messages may go on, math.inf while the portal is held.
    """
    if isinstance(error, errors.Stop):
        hold(portal, error.code)
        return math.inf
    if isinstance(error, errors.Refused):
        return 0.0
    if isinstance(error, errors.Wait):
        if error.code == "renewing":
            return error.seconds  # somebody else's doing, not the portal's slowness
        if error.method:
            limits.note_blocked(portal, error.method)
            return 0.0  # other methods go on (`limits.look`)
        limits.note_throttled(portal)
        return pause(portal, error.seconds)
    return pause(portal, FAULT_SECONDS)


def mark_healthy(portal: Portal) -> None:
    """Note that the portal answers: the next pause starts short, and what was held goes on."""
    if portal.pauses:
        Portal.objects.filter(pk=portal.pk).update(pauses=0)
        portal.pauses = 0
    if portal.state == Portal.State.HELD:
        resume(portal)


def pause(portal: Portal, seconds: float) -> float:
    """Pause the portal for the `seconds` that it asked for, longer each time in a row.

    Returns the seconds of the pause, at most `MAX_PAUSE_SECONDS` and a quarter.
    """
    length = min(MAX_PAUSE_SECONDS, seconds * 2.0 ** min(portal.pauses, 6)) * random.uniform(1.0, 1.25)
    Portal.objects.filter(pk=portal.pk).update(
        paused_until=timezone.now() + timedelta(seconds=length), pauses=F("pauses") + 1
    )
    return length
