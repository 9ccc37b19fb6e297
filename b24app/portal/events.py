"""Events of the application's life that a portal tells us of: installed, updated, paid for, removed.

They arrive in POSTs that anybody can send. One with a token is proven as an opening is (`b24app.portal.install`); an
uninstall, which carries no token, by the stored application token alone. Source: Bitrix24's documentation of the
ONAPP* events.
"""

from __future__ import annotations

import hmac
import logging
from collections.abc import Mapping

from django.db import transaction
from django.utils import timezone

from b24app.models import Portal, PortalEvent, PortalUser
from b24app.portal import hold, install
from b24app.portal.event_bindings import EVENTS

logger = logging.getLogger(__name__)


def receive(body: Mapping[str, str]) -> bool:
    """Act on an event of the application's life. Returns whether it was proven; an unproven one changes nothing.

    Raises an error of `b24app.api.errors` where the OAuth server could not be asked.
    """
    event = body.get("event", "").upper()
    if event not in EVENTS:
        return False
    claim = claim_of_event(body)
    try:
        if event == "ONAPPUNINSTALL":
            _uninstall(claim, clean=body.get("data[CLEAN]") == "1")
        elif claim.access_token:
            _save(claim)
        else:
            hold.resume(_by_application_token(claim))
    except install.Unproven as error:
        logger.warning("an event %s was not proven: %s", event, error)
        return False
    PortalEvent.objects.create(member_id=claim.member_id, event=event)
    return True


def _save(claim: install.Claim) -> None:
    host, info = install.prove(claim)
    profile = install.profile_of(info, claim.access_token)
    if profile.is_admin:
        install.save_proven(claim, host, info, profile.user_id)
    else:
        hold.resume(_by_application_token(claim))


def _by_application_token(claim: install.Claim) -> Portal:
    """The portal whose stored application token the claim shows, compared in constant time."""
    portal = Portal.objects.filter(member_id=claim.member_id).first()
    stored = portal.application_token if portal else ""
    if portal is None or not stored or not hmac.compare_digest(stored.encode(), claim.application_token.encode()):
        raise install.Unproven("its application token is not the portal's")
    return portal


@transaction.atomic
def _uninstall(claim: install.Claim, *, clean: bool) -> None:
    portal = _by_application_token(claim)
    now = timezone.now()
    Portal.objects.filter(pk=portal.pk).update(
        state=Portal.State.UNINSTALLED,
        uninstalled_at=now,
        clean_requested_at=now if clean else None,
        application_token="",
        hold_code="not_installed",
        held_since=now,
        probe_at=None,
    )
    PortalUser.objects.filter(portal=portal).delete()
    logger.info("portal %s: uninstalled, %s", portal.pk, "data to be deleted" if clean else "data kept")


def claim_of_event(body: Mapping[str, str]) -> install.Claim:
    """The claim of an event's POST, whose `auth[...]` fields stand in PHP's bracket notation."""

    def auth(name: str) -> str:
        return body.get(f"auth[{name}]", "")

    return install.Claim(
        member_id=auth("member_id"),
        domain=auth("domain").lower(),
        access_token=auth("access_token"),
        refresh_token=auth("refresh_token"),
        server_endpoint=auth("server_endpoint"),
        application_token=auth("application_token"),
        language=body.get("data[LANGUAGE_ID]", "")[:5],
    )
