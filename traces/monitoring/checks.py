"""The health of the service and of a portal's deliveries, by our own records and by the portal's answers.

Only `as_the_portal_says` asks the portal (`b24app.portal.health`).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import redis
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection
from django.db.models import Q
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from b24app.api import errors
from b24app.models import Portal, PortalUser
from b24app.pace import limits, wakeups
from b24app.portal import crm_directory, event_bindings, health, hold, tokens
from b24app.portal.health import Check
from traces import sentences
from traces.models import LEADS, Form, Preferences, Submission
from traces.monitoring import metrics, notices

# A due row should wait for seconds; a backlog, or a rest that the portal asked for, takes minutes.
LONG_WAIT_SECONDS = 300.0
# The latest submissions tell whether the portal's own tracker is on the site.
SUBMISSIONS_READ = 50
# Forms that one check names.
MAX_NAMES = 10


def of_service(now: datetime) -> list[Check]:
    """The checks of what all portals share: the database, Redis, the workers with beat's sweep."""
    return [_database(), *_queue(now)]


def _operator() -> str:
    return _("Contact the operator of Trace Relay.")


def _database() -> Check:
    name = _("Database")
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return Check(name, False, _("Not responding: no submissions can be accepted."), _operator())
    return Check(name, True, _("Working: submissions are accepted and stored."))


def _queue(now: datetime) -> list[Check]:
    """Redis, and what it has noted of the workers."""
    name, workers = _("Message queue (Redis)"), _("Workers")
    try:
        swept = wakeups.last_sweep()
    except redis.RedisError:
        late = _("Not responding: submissions are still accepted and stored, but delivered later.")
        return [
            Check(name, False, late, _operator()),
            Check(workers, None, _("Unknown while Redis is unavailable."), ""),
        ]
    return [Check(name, True, _("Working: new submissions are picked up immediately.")), _workers(swept, now)]


def _workers(swept: float | None, now: datetime) -> Check:
    """Beat asks for a sweep every few seconds and a worker does it: one that is late says that either is away."""
    name = _("Workers")
    if swept is None:
        todo = _("Check again in a minute. If the problem persists, contact the operator of Trace Relay.")
        return Check(name, None, _("No worker has checked for submissions yet."), todo)
    seconds = max(0, int(now.timestamp() - swept))
    if seconds > 60 + 3 * settings.SWEEP_SECONDS:
        minutes = seconds // 60
        ago = ngettext(
            "No worker has checked for submissions for %(minutes)s minute: nothing is being delivered.",
            "No worker has checked for submissions for %(minutes)s minutes: nothing is being delivered.",
            minutes,
        )
        return Check(name, False, ago % {"minutes": minutes}, _operator())
    looked = ngettext(
        "A worker checked for submissions %(seconds)s second ago.",
        "A worker checked for submissions %(seconds)s seconds ago.",
        seconds,
    )
    return Check(name, True, looked % {"seconds": seconds})


def of_portal(portal: Portal) -> list[Check]:
    """The checks of the portal's deliveries: whether they run, how long the oldest waits, with whose permission."""
    known = [_deliveries(portal), _oldest(portal), _permission(portal), _tariff(portal), _receipts(portal)]
    return [*known, *_leads(portal), *_notices(portal), _tracker(portal)]


def as_the_portal_says(portal: Portal, *, bind: bool = False) -> list[Check]:
    """What the portal answers now, or why it does not; with `bind`, after its events were bound again."""
    try:
        if bind:
            event_bindings.bind_again(portal)
        answered = health.checks(portal)
        crm_directory.keep_mode(portal, now=True)
        return answered
    except errors.PortalError as error:
        return [_no_answer(portal, error)]


def once(found: Iterable[Check]) -> list[Check]:
    """The checks without those that are not well and say what one before them has said."""
    said: set[str] = set()
    kept = []
    for check in found:
        if check.good is True or str(check.happened) not in said:
            kept.append(check)
            said.add(str(check.happened))
    return kept


def _no_answer(portal: Portal, error: errors.PortalError) -> Check:
    name = _("Connection")
    if isinstance(error, (errors.Stop, errors.Poison)):
        remedy = notices.remedy_of(error.code, portal.by_webhook)
        return Check(name, False, remedy.happened, remedy.todo)
    text = _("Bitrix24 gave no usable answer, so its state is unknown right now.")
    return Check(name, None, text, _("Check again in a minute. Submissions are still accepted and stored."))


def trouble(portal: Portal, now: datetime) -> Check | None:
    """The most serious problem that stops deliveries; None if all is well."""
    checks = [_deliveries(portal), _permission(portal), *_queue(now), _oldest(portal)]
    return next((check for check in checks if check.good is False), None)


def _deliveries(portal: Portal) -> Check:
    name = _("Delivery")
    if portal.state == Portal.State.HELD:
        remedy = notices.remedy_of(portal.hold_code, portal.by_webhook)
        return Check(name, False, remedy.happened, remedy.todo)
    for code in hold.reasons_of_methods(portal):
        remedy = notices.remedy_of(code, portal.by_webhook)
        return Check(name, False, remedy.happened, remedy.todo)
    return Check(name, True, _("Delivery is working."))


def _oldest(portal: Portal) -> Check:
    name = _("Queue")
    if portal.state == Portal.State.HELD:
        return Check(name, True, _("Queued submissions are delivered as soon as delivery resumes."))
    seconds = metrics.oldest_due_seconds(Q(portal=portal))
    if seconds <= LONG_WAIT_SECONDS:
        return Check(name, True, _("No delays."))
    minutes = int(seconds // 60)
    waits = ngettext(
        "The oldest submission has been queued for %(minutes)s minute.",
        "The oldest submission has been queued for %(minutes)s minutes.",
        minutes,
    )
    todo = _("This is normal after many submissions at once. Otherwise check the other results on this page.")
    return Check(name, False, waits % {"minutes": minutes}, todo)


def _permission(portal: Portal) -> Check:
    name = _("Authorized administrators")
    if portal.by_webhook:
        text = _("The portal is connected by a webhook, which needs no permission from a user.")
        return Check(name, True, text)
    users = list(tokens.ranked(portal))
    working = [user for user in users if user.state == PortalUser.State.ACTIVE]
    proved = sum(user.proved_at is not None for user in working)
    if not working:
        remedy = notices.remedy_of(tokens.none_left(portal).code, by_webhook=False)
        return Check(name, False, remedy.happened, remedy.todo)
    text = ngettext(
        "The permission of %(working)s administrator is active.",
        "The permissions of %(working)s administrators are active.",
        proved,
    )
    todo = _("Ask a second administrator to open Trace Relay once, as a backup.") if len(working) == 1 else ""
    texts = [text % {"working": proved}] if proved else []
    return Check(name, True if proved else None, " ".join([*texts, *map(_age, users)]), todo)


def _age(user: PortalUser) -> str:
    """How old an administrator's permission is, and when the portal took it last."""
    state = {
        PortalUser.State.BARRED: _(
            "User %(user)s has insufficient rights in Bitrix24 (permission renewed %(renewed)s)."
        ),
        PortalUser.State.DEAD: _("User %(user)s must open Trace Relay again (permission renewed %(renewed)s)."),
    }.get(PortalUser.State(user.state))
    if state is None and user.proved_at is None:
        state = _("User %(user)s: renewed %(renewed)s, not used since.")
    state = state or _("User %(user)s: renewed %(renewed)s, last used successfully %(proved)s.")
    return state % {"user": user.user_id, "renewed": _day(user.renewed_at), "proved": _day(user.proved_at)}


def _day(time: datetime | None) -> str:
    return date_format(timezone.localtime(time), "j E Y") if time else ""


def _tariff(portal: Portal) -> Check:
    name = _("Sending speed")
    rate = limits.tariff_of(portal).rate
    if not rate:
        text = _("No limit: the portal runs on your own server.")
    else:
        text = _("Up to %(rate)s requests per second, as your plan allows.") % {"rate": f"{rate:.0f}"}
    return Check(name, True, text)


def _receipts(portal: Portal) -> Check:
    name = _("Delivery receipts")
    if portal.receipt_option_sets and not portal.by_webhook:
        return Check(name, True, _("Bitrix24 keeps a receipt of each delivery: a lost reply won't cause duplicates."))
    text = _("Bitrix24 keeps no delivery receipts: if a reply is lost, a submission may be sent twice.")
    if portal.by_webhook:
        return Check(name, False, text, _("Install the application to get delivery receipts and alerts."))
    return Check(name, False, text, _("Open Trace Relay once as an administrator to try again."))


def _leads(portal: Portal) -> list[Check]:
    """Only where forms make leads on a portal that works without them."""
    forms = (
        Form.objects.filter(portal=portal, active=True, creates__in=LEADS) if portal.simple_crm else Form.objects.none()
    )
    names = ", ".join(
        sentences.quoted(name) for name in forms.order_by("name").values_list("name", flat=True)[:MAX_NAMES]
    )
    if not names:
        return []
    text = _(
        "Your CRM works without leads, but these forms create leads: %(names)s. Bitrix24 converts "
        "each of them to a deal at once."
    )
    todo = _("Let these forms create deals (page “Forms”), or turn leads on in the CRM settings and check again.")
    return [Check(_("Leads"), False, text % {"names": names}, todo)]


def _notices(portal: Portal) -> list[Check]:
    """Only where notices in the portal were chosen."""
    if notices.may_notify(portal) or not _portal_notices_chosen(portal):
        return []
    text = _("You chose Bitrix24 notifications, but the application may not send them (scope im).")
    todo = _("Update the application and confirm the rights it requests, or choose email in the settings.")
    return [Check(_("Alerts"), None, text, todo)]


def _portal_notices_chosen(portal: Portal) -> bool:
    return Preferences.objects.filter(portal=portal, notify=Preferences.Notify.PORTAL).exists()


def _tracker(portal: Portal) -> Check:
    """Whether the portal's own tracker is on the site: the snippet says so with each submission (`_tracker`)."""
    name = _("Bitrix24 tracking code")
    latest = Submission.objects.filter(portal=portal).order_by("-received_at")
    seen = list(latest.values_list("body", flat=True)[:SUBMISSIONS_READ])
    if any(body.get("_tracker") == "portal" for body in seen):
        return Check(name, True, _("It is on your website, and Trace Relay forwards what it knows about a visitor."))
    if any(body.get("TRACE") for body in seen):
        return Check(
            name, True, _("Optional: it was not found with the latest submissions. Visits are tracked anyway.")
        )
    return Check(name, True, _("Optional: unknown until a submission arrives from a page with the Trace Relay script."))
