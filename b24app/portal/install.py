"""Installation and opening of the application: what a portal says, proven before it is believed.

Everything here arrives in POSTs that anybody can send. A token is proven by the OAuth server's `app.info`
(same member_id, same domain, our client_id). Events are in `b24app.portal.events`. Sources: Bitrix24's
documentation of the application's installation and of the widget's data.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from b24app.api import errors, oauth, receipts, rest
from b24app.models import Portal
from b24app.portal import event_bindings, hold, tokens

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
class Profile:
    """Who a token's user is on the portal; `time_zone` as in `Opening`."""

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


def prove(claim: Claim) -> tuple[str, oauth.AppInfo]:
    """Prove a claim by its token. Returns the OAuth host and its facts about the token.

    Raises `Unproven`, or an error of `b24app.api.errors` where the host could not be asked or is not reached by https.
    """
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
        raise errors.Stop("plain_http")
    return host, info


def open_frame(claim: Claim) -> Opening:
    """Prove an opening of the application; an administrator's also stores the portal and its tokens.

    Safe to repeat: it installs, completes a half-done installation, heals lost events and resumes a held
    queue alike. Raises `Unproven`, `NotAdministrator`, or an error of `b24app.api.errors` where the portal could not
    be asked.
    """
    host, info = prove(claim)
    profile = profile_of(info, claim.access_token)
    if profile.is_admin:
        portal = save_proven(claim, host, info, profile.user_id)
        event_bindings.bind(portal, claim.access_token)
    else:
        known = Portal.objects.filter(member_id=info.member_id).exclude(state=Portal.State.UNINSTALLED).first()
        if known is None:
            raise NotAdministrator
        portal = known
    return Opening(portal, profile.user_id, profile.is_admin, profile.time_zone)


def profile_of(info: oauth.AppInfo, token: str) -> Profile:
    """Ask the portal who the token's user is. Raises an error of `b24app.api.errors`."""
    profile = rest.call(info.client_endpoint, "profile", {}, token=token, read_seconds=PAGE_SECONDS).result
    if not isinstance(profile, dict):
        profile = {}
    number, zone = profile.get("ID"), profile.get("TIME_ZONE")
    return Profile(
        user_id=int(number or info.user_id),
        is_admin=profile.get("ADMIN") is True,
        time_zone=zone if isinstance(zone, str) else "",
    )


@transaction.atomic
def save_proven(claim: Claim, host: str, info: oauth.AppInfo, user_id: int) -> Portal:
    """Save a proven claim of `user_id` with its tokens, and resume the portal.

    The application token is believed because it came with a proven access token.
    """
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
