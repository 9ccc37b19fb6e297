"""Calling a portal, whatever its tokens and its address are going through."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from urllib.parse import urlsplit

from b24app.api import batch, errors, oauth, rest
from b24app.models import Portal
from b24app.pace import limits
from b24app.portal import tokens

logger = logging.getLogger(__name__)

# More changes of token or address than this in one call mean that something turns in a circle.
_MAX_REQUESTS = 6


def call(
    portal: Portal,
    method: str,
    params: rest.Params,
    *,
    credentials: tokens.Credentials | None = None,
    before_repeat: Callable[[], None] = lambda: None,
    read_seconds: float | None = None,
) -> rest.Reply:
    """What `portal` answers to `method`, called with a token that works, renewed or replaced where needed.

    `credentials` are those to begin with (default: the current ones). `before_repeat` runs before every further request
    that may do the work, and may raise to prevent it. `read_seconds` is how long to wait for an answer, where somebody
    waits for a page. Raises an error of `b24app.api.errors`, but never `Renew`, `OtherUser` or `Moved`: these are dealt
    with here.
    """
    credentials = credentials or tokens.current(portal)
    renewed = False
    for request in range(_MAX_REQUESTS):
        if request:
            limits.count_request(portal)  # not waited for: the one before did nothing
            before_repeat()
        try:
            return rest.call(credentials.endpoint, method, params, token=credentials.token, read_seconds=read_seconds)
        except errors.Renew as error:
            if renewed:
                raise _still_refused(error) from None
            credentials, renewed = _renewed(portal, credentials), True
        except errors.OtherUser as error:
            if portal.by_webhook:
                raise errors.of_webhook(error) from None
            tokens.set_aside(portal, credentials, error)
            credentials, renewed = tokens.current(portal), False
        except errors.Moved as error:
            relocate(portal, credentials, error.location)
            credentials = tokens.current(portal)
    raise errors.Transient("turning_in_circles")


def call_batch(
    portal: Portal,
    commands: Mapping[str, batch.Command],
    *,
    credentials: tokens.Credentials | None = None,
    before_repeat: Callable[[], None] = lambda: None,
    read_seconds: float | None = None,
) -> batch.Answer:
    """What became of `commands`, sent in one request; raises as `call` does where it was not taken as a whole."""
    params = batch.request(commands)
    reply = call(
        portal, "batch", params, credentials=credentials, before_repeat=before_repeat, read_seconds=read_seconds
    )
    answer = batch.read(reply.result, commands)
    if not portal.by_webhook:
        return answer
    return replace(answer, errors={key: _without_users(error) for key, error in answer.errors.items()})


def _without_users(error: errors.PortalError) -> errors.PortalError:
    return errors.of_webhook(error) if isinstance(error, errors.OtherUser) else error


def _renewed(portal: Portal, credentials: tokens.Credentials) -> tokens.Credentials:
    if portal.by_webhook:
        raise errors.Stop("invalid_credentials")
    while True:
        try:
            return tokens.renew(portal, credentials)
        except errors.OtherUser as error:
            tokens.set_aside(portal, credentials, error)
            credentials = tokens.current(portal)


def _still_refused(error: errors.Renew) -> errors.PortalError:
    if error.code == "invalid_token":
        return errors.Stop("invalid_token", error.description, status=error.status)
    # The portal keeps a verdict on a token for up to an hour; it will see the new one.
    return errors.Transient(error.code, error.description, status=error.status)


def relocate(portal: Portal, credentials: tokens.Credentials, location: str) -> None:
    """Store a renamed portal's new address, after the OAuth server has confirmed it for this very token.

    Raises `Stop` where it does not: nothing is ever sent to an address that only a redirect names.
    """
    if portal.by_webhook:
        raise errors.Stop("webhook_moved")
    try:
        info = oauth.app_info(portal.oauth_host, credentials.token)
    except (errors.Renew, errors.OtherUser):
        credentials = _renewed(portal, credentials)
        info = oauth.app_info(portal.oauth_host, credentials.token)
    if info.member_id != portal.member_id or urlsplit(location).netloc.lower() != info.domain:
        raise errors.Stop("moved")
    Portal.objects.filter(pk=portal.pk).update(domain=info.domain, client_endpoint=info.client_endpoint)
    portal.refresh_from_db()
    logger.info("portal %s: now at %s", portal.pk, info.domain)
