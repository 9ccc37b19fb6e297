"""The tokens of a portal: which one to use, and how an expired one is renewed once in the whole fleet.

Which one is used does not depend on who opened a page last: the chosen administrator's comes first
(`Portal.chosen_user_id`), then the others' in the order in which they came.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Case, F, Q, QuerySet, Value, When
from django.utils import timezone

from b24app.api import errors, hosts, oauth
from b24app.host.encryption import Unreadable
from b24app.host.transactions import writing
from b24app.models import Portal, PortalUser
from b24app.portal import epochs

logger = logging.getLogger(__name__)

# Longer than a refresh can take, so that a live one is never overtaken.
RENEWAL_SECONDS = 40.0
# How soon somebody who met a renewal under way may look again.
RENEWAL_LOOK_SECONDS = 0.3
# A refresh token dies unused after 180 days (Bitrix24's documentation, "Automatic renewal of tokens"): a pair that old
# is renewed, and tried again each day where that fails.
RENEW_AFTER, TRY_AGAIN_AFTER = timedelta(days=90), timedelta(days=1)
# A portal that refuses a token for another reason than its age does not make us ask for new ones again and again.
REFRESH_EVERY = timedelta(hours=1)
# An answer is noted as the proof of a pair this often.
PROVE_EVERY = timedelta(hours=1)
# Why no pair is of use, by the code of those that were set aside for now.
_BARRED = ("no_rights", "not_allowed")


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a call needs: the portal's REST base, and a `token` ("" for a webhook).

    `portal_user_pk` is the row of the administrator whose token it is, `version` that of the pair it belongs to;
    `unproved` is whether an answer to it is worth noting (`note_answered`).
    """

    endpoint: str
    token: str = ""
    portal_user_pk: int = 0
    version: int = 0
    unproved: bool = False


def current(portal: Portal, user_pk: int | None = None, *, but_not: Collection[int] = ()) -> Credentials:
    """Returns the credentials to call `portal` with: those of the row `user_pk` of `PortalUser` where still good.

    The rows `but_not` are left out. Raises `Stop` if no administrator's token is left, and `Wait` while somebody
    renews it: a call would be in vain.
    """
    if portal.by_webhook:
        return Credentials(_readable(portal.webhook_url))
    user = _of_use(portal, user_pk, but_not)
    if user is None:
        raise none_left(portal)
    if user.renewal_until and user.renewal_until > timezone.now():
        raise _renewing()
    return _credentials(portal, user)


def of_user(portal: Portal, user_id: int) -> Credentials:
    """Returns a user's own credentials. Raises `OtherUser` if there are none of use."""
    user = portal.users.filter(user_id=user_id).exclude(state=PortalUser.State.DEAD).first()
    if user is None or isinstance(user.access_token, Unreadable):
        raise errors.OtherUser("removed")
    return _credentials(portal, user)


def _of_use(portal: Portal, user_pk: int | None, but_not: Collection[int]) -> PortalUser | None:
    """The administrator whose pair is to be used. A held portal is probed: there one that was barred may do again."""
    states = [PortalUser.State.ACTIVE]
    if portal.state == Portal.State.HELD:
        states.append(PortalUser.State.BARRED)
    users = list(ranked(portal).filter(state__in=states).exclude(pk__in=but_not))
    users = [user for user in users if not isinstance(user.access_token, Unreadable)]
    users.sort(key=lambda user: (states.index(PortalUser.State(user.state)), user.pk != user_pk))
    return users[0] if users else None


def _readable(text: str) -> str:
    if isinstance(text, Unreadable):
        raise errors.Stop("key_missing")
    return text


def ranked(portal: Portal) -> QuerySet[PortalUser]:
    """The portal's administrators in the order in which their tokens are used."""
    is_chosen = Case(When(user_id=portal.chosen_user_id, then=Value(0)), default=Value(1))
    return portal.users.order_by(is_chosen if portal.chosen_user_id is not None else "pk", "pk")


def none_left(portal: Portal) -> errors.Stop:
    """The reason to hold a portal without a pair of use: what a person can be given rights for comes first."""
    users = portal.users.exclude(state=PortalUser.State.DEAD)
    if any(isinstance(token, Unreadable) for token in users.values_list("access_token", flat=True)):
        return errors.Stop("key_missing")
    barred = users.filter(state=PortalUser.State.BARRED).values_list("dead_code", flat=True)
    return next((errors.Stop(code) for code in _BARRED if code in barred), errors.Stop("no_administrator"))


def _renewing() -> errors.Wait:
    return errors.Wait("renewing", seconds=RENEWAL_LOOK_SECONDS)


def save(portal: Portal, tokens: oauth.Tokens) -> None:
    """Save the pair that an administrator's visit or an install event brought."""
    user, _ = PortalUser.objects.get_or_create(portal=portal, user_id=tokens.user_id)
    PortalUser.objects.filter(pk=user.pk).update(**_new_pair(tokens), state=PortalUser.State.ACTIVE, dead_code="")


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


def note_answered(credentials: Credentials, methods: Collection[str]) -> None:
    """Note that the portal took this token for these methods; one that was barred is used again.

    One that lacks rights in the CRM may ask for anything else, which says nothing.
    """
    if not credentials.unproved:
        return
    mine = PortalUser.objects.filter(pk=credentials.portal_user_pk, version=credentials.version)
    mine.update(proved_at=timezone.now())
    barred = mine.filter(state=PortalUser.State.BARRED)
    if not any(method.startswith("crm.") for method in methods):
        barred = barred.exclude(dead_code="no_rights")
    barred.update(state=PortalUser.State.ACTIVE, dead_code="")


def choose(portal: Portal, user_id: int) -> bool:
    """Use this administrator's token first, also one that was barred. Returns whether it was chosen: not a dead one."""
    alive = portal.users.filter(user_id=user_id).exclude(state=PortalUser.State.DEAD)
    if not alive.update(state=PortalUser.State.ACTIVE, dead_code=""):
        return False
    Portal.objects.filter(pk=portal.pk).update(chosen_user_id=user_id)
    portal.chosen_user_id = user_id
    return True


def forget(portal: Portal, user_id: int) -> bool:
    """Take an administrator's tokens away. Returns whether that was done: the last that are of use stay.

    It ends this administrator's sessions. Where it was the chosen one's, the next in order is chosen.
    """
    with writing():
        # Locked, or two administrators could take each other's away at the same moment.
        locked = Portal.objects.select_for_update(no_key=True).get(pk=portal.pk)
        others = ranked(locked).filter(state=PortalUser.State.ACTIVE).exclude(user_id=user_id)
        dead = portal.users.filter(state=PortalUser.State.DEAD, user_id=user_id)
        if not (others.exists() or dead.exists()):
            return False
        portal.users.filter(user_id=user_id).delete()
        epochs.end(locked, user_id)
        if locked.chosen_user_id == user_id:
            following = others.values_list("user_id", flat=True).first()
            Portal.objects.filter(pk=portal.pk).update(chosen_user_id=following)
            portal.chosen_user_id = following
    return True


def may_refresh(credentials: Credentials, error: errors.Renew) -> bool:
    """Whether a token that was refused like this may be renewed: one that has not expired, once an hour."""
    if error.code == "expired_token":
        return True
    since = timezone.now() - REFRESH_EVERY
    return not PortalUser.objects.filter(pk=credentials.portal_user_pk, refresh_tried_at__gt=since).exists()


def renew_old(now: datetime, limit: int) -> int:
    """Renew up to `limit` pairs that nobody has used for long. Returns how many were tried.

    To be called again and again: the oldest come first, and one that fails is tried again the next day. A held portal
    stays held, whatever comes of it.
    """
    used = PortalUser.objects.exclude(state=PortalUser.State.DEAD).exclude(portal__state=Portal.State.UNINSTALLED)
    is_rested = Q(refresh_tried_at=None) | Q(refresh_tried_at__lt=now - TRY_AGAIN_AFTER)
    due = used.filter(is_rested, renewed_at__lt=now - RENEW_AFTER).select_related("portal").order_by("renewed_at")
    tried = list(due[:limit])
    for user in tried:
        credentials = _credentials(user.portal, user)
        try:
            renew(user.portal, credentials)
        except errors.OtherUser as error:
            set_aside(user.portal, credentials, error)
        except errors.PortalError as error:
            logger.warning("portal %s: an old token was not renewed (%s)", user.portal_id, error.code)
    return len(tried)


def renew(portal: Portal, credentials: Credentials) -> Credentials:
    """Returns credentials newer than these: another worker's where there are any, else refreshed ones.

    Raises `Wait` while another worker renews it, `OtherUser` where the refresh token is dead, and what
    the OAuth server's answer means otherwise. What was to be called has certainly not been done.
    """
    renewal_id = uuid.uuid4()
    now = timezone.now()
    free = Q(renewal_until__isnull=True) | Q(renewal_until__lt=now)
    won = PortalUser.objects.filter(free, pk=credentials.portal_user_pk, version=credentials.version).update(
        renewal_id=renewal_id, renewal_until=now + timedelta(seconds=RENEWAL_SECONDS), refresh_tried_at=now
    )
    user = _row(credentials.portal_user_pk)
    if not won:
        if user.version != credentials.version:
            return _credentials(portal, user)
        raise _renewing()
    try:
        pair = oauth.refresh(portal.oauth_host, _readable(user.refresh_token))
    except errors.PortalError as error:
        PortalUser.objects.filter(pk=user.pk, renewal_id=renewal_id).update(renewal_id=None, renewal_until=None)
        return _after_failure(portal, user, error)
    # Saved before it is used: a pair that only this process knows would be lost with it.
    PortalUser.objects.filter(pk=user.pk, renewal_id=renewal_id).update(**_new_pair(pair))
    note_address(portal, pair.client_endpoint)
    logger.info("portal %s: token renewed", portal.pk)
    return _credentials(portal, _row(user.pk))


def note_address(portal: Portal, client_endpoint: str) -> None:
    """Store where the portal is called, as the OAuth server has said."""
    Portal.objects.filter(pk=portal.pk).update(client_endpoint=client_endpoint, domain=hosts.of_url(client_endpoint))
    portal.refresh_from_db()


def _row(pk: int) -> PortalUser:
    """The administrator's row as it is now. Raises `OtherUser` if another one has taken it away (`forget`)."""
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
        "renewed_at": timezone.now(),
        "proved_at": timezone.now(),
        "renewal_id": None,
        "renewal_until": None,
    }


def _credentials(portal: Portal, user: PortalUser) -> Credentials:
    is_old = user.proved_at is None or user.proved_at < timezone.now() - PROVE_EVERY
    unproved = is_old or user.state == PortalUser.State.BARRED
    return Credentials(portal.client_endpoint, user.access_token, user.pk, user.version, unproved)
