"""When a portal is left alone: paused for seconds, or held until somebody acts, and resumed."""

from __future__ import annotations

import logging
import math
import random
from datetime import datetime, timedelta

from django.db.models import F
from django.utils import timezone

from b24app.api import errors
from b24app.host.transactions import writing
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


def take_probe(portal: Portal, now: datetime) -> bool:
    """Become the worker that tries a held portal now. False if another one is."""
    is_due = Portal.objects.filter(pk=portal.pk, state=Portal.State.HELD, probe_at__lte=now)
    return bool(is_due.update(probe_at=now + PROBE_EVERY))


def resume(portal: Portal) -> None:
    """Send to the portal again; nothing where it is not held."""
    resumed = Portal.objects.filter(pk=portal.pk, state=Portal.State.HELD).update(
        state=Portal.State.ACTIVE, hold_code="", held_since=None, probe_at=None
    )
    if resumed:
        logger.info("portal %s: queue resumed", portal.pk)


def hold_method(portal: Portal, method: str, code: str) -> None:
    """Note that the portal does not offer a method, why, and when that is looked at again."""
    now = timezone.now()
    with writing():
        row = Portal.objects.select_for_update(no_key=True).filter(pk=portal.pk).first()
        if row is None:
            return
        noted = row.held_methods.get(method, {})
        since, probes = noted.get("since") or now.isoformat(), int(noted.get("probes", -1)) + 1
        probe_at = now + min(timedelta(hours=1), timedelta(minutes=1) * 2 ** min(probes, 10))
        facts = {"code": code, "since": since, "probes": probes, "probe_at": probe_at.isoformat()}
        portal.held_methods = {**row.held_methods, method: facts}
        Portal.objects.filter(pk=portal.pk).update(held_methods=portal.held_methods)
    if not noted:
        logger.warning("portal %s: %s is held (%s)", portal.pk, method, code)


def release_method(portal: Portal, method: str) -> None:
    """Note that the portal offers the method; nothing where it was not held."""
    if method not in portal.held_methods:
        return
    with writing():
        row = Portal.objects.select_for_update(no_key=True).filter(pk=portal.pk).first()
        if row is None:
            return
        portal.held_methods = {name: facts for name, facts in row.held_methods.items() if name != method}
        Portal.objects.filter(pk=portal.pk).update(held_methods=portal.held_methods)
    logger.info("portal %s: %s goes on", portal.pk, method)


def obey(portal: Portal, error: errors.PortalError, method: str) -> float:
    """Do what an error of a call of `method` asks of the whole portal.

    Returns the seconds to pause the portal: 0.0 when other messages may go on, math.inf while the portal is held.
    """
    if isinstance(error, errors.Stop):
        if error.method:
            hold_method(portal, error.method, error.code)
            return 0.0
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
