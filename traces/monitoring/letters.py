"""What notices say: subject and text, in the language that is active. Nothing of a visitor stands in any of them."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db.models import Count
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from b24app.api.remedies import Remedy
from b24app.models import Portal
from traces import sentences
from traces.models import Form, Notice, Submission
from traces.models.notices import PURGE_NOTICE, purge_at
from traces.monitoring import matters
from traces.monitoring.matters import Kind, Matter

Letter = tuple[str, str]


def letter_of(portal: Portal, matter: Matter, remedy: Remedy, notice: Notice, now: datetime) -> Letter | None:
    """The letter about a matter; None if it is over. `remedy` is that of a stop."""
    if matter.kind == Kind.STOPPED:
        return _stopped(portal, matter, remedy)
    if matter.kind == Kind.REFUSED:
        return _refused(portal, notice, now)
    if matter.kind == Kind.SILENT:
        return _silent(portal, int(matter.subject), now)
    if matter.kind == Kind.WEEKLY:
        return _weekly(portal, now)
    return _purged(portal) if matter.subject else _purge(portal, remedy, notice)


def _stopped(portal: Portal, matter: Matter, remedy: Remedy) -> Letter:
    subject = _("Trace Relay: delivery to %(portal)s has stopped") % {"portal": portal.domain}
    if portal.state != Portal.State.HELD and matter.subject != matters.WAITING:
        subject = _("Trace Relay: submissions to %(portal)s are delayed") % {"portal": portal.domain}
    last = _("Nothing is lost: queued submissions will be delivered afterwards.")
    return subject, _paragraphs(subject + ".", remedy.happened, remedy.todo, last)


def _refused(portal: Portal, notice: Notice, now: datetime) -> Letter | None:
    """The first failure, and from then on the sum of a day."""
    before = Notice.objects.filter(portal=portal, about=notice.about, try_at=None).exclude(pk=notice.pk)
    told = before.order_by("-at").values_list("at", flat=True).first()
    since = max(told or notice.at - matters.DAY, now - matters.MAX_SUM)
    failed = matters.failures(since, now).filter(portal=portal).order_by()
    codes = list(failed.values_list("code").annotate(number=Count("pk")).order_by("-number", "code"))
    if not codes:
        return None
    number = sum(count for _code, count in codes)
    subject = ngettext(
        "Trace Relay: %(number)s submission was not delivered to %(portal)s",
        "Trace Relay: %(number)s submissions were not delivered to %(portal)s",
        number,
    ) % {"number": number, "portal": portal.domain}
    failure = sentences.failure(codes[0][0], {})
    often = _("Most frequent reason: %(reason)s") % {"reason": failure.happened}
    last = _("See Trace Relay → “Submissions” for each of them and for what Bitrix24 answered.")
    return subject, _paragraphs(subject + ".", often, failure.todo, last)


def _silent(portal: Portal, form_id: int, now: datetime) -> Letter | None:
    form = Form.objects.filter(portal=portal, pk=form_id).first()
    latest = Submission.objects.filter(form=form_id).order_by("-received_at").values_list("received_at", flat=True)
    last = latest.first() if form else None
    if form is None or last is None:
        return None
    days = (now - last).days
    subject = _("Trace Relay: no submissions through the form “%(form)s”") % {"form": form.name}
    happened = ngettext(
        "Nothing has arrived for %(days)s day. This is unusually long for this form.",
        "Nothing has arrived for %(days)s days. This is unusually long for this form.",
        days,
    ) % {"days": days}
    todo = _("Submit the form on your website yourself. If nothing arrives, add its code to the page again.")
    where = _("You find the code in Trace Relay → “Forms”. If you no longer use the form, turn it off there.")
    return subject, _paragraphs(subject + ".", happened, todo, where)


def _weekly(portal: Portal, now: datetime) -> Letter:
    states = matters.week_of(portal, now)
    subject = _("Trace Relay: weekly summary for %(portal)s") % {"portal": portal.domain}
    failed = states.get(Submission.State.FAILED, 0)
    delivered = states.get(Submission.State.DELIVERED, 0)
    figures = [
        _("Received in the last seven days: %(number)s") % {"number": sum(states.values())},
        _("Delivered: %(number)s") % {"number": delivered},
        _("Not delivered: %(number)s") % {"number": failed},
        _("Still queued: %(number)s") % {"number": sum(states.values()) - delivered - failed},
    ]
    return subject, _paragraphs(subject + ".", "\n".join(figures))


def _purge(portal: Portal, remedy: Remedy, notice: Notice) -> Letter:
    at = date_format(purge_at(portal, notice.at), "j E Y")
    subject = _("Trace Relay: queued submissions to %(portal)s will be deleted on %(date)s")
    subject = subject % {"portal": portal.domain, "date": at}
    why = _("Bitrix24 has accepted nothing for weeks, and visitors' data must not be kept forever.")
    last = ngettext(
        "Submissions that arrive after that date are deleted after %(days)s day. Once Bitrix24 accepts "
        "submissions again, the deletion stops.",
        "Submissions that arrive after that date are deleted after %(days)s days. Once Bitrix24 accepts "
        "submissions again, the deletion stops.",
        PURGE_NOTICE.days,
    ) % {"days": PURGE_NOTICE.days}
    return subject, _paragraphs(subject + ".", why, remedy.happened, remedy.todo, last)


def _purged(portal: Portal) -> Letter | None:
    number = matters.given_up(portal)
    if not number:
        return None
    subject = ngettext(
        "Trace Relay: %(number)s queued submission to %(portal)s was deleted",
        "Trace Relay: %(number)s queued submissions to %(portal)s were deleted",
        number,
    ) % {"number": number, "portal": portal.domain}
    days = int(settings.HELD_DAYS)
    why = ngettext(
        "Bitrix24 has accepted nothing for %(days)s day.", "Bitrix24 has accepted nothing for %(days)s days.", days
    ) % {"days": days}
    last = _("“Submissions” still shows when each of them arrived and through which form, without the visitor's data.")
    return subject, _paragraphs(subject + ".", why, last)


def _paragraphs(*texts: object) -> str:
    return "\n\n".join(map(str, texts))
