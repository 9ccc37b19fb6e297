"""When a portal gets no requests: paused for seconds, or held until somebody acts; and how it resumes.

A held portal is probed by one worker at a time (`take_probe`), first after a minute, then less and less often, down to
once an hour. So delivery resumes within an hour of the remedy, even without an event. The same
applies to a single method that the portal does not offer (`Portal.held_methods`).
"""

from __future__ import annotations

import logging
import math
import random
from datetime import datetime, timedelta

from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import Least
from django.utils import timezone

from b24app.api import errors
from b24app.host.transactions import writing
from b24app.models import Portal
from b24app.pace import limits

logger = logging.getLogger(__name__)

# How long after the hold the first probe comes; the distance doubles with each that fails.
FIRST_PROBE, MAX_PROBE_DISTANCE = timedelta(minutes=1), timedelta(hours=1)
MAX_PAUSE_SECONDS = 60.0
# The pause after a fault that is not the portal's wish; it doubles while the faults go on.
FAULT_SECONDS = 0.25
# The counts end here: they are kept in small columns, and nothing grows any more by then.
MAX_COUNT = 100


def hold(portal: Portal, code: str) -> None:
    """Stop sending to the portal until somebody acts; `code` is a key of `b24app.api.remedies.REMEDIES`.

    Where it is held already, its reason becomes this one, and nothing else changes: it is held since the first one.
    """
    now = timezone.now()
    held = Portal.objects.filter(pk=portal.pk, state=Portal.State.ACTIVE).update(
        state=Portal.State.HELD, hold_code=code, held_since=now, probes=0, probe_at=now + _distance(0)
    )
    changed = held or _held(portal).exclude(hold_code=code).update(hold_code=code)
    if changed:
        logger.warning("portal %s: queue held (%s)", portal.pk, code)


def resume(portal: Portal) -> None:
    """Send to the portal again, and try each method that it did not offer."""
    Portal.objects.filter(pk=portal.pk).exclude(held_methods={}).update(held_methods={})
    resumed = _held(portal).update(state=Portal.State.ACTIVE, hold_code="", held_since=None, probe_at=None, probes=0)
    if resumed:
        logger.info("portal %s: queue resumed", portal.pk)


def take_probe(portal: Portal, now: datetime) -> bool:
    """Become the worker that tries a held portal now. False if another one is, or its time has not come."""
    taken = (
        _held(portal)
        .filter(probe_at__lte=now)
        .update(probe_at=now + _distance(portal.probes + 1), probes=Least(F("probes"), Value(MAX_COUNT - 1)) + 1)
    )
    return bool(taken)


def _held(portal: Portal) -> QuerySet[Portal]:
    return Portal.objects.filter(pk=portal.pk, state=Portal.State.HELD)


def _distance(probes: int) -> timedelta:
    """The time until the next probe, after this many failed ones."""
    return min(MAX_PROBE_DISTANCE, FIRST_PROBE * float(2 ** min(probes, 10)))


def hold_method(portal: Portal, method: str, code: str) -> None:
    """Note that the portal does not offer a method, why, and when that is looked at again."""
    now = timezone.now()
    with writing():
        row = Portal.objects.select_for_update(no_key=True).filter(pk=portal.pk).first()
        if row is None:
            return
        noted = row.held_methods.get(method, {})
        since, probes = noted.get("since") or now.isoformat(), int(noted.get("probes", -1)) + 1
        facts = {"code": code, "since": since, "probes": probes, "probe_at": (now + _distance(probes)).isoformat()}
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


def reasons_of_methods(portal: Portal) -> list[str]:
    """Why the portal's held methods are held, as codes: the one that is held for longest first."""
    facts = sorted(portal.held_methods.values(), key=lambda facts: str(facts["since"]))
    return list(dict.fromkeys(str(fact["code"]) for fact in facts))


def obey(portal: Portal, error: errors.PortalError, method: str) -> float:
    """Do what an error of a call of `method` asks of the whole portal; `method` is "" for a request of our own.

    Returns the seconds to pause the portal: 0.0 when other messages may go on, math.inf while the portal is held.
    """
    if isinstance(error, errors.OtherUser) and portal.by_webhook:
        error = errors.of_webhook(error)
    if isinstance(error, errors.Stop) and error.method:
        hold_method(portal, error.method, error.code)
        return 0.0
    if isinstance(error, errors.Stop) or (isinstance(error, errors.Poison) and not method):
        hold(portal, error.code)
        return math.inf
    if isinstance(error, errors.Refused):
        if error.status:
            mark_healthy(portal)  # it has looked at this very message
        return 0.0
    if isinstance(error, errors.OtherUser):
        return 0.0  # the user's, not the portal's
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
    """Note that the portal answers: the next pause starts short, and held deliveries resume."""
    if portal.pauses:
        Portal.objects.filter(pk=portal.pk).update(pauses=0)
        portal.pauses = 0
    if portal.state == Portal.State.HELD:
        resume(portal)


def pause(portal: Portal, seconds: float) -> float:
    """Pause the portal for the `seconds` that it asked for, longer each time in a row.

    Returns the seconds of the pause, at most `MAX_PAUSE_SECONDS` and a quarter.
    """
    now = timezone.now()
    length = min(MAX_PAUSE_SECONDS, seconds * 2.0 ** min(portal.pauses, 6)) * random.uniform(1.0, 1.25)
    until, row = now + timedelta(seconds=length), Portal.objects.filter(pk=portal.pk)
    rested = row.filter(Q(paused_until=None) | Q(paused_until__lte=now))
    # What fails during a pause was sent before it: it is no further failure in a row, and shortens nothing.
    if not rested.update(paused_until=until, pauses=Least(F("pauses"), Value(MAX_COUNT - 1)) + 1):
        row.filter(paused_until__lt=until).update(paused_until=until)
    return length
