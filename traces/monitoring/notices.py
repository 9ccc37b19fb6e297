"""Notifies a portal's administrator of what needs attention: each matter once, in the portal's language.

`matters` finds what to report, `letters` has the words. An administrator chooses what, how, and how many a day; by
default the one whose token is used gets a notice in the portal. A claim by a conditional UPDATE keeps two sweeps from
sending the same notice.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.core.mail import EmailMessage
from django.utils.translation import gettext as _

from b24app.api import errors, remedies
from b24app.api.remedies import Remedy, Text
from b24app.frame import iframe
from b24app.models import Portal, PortalUser
from b24app.portal import calls
from traces.models import Notice, Preferences
from traces.monitoring import letters, matters
from traces.monitoring.matters import WAITING, Kind, Matter, Watched

logger = logging.getLogger(__name__)

# No failed attempt to tell is repeated more often; and a portal whose hold is over gets so long for its queue.
TRY_EVERY = timedelta(hours=1)
# One sweep tells so many: each may take seconds.
MAX_AT_ONCE = 5
METHOD, SCOPE = "im.notify.system.add", "im"
# A notice with the same tag takes the place of the one before it.
TAG = "TRACE_RELAY_"
PORTAL_SECONDS = 8.0
# What the mail framework raises: the server's answers are OSErrors; an address may be unfit for a header.
MAIL_ERRORS = (OSError, ValueError)


class NotTold(Exception):
    """The notice did not go out; `code` says why without any address: a portal's code, `mail`, `no_mail`, `no_way`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def look(now: datetime) -> None:
    """Send the notices that are due, and note what is over."""
    attempts = 0
    for watched in matters.watch(now):
        _close(watched, now)
        for matter in watched.matters:
            notice = _opened(watched, matter, now)
            is_enough = attempts >= MAX_AT_ONCE or watched.told >= watched.chosen.notices_a_day
            if notice and not is_enough and _is_wanted(watched, matter) and _claim(notice, now):
                attempts += 1
                watched.told += _tell(watched.chosen, matter, notice, now)


def tell_anew(portal: Portal, now: datetime) -> None:
    """Report again what still lasts: the new recipient has had no notice yet."""
    Notice.objects.filter(portal=portal, over=False).update(try_at=now)


def label_of(notice: Notice) -> Text:
    """What a notice was about, in the language that is active."""
    labels: dict[str, Text] = {
        **dict(Kind.choices),
        Notice.PURGE: _("Queued submissions will be deleted"),
        f"{Notice.PURGE}:done": _("Queued submissions were deleted"),
    }
    return labels.get(notice.about) or labels.get(notice.about.partition(":")[0], "")


def _close(watched: Watched, now: datetime) -> None:
    """What is no matter any more is over. After a hold, what waits gets an hour to go out before that is told of."""
    lasting = {matter.about for matter in watched.matters}
    over = [notice for about, notice in watched.notices.items() if about not in lasting]
    late = Matter(Kind.STOPPED, WAITING).about
    for notice in over:
        Notice.objects.filter(pk=notice.pk).update(over=True)
        was_held = notice.about.startswith(Kind.STOPPED) and notice.about != late
        if was_held and watched.is_late and watched.portal.state != Portal.State.HELD and late not in watched.notices:
            watched.notices[late] = _open(watched, late, now, now + TRY_EVERY)


def _opened(watched: Watched, matter: Matter, now: datetime) -> Notice | None:
    """The notice of a matter that is to be told now; None if it was told, or is not to be told yet."""
    notice = watched.notices.get(matter.about)
    if notice is None:
        # The date of a deletion counts from the first notice on, whether it could be told or not.
        wanted = matter.about == Notice.PURGE or _is_wanted(watched, matter)
        return _open(watched, matter.about, now, now) if wanted else None
    if notice.try_at is not None:
        return notice
    is_told_again = matter.again is not None and notice.at <= now - matter.again and _is_wanted(watched, matter)
    if is_told_again and Notice.objects.filter(pk=notice.pk, over=False).update(over=True):
        return _open(watched, matter.about, now, now)
    return None


def _open(watched: Watched, about: str, now: datetime, try_at: datetime) -> Notice:
    portal = watched.portal
    if about == Notice.PURGE:
        logger.warning("portal %s: held for long, what waits is going to be deleted", portal.pk)
    facts = {"at": now, "try_at": try_at}
    notice, _is_new = Notice.objects.get_or_create(portal=portal, about=about, over=False, defaults=facts)
    return notice


def _is_wanted(watched: Watched, matter: Matter) -> bool:
    """Whether the administrator wants to know of this, and there is a way to tell it."""
    return (matter.kind == Notice.PURGE or matter.kind in watched.chosen.tell_of) and has_way(watched.chosen)


def _claim(notice: Notice, now: datetime) -> bool:
    """Whether this sweep is the one to tell of it."""
    mine = Notice.objects.filter(pk=notice.pk, over=False, try_at__lte=now)
    return bool(mine.update(try_at=now + TRY_EVERY))


def _tell(chosen: Preferences, matter: Matter, notice: Notice, now: datetime) -> bool:
    """Returns whether it was told."""
    portal = chosen.portal
    with iframe.speaking(iframe.language(portal.language)):
        letter = letters.letter_of(
            portal, matter, remedy_of(matter.subject or portal.hold_code, portal.by_webhook), notice, now
        )
    if letter is None:
        Notice.objects.filter(pk=notice.pk).update(over=True)
        return False
    try:
        send(chosen, *letter, tag=matter.kind)
    except NotTold as error:
        logger.warning("portal %s: its administrator could not be told of %s (%s)", portal.pk, matter.about, error.code)
        return False
    # A deletion's date counts from the first try on.
    at = notice.at if matter.about == Notice.PURGE else now
    Notice.objects.filter(pk=notice.pk).update(try_at=None, at=at)
    logger.info("portal %s: its administrator was told of %s", portal.pk, matter.about)
    return True


def remedy_of(code: str, by_webhook: bool) -> Remedy:
    """What happened at a stop with this code, and what to do, as the portal is connected."""
    look = _("Open “Health” in Trace Relay to see the cause.")
    if code == WAITING:
        return Remedy(_("The oldest submission has been queued for more than an hour."), look)
    return remedies.of(code, by_webhook) or Remedy(_("Bitrix24 isn't accepting requests right now."), look)


def send_test(chosen: Preferences) -> None:
    """Send a notice that says it is a test, in the way that was chosen. Raises `NotTold`."""
    with iframe.speaking(iframe.language(chosen.portal.language)):
        subject = _("Trace Relay: test notification")
        text = _("This is a test. Trace Relay notifies you this way when %(portal)s needs your attention.")
        text = text % {"portal": chosen.portal.domain}
    send(chosen, subject, text)


def send(chosen: Preferences, subject: str, text: str, *, tag: str = "test") -> None:
    """Send a notice in the chosen way. Not to be called within a transaction. Raises `NotTold`.

    If the portal refuses it, it is sent by e-mail, provided there is an address.
    """
    if chosen.notify == Preferences.Notify.PORTAL:
        try:
            return _send_to_portal(chosen, text, tag)
        except NotTold:
            if not (chosen.notify_email and mail_is_set_up()):
                raise
    if chosen.notify:
        _send_mail(chosen.notify_email, subject, text)
    return None


def has_way(chosen: Preferences) -> bool:
    """Whether notices can be sent, as far as that can be known without trying."""
    by_mail = bool(chosen.notify and chosen.notify_email and mail_is_set_up())
    in_portal = chosen.notify == Preferences.Notify.PORTAL and may_notify(chosen.portal)
    return by_mail or (in_portal and recipient(chosen) is not None)


def recipient(chosen: Preferences) -> int | None:
    """The user of the portal who gets its notices: the one who chose to, else the one whose token is used first."""
    if chosen.notify_user_id or chosen.portal.chosen_user_id:
        return chosen.notify_user_id or chosen.portal.chosen_user_id
    users = chosen.portal.users.filter(state=PortalUser.State.ACTIVE)
    return users.order_by("pk").values_list("user_id", flat=True).first()


def _send_mail(address: str, subject: str, text: str) -> None:
    if not (address and mail_is_set_up()):
        raise NotTold("no_mail")
    try:
        EmailMessage(subject, text, to=[address]).send()
    except MAIL_ERRORS:  # their texts hold addresses
        raise NotTold("mail") from None


def _send_to_portal(chosen: Preferences, text: str, tag: str) -> None:
    user = recipient(chosen) if may_notify(chosen.portal) else None
    if user is None:
        raise NotTold("no_way")
    params = {"USER_ID": user, "MESSAGE": text, "TAG": f"{TAG}{tag.upper()}"}
    try:
        if not calls.call(chosen.portal, METHOD, params, read_seconds=PORTAL_SECONDS).result:
            raise NotTold("not_created")
    except errors.PortalError as error:
        # It holds nothing: that the right for notices is missing says nothing of deliveries.
        raise NotTold(error.code) from None


def mail_is_set_up() -> bool:
    """Whether the operator has named a mail server (`EMAIL_URL`)."""
    return not settings.EMAIL_BACKEND.endswith("dummy.EmailBackend")


def may_notify(portal: Portal) -> bool:
    """Whether the portal has given the application the right to send notices."""
    return SCOPE in portal.scope.split(",")
