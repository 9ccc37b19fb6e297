"""The tokens of a portal: which one to use, and how an expired one is renewed once in the whole fleet."""

from __future__ import annotations

import logging
import uuid
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

from django.db.models import F, Q
from django.utils import timezone

from b24app.api import errors, oauth
from b24app.host.transactions import writing
from b24app.models import Portal, PortalUser

logger = logging.getLogger(__name__)

# Longer than a refresh can take, so that a live one is never overtaken.
RENEWAL_SECONDS = 40.0
# How soon somebody who met a renewal under way may look again.
RENEWAL_LOOK_SECONDS = 0.3


@dataclass(frozen=True, slots=True)
class Grant:
    """What a call needs: the portal's REST base, and the token of `user` in its `version` ("" for a webhook)."""

    endpoint: str
    token: str = ""
    user: int = 0
    version: int = 0


def current(portal: Portal, user_row: int | None = None) -> Grant:
    """The grant to call `portal` with, that of the administrator in the row `user_row` where that one is still good.

    Raises `Stop` where no administrator's token is left, and `Wait` while somebody renews it: a call would be in vain.
    """
    if portal.by_webhook:
        return Grant(portal.webhook_url)
    users = portal.users.filter(state=PortalUser.State.ACTIVE).order_by("-renewed_at")
    user = (user_row and users.filter(pk=user_row).first()) or users.first()
    if user is None:
        raise errors.Stop("no_administrator")
    if user.renewal_until and user.renewal_until > timezone.now():
        raise _renewing()
    return _grant(portal, user)


def _renewing() -> errors.Wait:
    return errors.Wait("renewing", seconds=RENEWAL_LOOK_SECONDS)


def store(portal: Portal, tokens: oauth.Tokens) -> None:
    """Keep the pair that an administrator's visit or an install event brought, and its portal's address."""
    user, _ = PortalUser.objects.get_or_create(portal=portal, user_id=tokens.user_id)
    PortalUser.objects.filter(pk=user.pk).update(**_new_pair(tokens))


def discard(grant: Grant, code: str) -> None:
    """Use this user's token no more; does nothing where a newer pair has come in the meantime."""
    PortalUser.objects.filter(pk=grant.user, version=grant.version).update(
        state=PortalUser.State.DEAD, dead_code=code[:40]
    )


def forget(portal: Portal, user_id: int) -> bool:
    """Take an administrator's tokens away; False where they are the last that are of use, which stay."""
    with writing():
        # Locked, or two administrators could take each other's away at the same moment.
        Portal.objects.select_for_update().filter(pk=portal.pk).values_list("pk", flat=True).first()
        others = portal.users.filter(state=PortalUser.State.ACTIVE).exclude(user_id=user_id)
        dead = portal.users.filter(state=PortalUser.State.DEAD, user_id=user_id)
        if not (others.exists() or dead.exists()):
            return False
        portal.users.filter(user_id=user_id).delete()
    return True


def renew(portal: Portal, grant: Grant) -> Grant:
    """A grant newer than `grant`: another worker's where there is one, else a refreshed one.

    Raises `Wait` while another worker renews it, `OtherUser` where the refresh token is dead, and what
    the OAuth server's answer means otherwise. What was to be called has certainly not been done.
    """
    mine = uuid.uuid4()
    now = timezone.now()
    free = Q(renewal_until__isnull=True) | Q(renewal_until__lt=now)
    won = PortalUser.objects.filter(free, pk=grant.user, version=grant.version).update(
        renewal_id=mine, renewal_until=now + timedelta(seconds=RENEWAL_SECONDS)
    )
    user = _row(grant.user)
    if not won:
        if user.version != grant.version:
            return _grant(portal, user)
        raise _renewing()
    try:
        tokens = oauth.refresh(portal.oauth_host, user.refresh_token)
    except errors.PortalError as error:
        PortalUser.objects.filter(pk=user.pk, renewal_id=mine).update(renewal_id=None, renewal_until=None)
        return _after_failure(portal, user, error)
    # Saved before it is used: a pair that only this process knows would be lost with it.
    PortalUser.objects.filter(pk=user.pk, renewal_id=mine).update(**_new_pair(tokens))
    Portal.objects.filter(pk=portal.pk).update(
        client_endpoint=tokens.client_endpoint, domain=urlsplit(tokens.client_endpoint).netloc.lower()
    )
    portal.refresh_from_db()
    logger.info("portal %s: token renewed", portal.pk)
    return _grant(portal, _row(user.pk))


def _row(pk: int) -> PortalUser:
    """The administrator's row as it is now. Raises `OtherUser` where another one has taken it away (`forget`)."""
    user = PortalUser.objects.filter(pk=pk).first()
    if user is None:
        raise errors.OtherUser("removed")
    return user


def _after_failure(portal: Portal, user: PortalUser, error: errors.PortalError) -> Grant:
    if isinstance(error, errors.OtherUser):
        # Perhaps the pair was replaced while we asked (somebody opened the application).
        latest = _row(user.pk)
        if latest.version != user.version:
            return _grant(portal, latest)
    if isinstance(error, errors.Ambiguous):
        raise errors.Transient(error.code, error.description, status=error.status)
    raise error


def _new_pair(tokens: oauth.Tokens) -> dict[str, object]:
    return {
        "access_token": tokens.access_token,
        "refresh_token": tokens.refresh_token,
        "version": F("version") + 1,
        "state": PortalUser.State.ACTIVE,
        "dead_code": "",
        "renewed_at": timezone.now(),
        "renewal_id": None,
        "renewal_until": None,
    }


def _grant(portal: Portal, user: PortalUser) -> Grant:
    return Grant(portal.client_endpoint, user.access_token, user.pk, user.version)
