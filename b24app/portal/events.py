"""Events of the application's life that a portal tells us of: installed, updated, paid for, removed.

They arrive in POSTs that anybody can send. One with a token is proven as an opening is (`b24app.portal.install`); an
uninstall, which carries no token, by the stored application token alone. What was recorded and is sent again is known
by its digest as long as its time is believed. Source: Bitrix24's documentation of the ONAPP* events; each has the
portal's time of sending (`ts`).
"""

from __future__ import annotations

import hashlib
import hmac
import logging
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from django.db.models import F
from django.utils import timezone

from b24app.api import errors, oauth
from b24app.host.transactions import writing
from b24app.models import Portal, PortalEvent, PortalUser
from b24app.portal import hold, install
from b24app.portal.event_bindings import EVENTS

logger = logging.getLogger(__name__)

# How old an event may be, on its way through queues and by a portal's clock that is slow; and how fast a clock may be.
MAX_AGE, MAX_AHEAD = timedelta(minutes=15), timedelta(minutes=5)


def receive(body: Mapping[str, str]) -> bool:
    """Act on an event of the application's life. Returns whether it was proven; an unproven one changes nothing.

    Raises an error of `b24app.api.errors` where the OAuth server could not be asked.
    """
    event = body.get("event", "").upper()
    if event not in EVENTS:
        return False
    claim, digest = claim_of_event(body), _digest(body)
    try:
        if event == "ONAPPUNINSTALL":
            _uninstall(claim, _sent_at(body), digest, clean=body.get("data[CLEAN]") == "1")
            return True
        if PortalEvent.objects.filter(digest=digest).exists():
            return True  # what was done stays done: its pair must not take a newer one's place
        if claim.access_token:
            try:
                _save(claim)
            except install.Overtaken:
                _save(claim)  # its token is good still if the application was installed again meanwhile
        else:
            hold.resume(_by_application_token(claim))
    except (install.Unproven, install.Overtaken) as error:
        logger.warning("an event %s was not proven: %s", event, error)
        return False
    PortalEvent.objects.create(member_id=claim.member_id, event=event, digest=digest)
    return True


def _save(claim: install.Claim) -> None:
    proof = install.prove(claim)
    profile = install.profile_of(proof.info, claim.access_token)
    if profile.is_admin:
        install.save_proven(claim, proof, profile.user_id)
    else:
        hold.resume(_by_application_token(claim))


def _by_application_token(claim: install.Claim, *, lock: bool = False) -> Portal:
    """The portal whose stored application token the claim shows, compared in constant time; with `lock`, under one."""
    known = Portal.objects.select_for_update(no_key=True) if lock else Portal.objects
    portal = known.filter(member_id=claim.member_id).first()
    stored = portal.application_token if portal else ""
    if portal is None or not stored or not hmac.compare_digest(stored.encode(), claim.application_token.encode()):
        raise install.Unproven("its application token is not the portal's")
    return portal


def _sent_at(body: Mapping[str, str]) -> datetime:
    """When the portal says that it sent the event; long ago where it does not."""
    try:
        return datetime.fromtimestamp(int(body.get("ts", "")), UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0, UTC)


def _digest(body: Mapping[str, str]) -> str:
    """What tells an event from others: not what else a copy of it may have been given."""
    names = ("auth[member_id]", "auth[application_token]")
    parts = [body.get("event", "").upper(), str(_sent_at(body).timestamp()), *(body.get(name, "") for name in names)]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _is_timely(sent_at: datetime) -> bool:
    return -MAX_AHEAD <= timezone.now() - sent_at <= MAX_AGE


def _uninstall(claim: install.Claim, sent_at: datetime, digest: str, *, clean: bool) -> None:
    """Remove the portal's tokens, and note that it is uninstalled.

    Raises `Unproven`, also if the event came late, after a new installation that works. A portal's clock may be
    wrong: so what is not of these minutes is believed where the OAuth server no longer knows the newest pair.
    """
    if PortalEvent.objects.filter(digest=digest).exists():
        raise install.Unproven("it was sent before")
    while True:
        portal = _by_application_token(claim)
        newer = _newer_pair(portal, sent_at)
        if (newer is None and not _is_timely(sent_at)) or (newer and _is_good(portal, newer[1])):
            raise install.Unproven("it is older than the present installation")
        with writing():
            # Compared under the lock: an installation saved since has another application token, or a new pair.
            portal = _by_application_token(claim, lock=True)
            if _newer_pair(portal, sent_at) == newer:
                _remove(portal, digest, clean=clean)
                return


def _remove(portal: Portal, digest: str, *, clean: bool) -> None:
    now = timezone.now()
    Portal.objects.filter(pk=portal.pk).update(
        state=Portal.State.UNINSTALLED,
        uninstalled_at=now,
        clean_requested_at=now if clean else None,
        application_token="",
        hold_code="not_installed",
        held_since=now,
        probe_at=None,
        epoch=F("epoch") + 1,
        administrator_epochs={},
    )
    PortalUser.objects.filter(portal=portal).delete()
    # In the same commit: an opening that was proven before sees that it came too late (`install.save_proven`).
    PortalEvent.objects.create(member_id=portal.member_id, event="ONAPPUNINSTALL", digest=digest)
    logger.info("portal %s: uninstalled, %s", portal.pk, "data to be deleted" if clean else "data kept")


def _newer_pair(portal: Portal, sent_at: datetime) -> tuple[int, str] | None:
    """The newest pair that came after the event was sent, as the number of its version and its access token.

    The event's time is of the portal's clock, in whole seconds; where that is not believed, the newest pair of all.
    """
    users = portal.users.order_by("-renewed_at")
    if _is_timely(sent_at):
        users = users.filter(renewed_at__gt=sent_at + timedelta(seconds=1))
    return users.values_list("version", "access_token").first()


def _is_good(portal: Portal, token: str) -> bool:
    """Whether the OAuth server knows the token: an uninstallation makes it void. Raises an error where it is away."""
    try:
        return oauth.app_info(portal.oauth_host, token).member_id == portal.member_id
    except (errors.Wait, errors.Transient, errors.Ambiguous):
        raise
    except errors.PortalError as error:
        return error.code == "expired_token"


def claim_of_event(body: Mapping[str, str]) -> install.Claim:
    """The claim of an event's POST, whose `auth[...]` fields stand in PHP's bracket notation."""

    def auth(name: str) -> str:
        return install.posted(body, f"auth[{name}]")

    return install.Claim(
        member_id=auth("member_id"),
        origin="",
        access_token=auth("access_token"),
        refresh_token=auth("refresh_token"),
        server_endpoint=auth("server_endpoint"),
        application_token=auth("application_token"),
        language=install.posted(body, "data[LANGUAGE_ID]")[:5],
    )
