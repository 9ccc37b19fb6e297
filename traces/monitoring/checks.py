"""Whether the service and a portal's deliveries are well: as far as our own records tell, and as the portal says.

Only `as_the_portal_says` asks the portal (`b24app.portal.health`).
"""

from __future__ import annotations

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
    return _("Tell the operator of Trace Relay.")


def _database() -> Check:
    name = _("Database")
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return Check(name, False, _("It does not answer: no submission can be taken."), _operator())
    return Check(name, True, _("It answers: submissions are taken and stored."))


def _queue(now: datetime) -> list[Check]:
    """Redis, and what it has noted of the workers."""
    name, workers = _("Messages (Redis)"), _("Workers")
    try:
        swept = wakeups.last_sweep()
    except redis.RedisError:
        late = _("It does not answer: submissions are still taken and stored, but delivered later.")
        return [Check(name, False, late, _operator()), Check(workers, None, _("Not known while Redis is away."), "")]
    return [Check(name, True, _("It answers: workers are told at once what has come.")), _workers(swept, now)]


def _workers(swept: float | None, now: datetime) -> Check:
    """Beat asks for a sweep every few seconds and a worker does it: one that is late says that either is away."""
    name = _("Workers")
    if swept is None:
        todo = _("Look again in a minute. If it stays so, tell the operator of Trace Relay.")
        return Check(name, None, _("No worker has looked for submissions yet."), todo)
    seconds = max(0, int(now.timestamp() - swept))
    if seconds > 60 + 3 * settings.SWEEP_SECONDS:
        minutes = seconds // 60
        ago = ngettext(
            "No worker has looked for submissions for %(minutes)s minute: nothing is delivered.",
            "No worker has looked for submissions for %(minutes)s minutes: nothing is delivered.",
            minutes,
        )
        return Check(name, False, ago % {"minutes": minutes}, _operator())
    looked = ngettext(
        "A worker looked for submissions %(seconds)s second ago.",
        "A worker looked for submissions %(seconds)s seconds ago.",
        seconds,
    )
    return Check(name, True, looked % {"seconds": seconds})


def of_portal(portal: Portal) -> list[Check]:
    """The checks of the portal's deliveries: whether they go on, how long the oldest waits, with what permission."""
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


def _no_answer(portal: Portal, error: errors.PortalError) -> Check:
    name = _("The portal answers")
    if isinstance(error, (errors.Stop, errors.Poison)):
        remedy = notices.remedy_of(error.code, portal.by_webhook)
        return Check(name, False, remedy.happened, remedy.todo)
    text = _("The portal gave no answer that can be used, so what it would say is not known now.")
    return Check(name, None, text, _("Check again in a minute. Submissions are taken and stored meanwhile."))


def trouble(portal: Portal, now: datetime) -> Check | None:
    """The first of what keeps submissions from being delivered, the gravest one first; None where all is well."""
    checks = [_deliveries(portal), _permission(portal), *_queue(now), _oldest(portal)]
    return next((check for check in checks if check.good is False), None)


def _deliveries(portal: Portal) -> Check:
    name = _("Deliveries")
    if portal.state == Portal.State.HELD:
        remedy = notices.remedy_of(portal.hold_code, portal.by_webhook)
        return Check(name, False, remedy.happened, remedy.todo)
    for code in hold.reasons_of_methods(portal):
        remedy = notices.remedy_of(code, portal.by_webhook)
        return Check(name, False, remedy.happened, remedy.todo)
    return Check(name, True, _("They go on."))


def _oldest(portal: Portal) -> Check:
    name = _("Oldest submission that waits")
    if portal.state == Portal.State.HELD:
        return Check(name, None, _("What waits is delivered as soon as deliveries go on."), "")
    seconds = metrics.oldest_due_seconds(Q(portal=portal))
    if seconds <= LONG_WAIT_SECONDS:
        return Check(name, True, _("Nothing waits for long."))
    minutes = int(seconds // 60)
    waits = ngettext(
        "It has been waiting for its turn for %(minutes)s minute.",
        "It has been waiting for its turn for %(minutes)s minutes.",
        minutes,
    )
    todo = _("With many submissions at once this is normal. Otherwise look at the other checks of this page.")
    return Check(name, False, waits % {"minutes": minutes}, todo)


def _permission(portal: Portal) -> Check:
    name = _("Permission")
    if portal.by_webhook:
        text = _("The portal is connected by a webhook, which needs nobody's permission.")
        return Check(name, True, text, _("Install the application to have receipts and notices."))
    users = list(tokens.ranked(portal))
    working = [user for user in users if user.state == PortalUser.State.ACTIVE]
    proved = sum(user.proved_at is not None for user in working)
    if not working:
        remedy = notices.remedy_of(tokens.none_left(portal).code, by_webhook=False)
        return Check(name, False, remedy.happened, remedy.todo)
    text = ngettext(
        "The permission of %(working)s administrator works.",
        "The permissions of %(working)s administrators work.",
        proved,
    )
    todo = _("Ask another administrator to open Trace Relay once: then one may leave.") if len(working) == 1 else ""
    texts = [text % {"working": proved}] if proved else []
    return Check(name, True if proved else None, " ".join([*texts, *map(_age, users)]), todo)


def _age(user: PortalUser) -> str:
    """How old an administrator's permission is, and when the portal took it last."""
    state = {
        PortalUser.State.BARRED: _("User %(user)s lacks rights on the portal (permission renewed on %(renewed)s)."),
        PortalUser.State.DEAD: _("User %(user)s has to open Trace Relay anew (permission renewed on %(renewed)s)."),
    }.get(PortalUser.State(user.state))
    if state is None and user.proved_at is None:
        state = _("User %(user)s: renewed on %(renewed)s, not tried since.")
    state = state or _("User %(user)s: renewed on %(renewed)s, worked last on %(proved)s.")
    return state % {"user": user.user_id, "renewed": _day(user.renewed_at), "proved": _day(user.proved_at)}


def _day(time: datetime | None) -> str:
    return date_format(timezone.localtime(time), "DATE_FORMAT") if time else ""


def _tariff(portal: Portal) -> Check:
    name = _("Speed")
    rate = limits.tariff_of(portal).rate
    if not rate:
        text = _("As fast as it can: the portal is on your own server.")
    else:
        text = _("Up to %(rate)s requests a second, as the portal's plan allows.") % {"rate": f"{rate:.0f}"}
    return Check(name, True, text, _("If the portal has another plan, say so in the settings."))


def _receipts(portal: Portal) -> Check:
    name = _("Receipts")
    if portal.receipt_option_sets and not portal.by_webhook:
        return Check(name, True, _("The portal keeps a receipt of each delivery: a lost answer is made good."))
    text = _("The portal keeps no receipts: where an answer is lost, a submission may be sent twice.")
    if portal.by_webhook:
        return Check(name, False, text, _("Install the application to have receipts and notices."))
    return Check(name, False, text, _("Open Trace Relay as an administrator once; that tries again."))


def _leads(portal: Portal) -> list[Check]:
    """Only where forms make leads on a portal that works without them."""
    forms = (
        Form.objects.filter(portal=portal, active=True, creates__in=LEADS) if portal.simple_crm else Form.objects.none()
    )
    names = ", ".join(f"“{name}”" for name in forms.order_by("name").values_list("name", flat=True)[:MAX_NAMES])
    if not names:
        return []
    text = _("The portal works without leads, and these forms make some: %(names)s. It turns each into a deal at once.")
    todo = _(
        "Let these forms make deals (page “Forms”), or switch leads on in the CRM's settings; then look here again."
    )
    return [Check(_("Leads"), False, text % {"names": names}, todo)]


def _notices(portal: Portal) -> list[Check]:
    """Only where notices in the portal were chosen."""
    if notices.may_notify(portal) or not _portal_notices_chosen(portal):
        return []
    text = _("You have chosen notices in the portal, but the application lacks the right to send them (im).")
    todo = _("Update the application and confirm the requested rights, or choose e-mail in the settings.")
    return [Check(_("Notices"), None, text, todo)]


def _portal_notices_chosen(portal: Portal) -> bool:
    return Preferences.objects.filter(portal=portal, notify=Preferences.Notify.PORTAL).exists()


def _tracker(portal: Portal) -> Check:
    """Whether the portal's own tracker is on the site: the snippet says so with each submission (`_tracker`)."""
    name = _("The portal's tracking code")
    latest = Submission.objects.filter(portal=portal).order_by("-received_at")
    seen = list(latest.values_list("body", flat=True)[:SUBMISSIONS_READ])
    if any(body.get("_tracker") == "portal" for body in seen):
        return Check(name, True, _("It is on the site, and Trace Relay sends what it knows of a visitor."))
    todo = _(
        "Put the portal's own tracking code on the site too (CRM → Sales Intelligence): then the portal knows a "
        "visitor of its chats and calls as well."
    )
    if any(body.get("TRACE") for body in seen):
        text = _("It was not on the pages that the latest submissions came from. The visits are known all the same.")
        return Check(name, None, text, todo)
    return Check(name, None, _("It is known once a submission comes from a page with the line for the website."), todo)
