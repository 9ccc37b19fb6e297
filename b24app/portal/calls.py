"""Calling a portal, whatever its tokens and its address are going through."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import urljoin

from b24app.api import batch, errors, hosts, oauth, rest
from b24app.models import Portal
from b24app.pace import limits
from b24app.portal import tokens

logger = logging.getLogger(__name__)

# A portal that moves more often than this within one call turns in a circle.
_MAX_MOVES = 2


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
    way = _Way(portal, credentials or tokens.current(portal))
    reply = _ask(way, method, params, before_repeat, read_seconds)
    tokens.note_answered(way.credentials, [method])
    return reply


def call_batch(
    portal: Portal,
    commands: Mapping[str, batch.Command],
    *,
    credentials: tokens.Credentials | None = None,
    before_repeat: Callable[[], None] = lambda: None,
    read_seconds: float | None = None,
) -> batch.Answer:
    """What became of `commands`, sent in one request; raises as `call` does where it was not taken as a whole.

    A token whose user may not do what one of them asks is set aside: that command's error is an `OtherUser`, and asked
    again it goes with the next token. A webhook has no other user: there it is a `Stop`.
    """
    way = _Way(portal, credentials or tokens.current(portal))
    reply = _ask(way, "batch", batch.request(commands), before_repeat, read_seconds)
    answer = batch.read(reply.result, commands)
    refused = next((error for error in answer.errors.values() if isinstance(error, errors.OtherUser)), None)
    if refused is None:
        tokens.note_answered(way.credentials, [command.method for command in commands.values()])
    elif portal.by_webhook:
        return replace(answer, errors={key: _without_users(error) for key, error in answer.errors.items()})
    else:
        tokens.set_aside(portal, way.credentials, refused)
    return answer


def _without_users(error: errors.PortalError) -> errors.PortalError:
    return errors.of_webhook(error) if isinstance(error, errors.OtherUser) else error


def _ask(
    way: _Way, method: str, params: rest.Params, before_repeat: Callable[[], None], read_seconds: float | None
) -> rest.Reply:
    """Ask until it is answered or nothing is left to try; `way` has the credentials that were used in the end."""
    while True:
        asked = way.credentials
        try:
            return rest.call(asked.endpoint, method, params, token=asked.token, read_seconds=read_seconds)
        except (errors.Renew, errors.OtherUser, errors.Moved) as error:
            way.turn(error)
        limits.count_request(way.portal)  # not waited for: the one before did nothing
        before_repeat()


@dataclass
class _Way:
    """How a call goes on after its token or its address was refused: each token at most twice, each address once."""

    portal: Portal
    credentials: tokens.Credentials
    renewed: bool = False
    set_aside: set[int] = field(default_factory=set)
    moves: int = 0

    def turn(self, error: errors.Renew | errors.OtherUser | errors.Moved) -> None:
        """Take other credentials, by what the portal said of these. Raises an error where there are none."""
        if isinstance(error, errors.Renew):
            self._renew(error)
        elif isinstance(error, errors.OtherUser):
            self._next_user(error)
        else:
            self._move(error)

    def _renew(self, error: errors.Renew) -> None:
        if self.portal.by_webhook:
            raise errors.Stop("invalid_credentials")
        if self.renewed or not tokens.may_refresh(self.credentials, error):
            raise _still_refused(error) from None
        try:
            self.credentials = tokens.renew(self.portal, self.credentials)
        except errors.OtherUser as dead:
            self._next_user(dead)
        else:
            self.renewed = True

    def _next_user(self, error: errors.OtherUser) -> None:
        tokens.set_aside(self.portal, self.credentials, error)
        self.set_aside.add(self.credentials.portal_user_pk)
        self.credentials, self.renewed = tokens.current(self.portal, but_not=self.set_aside), False

    def _move(self, error: errors.Moved) -> None:
        """Go where the OAuth server says that the portal is; an address that only a redirect names gets nothing."""
        self.moves += 1
        asked = self.credentials.endpoint
        is_same_host = hosts.of_url(urljoin(asked, error.location)) == hosts.of_url(asked)
        if is_same_host or self.moves > _MAX_MOVES:
            raise errors.Stop("moved")
        if self.portal.by_webhook:
            raise errors.Stop("webhook_moved")
        try:
            confirm(self.portal, self.credentials)
        except errors.OtherUser as dead:
            self._next_user(dead)  # whose token the OAuth server can be asked with
            return
        self.credentials = tokens.current(self.portal, self.credentials.portal_user_pk, but_not=self.set_aside)
        if self.credentials.endpoint == asked:
            raise errors.Stop("moved")


def _still_refused(error: errors.Renew) -> errors.PortalError:
    if error.code == "invalid_token":
        return errors.Stop("invalid_token", error.description, status=error.status)
    # The portal keeps a verdict on a token for up to an hour; it will see the new one.
    return errors.Transient(error.code, error.description, status=error.status)


def confirm(portal: Portal, credentials: tokens.Credentials) -> None:
    """Ask the OAuth server whose these credentials are, and store the address of the portal that it names.

    Raises `Stop` if they are not this portal's, and `OtherUser` where they are of no use any more.
    """
    try:
        info = oauth.app_info(portal.oauth_host, credentials.token)
    except (errors.Renew, errors.OtherUser):
        credentials = tokens.renew(portal, credentials)
        info = oauth.app_info(portal.oauth_host, credentials.token)
    if info.member_id != portal.member_id:
        raise errors.Stop("moved")
    if info.client_endpoint != portal.client_endpoint:
        tokens.note_address(portal, info.client_endpoint)
        logger.info("portal %s: now at %s", portal.pk, portal.domain)
