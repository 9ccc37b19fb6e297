"""Calling a portal, whatever its tokens and its address are going through; holding and resuming it."""

from __future__ import annotations

import logging
import math
import random
from collections.abc import Callable, Mapping
from datetime import timedelta
from urllib.parse import urlsplit

from django.db.models import F
from django.utils import timezone

from b24app.api import batch, errors, oauth, rest
from b24app.models import Portal
from b24app.pace import limits
from b24app.portal import credentials

logger = logging.getLogger(__name__)

# A held portal is tried this often, in case nobody tells us that it is well again.
PROBE_EVERY = timedelta(hours=6)
MAX_PAUSE_SECONDS = 60.0
# The rest after a fault that is not the portal's wish; it doubles while the faults go on.
FAULT_SECONDS = 0.25
# More changes of token or address than this in one call mean that something turns in a circle.
_MAX_HITS = 6


def call(
    portal: Portal,
    method: str,
    params: rest.Params,
    *,
    grant: credentials.Grant | None = None,
    before_repeat: Callable[[], None] = lambda: None,
    read_seconds: float | None = None,
) -> rest.Reply:
    """What `portal` answers to `method`, called with a token that works, renewed or replaced where needed.

    `grant` is the token to begin with (default: the current one). `before_repeat` runs before every further request
    that may do the work, and may raise to prevent it. `read_seconds` is how long to wait for an answer, where somebody
    waits for a page. Raises an error of `b24app.api.errors`, but never `Renew`, `OtherUser` or `Moved`: these are dealt
    with here.
    """
    grant = grant or credentials.current(portal)
    renewed = False
    for hit in range(_MAX_HITS):
        if hit:
            limits.take_hit(portal)  # counted, but not waited for: the one before did nothing
            before_repeat()
        try:
            return rest.call(grant.endpoint, method, params, token=grant.token, read_seconds=read_seconds)
        except errors.Renew as error:
            if renewed:
                raise _still_refused(error) from None
            grant, renewed = _renewed(portal, grant), True
        except errors.OtherUser as error:
            credentials.discard(grant, error.code)
            grant, renewed = credentials.current(portal), False
        except errors.Moved as error:
            relocate(portal, grant, error.location)
            grant = credentials.current(portal)
    raise errors.Transient("turning_in_circles")


def call_batch(
    portal: Portal,
    commands: Mapping[str, batch.Command],
    *,
    grant: credentials.Grant | None = None,
    before_repeat: Callable[[], None] = lambda: None,
    read_seconds: float | None = None,
) -> batch.Answer:
    """What became of `commands`, sent in one request; raises as `call` does where it was not taken as a whole."""
    params = batch.request(commands)
    reply = call(portal, "batch", params, grant=grant, before_repeat=before_repeat, read_seconds=read_seconds)
    return batch.read(reply.result, commands)


def _renewed(portal: Portal, grant: credentials.Grant) -> credentials.Grant:
    if portal.by_webhook:
        raise errors.Stop("invalid_credentials")
    while True:
        try:
            return credentials.renew(portal, grant)
        except errors.OtherUser as error:
            credentials.discard(grant, error.code)
            grant = credentials.current(portal)


def _still_refused(error: errors.Renew) -> errors.PortalError:
    if error.code == "invalid_token":
        return errors.Stop("invalid_token", error.description, status=error.status)
    # The portal keeps a verdict on a token for up to an hour; it will see the new one.
    return errors.Transient(error.code, error.description, status=error.status)


def relocate(portal: Portal, grant: credentials.Grant, location: str) -> None:
    """Store a renamed portal's new address, after the OAuth server has confirmed it for this very token.

    Raises `Stop` where it does not: nothing is ever sent to an address that only a redirect names.
    """
    if portal.by_webhook:
        raise errors.Stop("webhook_moved")
    try:
        info = oauth.app_info(portal.oauth_host, grant.token)
    except (errors.Renew, errors.OtherUser):
        grant = _renewed(portal, grant)
        info = oauth.app_info(portal.oauth_host, grant.token)
    if info.member_id != portal.member_id or urlsplit(location).netloc.lower() != info.domain:
        raise errors.Stop("moved")
    Portal.objects.filter(pk=portal.pk).update(domain=info.domain, client_endpoint=info.client_endpoint)
    portal.refresh_from_db()
    logger.info("portal %s: now at %s", portal.pk, info.domain)


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
    """Do what an error of a call of `method` asks of the whole portal; for how many seconds it is to be left alone.

    Infinity where it is held; 0 where the error concerns nothing but the one message.
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
            limits.blocked(portal, error.method)
            return 0.0  # other methods go on (`limits.look`)
        limits.throttled(portal)
        return pause(portal, error.seconds)
    return pause(portal, FAULT_SECONDS)


def is_well(portal: Portal) -> None:
    """The portal answers: the next pause starts short, and what was held goes on."""
    if portal.pauses:
        Portal.objects.filter(pk=portal.pk).update(pauses=0)
        portal.pauses = 0
    if portal.state == Portal.State.HELD:
        resume(portal)


def pause(portal: Portal, seconds: float) -> float:
    """Give the portal the rest that it asked for, longer each time in a row; returns the seconds."""
    length = min(MAX_PAUSE_SECONDS, seconds * 2.0 ** min(portal.pauses, 6)) * random.uniform(1.0, 1.25)
    Portal.objects.filter(pk=portal.pk).update(
        paused_until=timezone.now() + timedelta(seconds=length), pauses=F("pauses") + 1
    )
    return length
