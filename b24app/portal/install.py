"""Installation and opening of the application: what a portal says, proven before it is believed.

Everything here arrives in POSTs that anybody can send. A token is proven by the OAuth server's `app.info` (same
member_id, our client_id), and the portal is called at the host that this names: the host in a POST may be another name
of the same portal. Events are in `b24app.portal.events`. Sources: Bitrix24's documentation of the application's
installation and of the widget's data.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.utils import timezone

from b24app.api import errors, hosts, oauth, receipts, rest
from b24app.host.transactions import writing
from b24app.models import Portal, PortalEvent
from b24app.pace import counters
from b24app.portal import epochs, event_bindings, hold, placements, tokens

# A page is waiting for these answers.
PAGE_SECONDS = 15.0
# What the OAuth server refused is not asked about again for so long: a flood of one forgery does not reach it.
REFUSED_SECONDS = 60.0
# A token has some seventy characters, an address a few hundred. A longer one would only be refused by the OAuth server.
MAX_LENGTH = 2000
# A user's number fits into its column.
MAX_USER_DIGITS = 9


class Unproven(Exception):
    """What was posted could not be proven; the text says why, without any of its values."""


class Overtaken(Exception):
    """The application was removed while this was proven: it has to be proven again."""


class NotAdministrator(Exception):
    """Somebody without the rights for it wants to set the application up."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What a POST says of its portal and user, none of it believed yet. All are texts, any may be empty.

    `origin` is the address of the portal's page that frames the application, as `https://HOST[:PORT]`. It may be an
    alias of the host that the OAuth server names (Bitrix24 takes it from the request's header and the server's port).
    """

    member_id: str
    origin: str
    access_token: str
    refresh_token: str
    server_endpoint: str
    application_token: str
    language: str


@dataclass(frozen=True, slots=True)
class Opening:
    """A proven opening of the application: whose portal, which of its users, and whether that one administers it.

    `time_zone` is the user's, as `Europe/Paris`, or ""; `origin` is the page that frames the application, or "".
    """

    portal: Portal
    user_id: int
    is_admin: bool
    time_zone: str = ""
    origin: str = ""


@dataclass(frozen=True, slots=True)
class Proof:
    """What the OAuth server at `host` has said of a claim's token, asked at `began`."""

    host: str
    info: oauth.AppInfo
    began: datetime


@dataclass(frozen=True, slots=True)
class Profile:
    """Who a token's user is on the portal; `time_zone` as in `Opening`."""

    user_id: int
    is_admin: bool
    time_zone: str


def claim_of_frame(query: Mapping[str, str], body: Mapping[str, str]) -> Claim:
    """The claim of the portal's form POST into the frame: the domain in the query, the tokens in the body."""
    return Claim(
        member_id=posted(body, "member_id"),
        origin=_origin(posted(query, "DOMAIN"), "http" if query.get("PROTOCOL") == "0" else "https"),
        access_token=posted(body, "AUTH_ID"),
        refresh_token=posted(body, "REFRESH_ID"),
        server_endpoint=posted(body, "SERVER_ENDPOINT"),
        application_token=posted(body, "APPLICATION_TOKEN"),
        language=posted(query, "LANG")[:5],
    )


def posted(values: Mapping[str, str], name: str) -> str:
    """A posted value; "" for one that no portal sends: PostgreSQL takes no NUL, no server any length."""
    value = values.get(name, "")
    return value if value.isprintable() and len(value) <= MAX_LENGTH else ""


def _origin(domain: str, scheme: str) -> str:
    host = hosts.normal(domain, scheme)
    return f"{scheme}://{host}" if host else ""


def prove(claim: Claim) -> Proof:
    """Prove a claim by its token, its member_id and our client_id; its host is of no weight.

    Raises `Unproven`, or an error of `b24app.api.errors` where the host could not be asked or is not reached by https.
    """
    host, began = oauth.allowed_host(claim.server_endpoint), timezone.now()
    if host is None:
        raise Unproven("it names an OAuth server that is not trusted")
    if not (claim.access_token and claim.member_id):
        raise Unproven("it lacks a token or a member_id")
    if counters.remembers("refused", host, claim.access_token):
        raise Unproven("the OAuth server refused its token a moment ago")
    try:
        info = oauth.app_info(host, claim.access_token)
    except (errors.Wait, errors.Transient, errors.Ambiguous):
        raise
    except errors.PortalError as error:
        counters.remember("refused", host, claim.access_token, seconds=REFUSED_SECONDS)
        raise Unproven(f"the OAuth server does not know its token ({error.code})") from None
    if info.client_id != settings.B24_CLIENT_ID:
        raise Unproven("its token belongs to another application")
    if info.member_id != claim.member_id:
        raise Unproven("its token belongs to another portal")
    endpoint = hosts.split(info.client_endpoint)
    if endpoint.scheme != "https" and not settings.B24_ALLOW_INSECURE_PORTALS:
        raise errors.Stop("plain_http")
    return Proof(host, info, began)


def open_frame(claim: Claim) -> Opening:
    """Prove an opening of the application; an administrator's also stores the portal and its tokens.

    Safe to repeat: it installs, completes a half-done installation, heals lost events and resumes a held
    queue alike. Raises `Unproven`, `NotAdministrator`, or an error of `b24app.api.errors` where the portal could not
    be asked.
    """
    try:
        return _open(claim)
    except Overtaken:
        return _open(claim)  # its token is good still if the application was installed again meanwhile


def _open(claim: Claim) -> Opening:
    proof = prove(claim)
    profile = profile_of(proof.info, claim.access_token)
    if profile.is_admin:
        portal = save_proven(claim, proof, profile.user_id)
        event_bindings.bind(portal, claim.access_token)
        placements.bind(portal, claim.access_token)
    else:
        known = Portal.objects.filter(member_id=proof.info.member_id).exclude(state=Portal.State.UNINSTALLED).first()
        if known is None:
            raise NotAdministrator
        if known.users.filter(user_id=profile.user_id).exists():
            epochs.note_demoted(known, profile.user_id)
        portal = known
    return Opening(portal, profile.user_id, profile.is_admin, profile.time_zone, claim.origin)


def profile_of(info: oauth.AppInfo, token: str) -> Profile:
    """Ask the portal who the token's user is. Raises `Unproven`, or an error of `b24app.api.errors`."""
    return profile_by(info.client_endpoint, token, info.user_id)


def profile_by(endpoint: str, token: str, user_id: int) -> Profile:
    """Ask at a REST base who the token's user is, `user_id` where it does not say. Raises as `profile_of` does."""
    profile = rest.call(endpoint, "profile", {}, token=token, read_seconds=PAGE_SECONDS).result
    if not isinstance(profile, dict):
        profile = {}
    number, zone = str(profile.get("ID") or user_id), profile.get("TIME_ZONE")
    if not (number.isascii() and number.isdigit() and len(number) <= MAX_USER_DIGITS):
        raise Unproven("its portal does not say which user it is of")
    return Profile(
        user_id=int(number),
        is_admin=profile.get("ADMIN") is True,
        time_zone=zone if isinstance(zone, str) else "",
    )


def save_proven(claim: Claim, proof: Proof, user_id: int) -> Portal:
    """Save a proven claim of `user_id` with its tokens, and resume the portal.

    The application token is believed because it came with a proven access token. Raises `Overtaken` if the
    application was removed since the proof began: that has made its tokens void.
    """
    info = proof.info
    with writing():
        facts = _facts(claim, proof)
        # Locked: its erasure, asked for at an uninstall before, must not take it away meanwhile.
        portal, created = Portal.objects.select_for_update(no_key=True).get_or_create(
            member_id=info.member_id, defaults={**facts, "chosen_user_id": user_id}
        )
        removed = PortalEvent.objects.filter(member_id=info.member_id, event="ONAPPUNINSTALL", at__gte=proof.began)
        if removed.exists():
            raise Overtaken
        if not created:
            _update(portal, facts, user_id)
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


def _facts(claim: Claim, proof: Proof) -> dict[str, Any]:
    """What is stored of the portal."""
    info = proof.info
    facts: dict[str, Any] = {
        "domain": hosts.of_url(info.client_endpoint),
        "client_endpoint": info.client_endpoint,
        "oauth_host": proof.host,
        "scope": ",".join(info.scope),
        "app_status": info.status,
        "app_version": info.version,
        "receipt_option_sets": len(receipts.OPTION_SETS),  # whoever opens it may have other rights than the one before
    }
    if claim.language:
        facts["language"] = claim.language
    if claim.application_token:
        facts["application_token"] = claim.application_token
    return facts


def _update(portal: Portal, facts: dict[str, Any], user_id: int) -> None:
    """Bring a known portal up to date: it works again, and what was held goes on."""
    if portal.state == Portal.State.UNINSTALLED:
        facts |= {"state": Portal.State.ACTIVE, "hold_code": "", "held_since": None, "chosen_user_id": user_id}
        facts |= {"installed_at": timezone.now(), "uninstalled_at": None}
    elif portal.chosen_user_id is None:
        facts["chosen_user_id"] = user_id
    if portal.state == Portal.State.UNINSTALLED or portal.app_version != facts["app_version"]:
        # A removal or an update may have taken them away.
        facts |= {"events_bound_at": None, "places_bound_at": None}
    Portal.objects.filter(pk=portal.pk).update(**facts, clean_requested_at=None, paused_until=None, pauses=0)
    hold.resume(portal)
    portal.refresh_from_db()


def connect_by_code(code: str, server_domain: str) -> Portal:
    """Connect a portal by an authorization code that its administrator's browser brought.

    The code needs no secret of ours to be safe: only the OAuth server turns it into tokens, for our
    application alone. Raises as `open_frame` does.
    """
    host = next((h for h in settings.B24_OAUTH_HOSTS if urlsplit(h).netloc == server_domain.lower()), None)
    if server_domain and host is None:
        raise Unproven("it names an OAuth server that is not trusted")
    pair = _exchange(host or settings.B24_OAUTH_HOSTS[0], code)
    claim = Claim(
        member_id=pair.member_id,
        origin="",
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


def _exchange(host: str, code: str) -> oauth.Tokens:
    if counters.remembers("refused", host, code):
        raise Unproven("the OAuth server refused its code a moment ago")
    try:
        return oauth.exchange(host, code)
    except (errors.Wait, errors.Transient, errors.Ambiguous):
        raise
    except errors.PortalError:
        counters.remember("refused", host, code, seconds=REFUSED_SECONDS)
        raise
