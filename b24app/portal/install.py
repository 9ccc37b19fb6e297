"""Installation, opening and removal of the application: what a portal says, proven before it is believed.

Everything here arrives in POSTs that anybody can send. A token is proven by the OAuth server's `app.info`
(same member_id, same domain, our client_id); an uninstall, which carries no token, by the stored
application token alone. Sources: Bitrix24's documentation of the application's installation, of the
widget's data and of the ONAPP* events.
"""

from __future__ import annotations

import functools
import hmac
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from b24app.api import errors, oauth, receipts, rest
from b24app.models import Portal, PortalEvent, PortalUser
from b24app.portal import calls, hold, tokens

logger = logging.getLogger(__name__)

EVENTS = ("ONAPPINSTALL", "ONAPPUPDATE", "ONAPPUNINSTALL", "ONAPPPAYMENT", "ONSUBSCRIPTIONRENEW")
# A page is waiting for these answers.
PAGE_SECONDS = 15.0


class Unproven(Exception):
    """What was posted could not be proven; the text says why, without any of its values."""


class NotAdministrator(Exception):
    """Somebody without the rights for it wants to set the application up."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What a POST says of its portal and user, none of it believed yet. All are texts, any may be empty."""

    member_id: str
    domain: str
    access_token: str
    refresh_token: str
    server_endpoint: str
    application_token: str
    language: str


@dataclass(frozen=True, slots=True)
class Opening:
    """A proven opening of the application: whose portal, which of its users, and whether that one administers it.

    `time_zone` is the user's, as `Europe/Paris`, or "".
    """

    portal: Portal
    user_id: int
    is_admin: bool
    time_zone: str = ""


@dataclass(frozen=True, slots=True)
class _Profile:
    user_id: int
    is_admin: bool
    time_zone: str


def claim_of_frame(query: Mapping[str, str], body: Mapping[str, str]) -> Claim:
    """The claim of the portal's form POST into the frame: the domain in the query, the tokens in the body."""
    return Claim(
        member_id=body.get("member_id", ""),
        domain=query.get("DOMAIN", "").lower(),
        access_token=body.get("AUTH_ID", ""),
        refresh_token=body.get("REFRESH_ID", ""),
        server_endpoint=body.get("SERVER_ENDPOINT", ""),
        application_token=body.get("APPLICATION_TOKEN", ""),
        language=query.get("LANG", "")[:5],
    )


def claim_of_event(body: Mapping[str, str]) -> Claim:
    """The claim of an event's POST, whose `auth[...]` fields stand in PHP's bracket notation."""

    def auth(name: str) -> str:
        return body.get(f"auth[{name}]", "")

    return Claim(
        member_id=auth("member_id"),
        domain=auth("domain").lower(),
        access_token=auth("access_token"),
        refresh_token=auth("refresh_token"),
        server_endpoint=auth("server_endpoint"),
        application_token=auth("application_token"),
        language=body.get("data[LANGUAGE_ID]", "")[:5],
    )


def prove(claim: Claim) -> tuple[str, oauth.AppInfo]:
    """The OAuth host and its facts about the claim's token. Raises `Unproven`, or an error of `b24app.api.errors`."""
    host = oauth.allowed_host(claim.server_endpoint)
    if host is None:
        raise Unproven("it names an OAuth server that is not trusted")
    if not (claim.access_token and claim.member_id and claim.domain):
        raise Unproven("it lacks a token, a member_id or a domain")
    try:
        info = oauth.app_info(host, claim.access_token)
    except (errors.Wait, errors.Transient, errors.Ambiguous):
        raise
    except errors.PortalError as error:
        raise Unproven(f"the OAuth server does not know its token ({error.code})") from None
    if info.client_id != settings.B24_CLIENT_ID:
        raise Unproven("its token belongs to another application")
    if info.member_id != claim.member_id or info.domain != claim.domain:
        raise Unproven("its token belongs to another portal")
    endpoint = urlsplit(info.client_endpoint)
    if endpoint.scheme != "https" and not settings.B24_ALLOW_INSECURE_PORTALS:
        raise Unproven("its portal is not reached by https")
    return host, info


def open_frame(claim: Claim) -> Opening:
    """Prove an opening of the application; an administrator's also stores the portal and its tokens.

    Safe to repeat: it installs, completes a half-done installation, heals lost events and resumes a held
    queue alike. Raises `Unproven`, `NotAdministrator`, or an error of `b24app.api.errors` where the portal could not
    be asked.
    """
    host, info = prove(claim)
    profile = _profile(info, claim.access_token)
    if profile.is_admin:
        portal = _keep(claim, host, info, profile.user_id)
        bind_events(portal, claim.access_token)
    else:
        known = Portal.objects.filter(member_id=info.member_id).exclude(state=Portal.State.UNINSTALLED).first()
        if known is None:
            raise NotAdministrator
        portal = known
    return Opening(portal, profile.user_id, profile.is_admin, profile.time_zone)


def _profile(info: oauth.AppInfo, token: str) -> _Profile:
    """Who the token's user is on the portal."""
    profile = rest.call(info.client_endpoint, "profile", {}, token=token, read_seconds=PAGE_SECONDS).result
    if not isinstance(profile, dict):
        profile = {}
    number, zone = profile.get("ID"), profile.get("TIME_ZONE")
    return _Profile(
        user_id=int(number or info.user_id),
        is_admin=profile.get("ADMIN") is True,
        time_zone=zone if isinstance(zone, str) else "",
    )


@transaction.atomic
def _keep(claim: Claim, host: str, info: oauth.AppInfo, user_id: int) -> Portal:
    """Store what was proven. The application token is believed because it came with a proven access token."""
    facts: dict[str, Any] = {
        "domain": info.domain,
        "client_endpoint": info.client_endpoint,
        "oauth_host": host,
        "scope": ",".join(info.scope),
        "app_status": info.status,
        "app_version": info.version,
        "receipt_option_sets": len(receipts.OPTION_SETS),  # whoever opens it may have other rights than the one before
    }
    if claim.language:
        facts["language"] = claim.language
    if claim.application_token:
        facts["application_token"] = claim.application_token
    # Locked: its erasure, asked for at an uninstall before, must not take it away meanwhile.
    portal, created = Portal.objects.select_for_update().get_or_create(member_id=info.member_id, defaults=facts)
    if not created:
        if portal.state == Portal.State.UNINSTALLED:
            facts |= {"state": Portal.State.ACTIVE, "hold_code": "", "held_since": None}
            facts |= {"installed_at": timezone.now(), "uninstalled_at": None}
        Portal.objects.filter(pk=portal.pk).update(**facts, clean_requested_at=None, paused_until=None, pauses=0)
        hold.resume(portal)
        portal.refresh_from_db()
    if claim.refresh_token:
        pair = oauth.Tokens(
            access_token=claim.access_token,
            refresh_token=claim.refresh_token,
            user_id=user_id,
            member_id=info.member_id,
            client_endpoint=info.client_endpoint,
        )
        tokens.save(portal, pair)
    return portal


def connect_by_code(code: str, server_domain: str) -> Portal:
    """Connect a portal by an authorization code that its administrator's browser brought.

    The code needs no secret of ours to be safe: only the OAuth server turns it into tokens, for our
    application alone. Raises as `open_frame` does.
    """
    host = next((h for h in settings.B24_OAUTH_HOSTS if urlsplit(h).netloc == server_domain.lower()), None)
    if server_domain and host is None:
        raise Unproven("it names an OAuth server that is not trusted")
    pair = oauth.exchange(host or settings.B24_OAUTH_HOSTS[0], code)
    claim = Claim(
        member_id=pair.member_id,
        domain=urlsplit(pair.client_endpoint).netloc.lower(),
        access_token=pair.access_token,
        refresh_token=pair.refresh_token,
        server_endpoint=host or "",
        application_token="",
        language="",
    )
    opening = open_frame(claim)
    if not opening.is_admin:
        raise NotAdministrator
    return opening.portal


def bind_events(portal: Portal, token: str) -> None:
    """Bind the events of the application's life that are not bound to our address yet.

    A failure is logged and left for the next opening: without these events all still works, later.
    """
    try:
        _bind_missing(
            functools.partial(rest.call, portal.client_endpoint, token=token, read_seconds=PAGE_SECONDS),
        )
    except errors.PortalError as error:
        logger.warning("portal %s: events not bound yet (%s)", portal.pk, error.code)


def bind_again(portal: Portal) -> None:
    """Bind what is missing with the stored permission. Raises an error of `b24app.api.errors`."""
    _bind_missing(functools.partial(calls.call, portal, read_seconds=PAGE_SECONDS))


def missing_events(bound: Any) -> list[str]:
    """Those of `EVENTS` that are not sent to our address, by what `event.get` has answered."""
    rows = [row for row in bound if isinstance(row, dict)] if isinstance(bound, list) else []
    have = {str(row.get("event", "")).upper() for row in rows if row.get("handler") == _handler()}
    return [event for event in EVENTS if event not in have]


def _handler() -> str:
    return f"{settings.APP_URL}/b24/events/"


def _bind_missing(ask: Callable[[str, rest.Params], rest.Reply]) -> None:
    for event in missing_events(ask("event.get", {}).result):
        try:
            ask("event.bind", {"EVENT": event, "HANDLER": _handler()})
        except errors.Refused as error:
            # Bound by somebody else a moment ago, or an event that this portal does not know.
            logger.info("event.bind %s: %s", event, error.description)


def receive_event(body: Mapping[str, str]) -> bool:
    """Act on an event of the application's life; whether it was proven. An unproven one changes nothing.

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
            _keep_event(claim)
        else:
            hold.resume(_by_application_token(claim))
    except Unproven as error:
        logger.warning("an event %s was not proven: %s", event, error)
        return False
    PortalEvent.objects.create(member_id=claim.member_id, event=event)
    return True


def _keep_event(claim: Claim) -> None:
    host, info = prove(claim)
    profile = _profile(info, claim.access_token)
    if profile.is_admin:
        _keep(claim, host, info, profile.user_id)
    else:
        hold.resume(_by_application_token(claim))


def _by_application_token(claim: Claim) -> Portal:
    """The portal whose stored application token the claim shows, compared in constant time."""
    portal = Portal.objects.filter(member_id=claim.member_id).first()
    stored = portal.application_token if portal else ""
    if portal is None or not stored or not hmac.compare_digest(stored.encode(), claim.application_token.encode()):
        raise Unproven("its application token is not the portal's")
    return portal


@transaction.atomic
def _uninstall(claim: Claim, *, clean: bool) -> None:
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
