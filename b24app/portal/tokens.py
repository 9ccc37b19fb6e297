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
# Why no pair is of use, by the code of those that were set aside for now.
_BARRED = ("no_rights", "not_allowed")


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a call needs: the portal's REST base, and a `token` ("" for a webhook).

    `portal_user_pk` is the row of the administrator whose token it is, `version` that of the pair it belongs to.
    """

    endpoint: str
    token: str = ""
    portal_user_pk: int = 0
    version: int = 0


def current(portal: Portal, user_pk: int | None = None) -> Credentials:
    """Returns the credentials to call `portal` with: those of the row `user_pk` of `PortalUser` where still good.

    Raises `Stop` where no administrator's token is left, and `Wait` while somebody renews it: a call would be in vain.
    """
    if portal.by_webhook:
        return Credentials(portal.webhook_url)
    users = portal.users.filter(state=PortalUser.State.ACTIVE).order_by("-renewed_at")
    user = (user_pk and users.filter(pk=user_pk).first()) or users.first()
    if user is None and portal.state == Portal.State.HELD:
        user = portal.users.filter(
            state=PortalUser.State.BARRED
        ).first()  # a probe: this one may have the rights by now
    if user is None:
        barred = portal.users.filter(state=PortalUser.State.BARRED).values_list("dead_code", flat=True).first()
        raise errors.Stop(barred) if barred else errors.Stop("no_administrator")
    if user.renewal_until and user.renewal_until > timezone.now():
        raise _renewing()
    return _credentials(portal, user)


def _renewing() -> errors.Wait:
    return errors.Wait("renewing", seconds=RENEWAL_LOOK_SECONDS)


def save(portal: Portal, tokens: oauth.Tokens) -> None:
    """Save the pair that an administrator's visit or an install event brought."""
    user, _ = PortalUser.objects.get_or_create(portal=portal, user_id=tokens.user_id)
    PortalUser.objects.filter(pk=user.pk).update(**_new_pair(tokens))


def set_aside(portal: Portal, credentials: Credentials, error: errors.OtherUser) -> None:
    """Use this user's token no more: for good where `error.lasts`, else until a probe. Does nothing to a newer pair.

    Raises `Stop` for a webhook: it has no other user.
    """
    if portal.by_webhook:
        raise errors.of_webhook(error)
    state = PortalUser.State.DEAD if error.lasts else PortalUser.State.BARRED
    code = error.code if error.lasts or error.code in _BARRED else _BARRED[0]
    mine = PortalUser.objects.filter(pk=credentials.portal_user_pk, version=credentials.version)
    if mine.exclude(state=PortalUser.State.DEAD).update(state=state, dead_code=code[:40]):
        logger.warning("portal %s: a token is set aside (%s)", portal.pk, code)


def forget(portal: Portal, user_id: int) -> bool:
    """Take an administrator's tokens away. Returns whether that was done: the last that are of use stay."""
    with writing():
        # Locked, or two administrators could take each other's away at the same moment.
        Portal.objects.select_for_update().filter(pk=portal.pk).values_list("pk", flat=True).first()
        others = portal.users.filter(state=PortalUser.State.ACTIVE).exclude(user_id=user_id)
        dead = portal.users.filter(state=PortalUser.State.DEAD, user_id=user_id)
        if not (others.exists() or dead.exists()):
            return False
        portal.users.filter(user_id=user_id).delete()
    return True


def renew(portal: Portal, credentials: Credentials) -> Credentials:
    """Returns credentials newer than these: another worker's where there are any, else refreshed ones.

    Raises `Wait` while another worker renews it, `OtherUser` where the refresh token is dead, and what
    the OAuth server's answer means otherwise. What was to be called has certainly not been done.
    """
    renewal_id = uuid.uuid4()
    now = timezone.now()
    free = Q(renewal_until__isnull=True) | Q(renewal_until__lt=now)
    won = PortalUser.objects.filter(free, pk=credentials.portal_user_pk, version=credentials.version).update(
        renewal_id=renewal_id, renewal_until=now + timedelta(seconds=RENEWAL_SECONDS)
    )
    user = _row(credentials.portal_user_pk)
    if not won:
        if user.version != credentials.version:
            return _credentials(portal, user)
        raise _renewing()
    try:
        pair = oauth.refresh(portal.oauth_host, user.refresh_token)
    except errors.PortalError as error:
        PortalUser.objects.filter(pk=user.pk, renewal_id=renewal_id).update(renewal_id=None, renewal_until=None)
        return _after_failure(portal, user, error)
    # Saved before it is used: a pair that only this process knows would be lost with it.
    PortalUser.objects.filter(pk=user.pk, renewal_id=renewal_id).update(**_new_pair(pair))
    Portal.objects.filter(pk=portal.pk).update(
        client_endpoint=pair.client_endpoint, domain=urlsplit(pair.client_endpoint).netloc.lower()
    )
    portal.refresh_from_db()
    logger.info("portal %s: token renewed", portal.pk)
    return _credentials(portal, _row(user.pk))


def _row(pk: int) -> PortalUser:
    """The administrator's row as it is now. Raises `OtherUser` where another one has taken it away (`forget`)."""
    user = PortalUser.objects.filter(pk=pk).first()
    if user is None:
        raise errors.OtherUser("removed")
    return user


def _after_failure(portal: Portal, user: PortalUser, error: errors.PortalError) -> Credentials:
    if isinstance(error, errors.OtherUser):
        # Perhaps the pair was replaced while we asked (somebody opened the application).
        latest = _row(user.pk)
        if latest.version != user.version:
            return _credentials(portal, latest)
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


def _credentials(portal: Portal, user: PortalUser) -> Credentials:
    return Credentials(portal.client_endpoint, user.access_token, user.pk, user.version)
