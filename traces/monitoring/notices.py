"""Telling a portal's administrator that deliveries have stopped: once a stop, in the portal's language.

A stop is a portal that is held, or whose oldest due submission waits for more than an hour. What is told are the
remedy's words; nothing of a visitor. A claim by a conditional UPDATE keeps two sweeps from telling twice.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.core.mail import EmailMessage
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _

from b24app.api import errors, remedies
from b24app.api.remedies import Remedy
from b24app.frame import iframe
from b24app.models import Portal
from b24app.portal import calls
from traces.models import Preferences, Submission

logger = logging.getLogger(__name__)

HELD_FOR = timedelta(minutes=5)
WAITING_FOR = timedelta(hours=1)
# Nobody is told, and no failed attempt to tell is repeated, more often than this.
TELL_EVERY = timedelta(hours=1)
# One sweep tells so many: each may take seconds.
MAX_AT_ONCE = 5
# The code of a stop without a hold; the others are keys of `b24app.api.remedies.REMEDIES`.
WAITING = "waiting"
METHOD, SCOPE = "im.notify.system.add", "im"
# A notice with the same tag takes the place of the one before it.
TAG = "TRACE_RELAY_STOPPED"
PORTAL_SECONDS = 8.0
# What the mail framework raises: the server's answers are OSErrors; an address may be unfit for a header.
MAIL_ERRORS = (OSError, ValueError)


class NotTold(Exception):
    """The notice did not go out; `code` says why without any address: a portal's code, `mail` or `no_mail`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def look(now: datetime) -> None:
    """Tell those who wished it of stops that nobody was told of, and forget the stops that are over."""
    told = 0
    for chosen in _watched(now):
        code = stop_of(chosen, now)
        if code and told < MAX_AT_ONCE and _claim(chosen, code, now):
            told += 1
            _tell(chosen, code)
        elif not code:
            _over(chosen, now)


def _watched(now: datetime) -> list[Preferences]:
    """The preferences of portals whose administrator wants to know, with `late`: whether a row waits for too long."""
    late = Submission.objects.filter(portal=OuterRef("portal"), due_at__lte=now - WAITING_FOR)
    chosen = Preferences.objects.exclude(notify=Preferences.Notify.NONE).exclude(portal__state=Portal.State.UNINSTALLED)
    return list(chosen.select_related("portal").annotate(late=Exists(late)))


def stop_of(chosen: Preferences, now: datetime) -> str:
    """The code of the stop that may be told of; "" where the portal is well, or nothing is to be told yet."""
    portal = chosen.portal
    if portal.state == Portal.State.HELD:
        return portal.hold_code if portal.held_since and portal.held_since <= now - HELD_FOR else ""
    # A portal that has just been resumed has old rows; whoever was told of the stop is not told of that.
    just_resumed = chosen.notified_code not in ("", WAITING)
    return WAITING if chosen.late and not just_resumed else ""  # type: ignore[attr-defined]  # annotated above


def _claim(chosen: Preferences, code: str, now: datetime) -> bool:
    """Whether this sweep is the one to tell of the stop."""
    rested = Q(notified_at=None) | Q(notified_at__lte=now - TELL_EVERY)
    free = Preferences.objects.filter(rested, pk=chosen.pk, notify=chosen.notify).exclude(notified_code=code)
    return bool(free.update(notified_code=code, notified_at=now))


def _tell(chosen: Preferences, code: str) -> None:
    try:
        send(chosen, *text_of(chosen.portal, code))
    except NotTold as error:
        logger.warning("portal %s: its administrator could not be told (%s)", chosen.portal_id, error.code)
        # The time stays: the next attempt is after `TELL_EVERY`.
        Preferences.objects.filter(pk=chosen.pk, notified_code=code).update(notified_code="")
    else:
        logger.info("portal %s: its administrator was told (%s)", chosen.portal_id, code)


def _over(chosen: Preferences, now: datetime) -> None:
    """The stop is over. One whose rows still wait gets an hour to send them before that is told of."""
    if chosen.portal.state == Portal.State.HELD or not (chosen.notified_code or chosen.notified_at):
        return
    mine = Preferences.objects.filter(pk=chosen.pk, notified_code=chosen.notified_code, notified_at=chosen.notified_at)
    mine.update(notified_code="", notified_at=now if chosen.late else None)  # type: ignore[attr-defined]


def text_of(portal: Portal, code: str) -> tuple[str, str]:
    """The subject and the text that tell of a stop, in the portal's language."""
    with iframe.speaking(iframe.language(portal.language)):
        subject = _("Trace Relay: deliveries to %(portal)s have stopped") % {"portal": portal.domain}
        remedy = remedy_of(code, portal.by_webhook)
        last = _("Nothing is lost: what waits is delivered afterwards.")
        return subject, "\n\n".join([subject + ".", str(remedy.happened), str(remedy.todo), last])


def remedy_of(code: str, by_webhook: bool) -> Remedy:
    """What happened at a stop with this code, and what to do, as the portal is connected."""
    look = _("Open the page “Health” in Trace Relay: it says what is the matter.")
    if code == WAITING:
        return Remedy(_("The oldest submission has been waiting for more than an hour."), look)
    return remedies.of(code, by_webhook) or Remedy(_("The portal takes nothing at present."), look)


def send_test(chosen: Preferences) -> None:
    """Send a notice that says it is a test, in the way that was chosen. Raises `NotTold`."""
    with iframe.speaking(iframe.language(chosen.portal.language)):
        subject = _("Trace Relay: a test notice")
        text = _("This is a test. You will be told like this when deliveries to %(portal)s stop.")
        text = text % {"portal": chosen.portal.domain}
    send(chosen, subject, text)


def send(chosen: Preferences, subject: str, text: str) -> None:
    """Send a notice in the way that was chosen. Not to be called within a transaction. Raises `NotTold`."""
    if chosen.notify == Preferences.Notify.EMAIL:
        _send_mail(chosen.notify_email, subject, text)
    elif chosen.notify == Preferences.Notify.PORTAL:
        _send_to_portal(chosen.portal, chosen.notify_user_id or 0, text)


def _send_mail(address: str, subject: str, text: str) -> None:
    if not (address and mail_is_set_up()):
        raise NotTold("no_mail")
    try:
        EmailMessage(subject, text, to=[address]).send()
    except MAIL_ERRORS:  # their texts hold addresses
        raise NotTold("mail") from None


def _send_to_portal(portal: Portal, user: int, text: str) -> None:
    params = {"USER_ID": user, "MESSAGE": text, "TAG": TAG}
    try:
        if not calls.call(portal, METHOD, params, read_seconds=PORTAL_SECONDS).result:
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
