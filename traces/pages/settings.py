"""The page "settings": how long data is kept, who is told and who may see, the plan, the administrators, the data."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.db.models import Count
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters

from b24app.api import errors as portal_errors
from b24app.api import remedies
from b24app.models import Portal, PortalUser
from b24app.portal import placements, tokens
from traces.history import crm_look, erasure, json_export
from traces.models import Notice, Preferences, Submission
from traces.models.notices import announced_purge
from traces.monitoring import notices
from traces.pages.frame import Reader, preferences, render, view
from traces.pages.inputs import PageInput
from traces.pages.settings_inputs import (
    CrmInput,
    EraseInput,
    NoticesInput,
    RetentionInput,
    TariffInput,
    ViewersInput,
    VisitorInput,
)

logger = logging.getLogger(__name__)
ACTIVE = PortalUser.State.ACTIVE

# A test notice can be sent to any address: not more often than this.
TEST_EVERY_SECONDS = 60
# The latest notices that are shown.
MAX_TOLD = 5

# What is wrong, by the place on the page that says it.
Errors = Mapping[str, str]


@view()
def show(request: HttpRequest, reader: Reader) -> HttpResponse:
    """The page itself."""
    return page(request, reader)


@view("POST")
def save_retention(request: HttpRequest, reader: Reader) -> HttpResponse:
    """Store after how many days what has ended is emptied and deleted."""
    typed = RetentionInput(request.POST)
    if not typed.is_valid():
        return page(request, reader, typed=typed)
    _store(reader, **typed.cleaned_data)
    if not any(typed.cleaned_data.values()):
        return page(request, reader, _("Saved. Submissions are kept until you delete them."))
    return page(request, reader, _("Saved. Older data is deleted within the next few minutes."))


@sensitive_post_parameters("notify_email")
@view("POST")
def save_notices(request: HttpRequest, reader: Reader) -> HttpResponse:
    """Store who is told of what, how, and how often."""
    typed = NoticesInput(reader.portal, request.POST)
    if not typed.is_valid():
        return page(request, reader, typed=typed)
    way = typed.cleaned_data["notify"]
    user = reader.session.user_id if way == Preferences.Notify.PORTAL else None
    before = preferences(reader.portal)
    _store(reader, **typed.cleaned_data, notify_user_id=user)
    if (before.notify, before.notify_email, before.notify_user_id) != (way, typed.cleaned_data["notify_email"], user):
        notices.tell_anew(reader.portal, timezone.now())
    if not way:
        return page(request, reader, _("Saved. Alerts are off."))
    return page(request, reader, _("Saved. Send a test notification to check that it arrives."))


@view("POST")
def send_test_notice(request: HttpRequest, reader: Reader) -> HttpResponse:
    """Send a test notice in the way that was chosen."""
    chosen = preferences(reader.portal)
    if not chosen.notify:
        return page(request, reader, errors={"test": _("Choose a method and save it first.")})
    if not cache.add(f"test-notice:{reader.portal.pk}", 1, TEST_EVERY_SECONDS):
        return page(
            request,
            reader,
            errors={"test": _("A test notification was sent a moment ago. Wait a minute, then try again.")},
        )
    try:
        notices.send_test(chosen)
    except notices.NotTold as error:
        logger.warning("portal %s: a test notice did not go out (%s)", reader.portal.pk, error.code)
        return page(request, reader, errors={"test": _why_not_sent(error.code)})
    return page(request, reader, _("Test notification sent. Check that it has arrived."))


def _why_not_sent(code: str) -> str:
    """Why a notice did not go out, and what to do."""
    if code == "no_way":
        return _(
            "The application may not send notifications in this Bitrix24, and there is no email address. Enter one."
        )
    if code == "no_mail":
        return _("The operator of Trace Relay has not set up a mail server, so no email can be sent.")
    if code == "mail":
        return _(
            "The mail server rejected the message. Check the address. If it is correct, contact the "
            "operator of Trace Relay."
        )
    if code == "insufficient_scope":
        return _("The application may not send notifications in this Bitrix24. Choose email instead.")
    if remedy := remedies.of(code, by_webhook=False):
        return f"{remedy.happened} {remedy.todo}"
    return _("Bitrix24 rejected the notification. Try again in a minute, or choose email instead.")


@view("POST")
def save_tariff(request: HttpRequest, reader: Reader) -> HttpResponse:
    """Store which plan the portal has."""
    typed = TariffInput(request.POST)
    if not typed.is_valid():
        return page(request, reader, typed=typed)
    Portal.objects.filter(pk=reader.portal.pk).update(tariff=typed.cleaned_data["tariff"])
    reader.portal.tariff = typed.cleaned_data["tariff"]
    return page(request, reader, _("Saved. The new speed applies from the next delivery."))


@view("POST")
def save_viewers(request: HttpRequest, reader: Reader) -> HttpResponse:
    """Let all users of the portal see the overview, or only those who administer it."""
    typed = ViewersInput(request.POST)
    typed.full_clean()
    _store(reader, **typed.cleaned_data)
    if typed.cleaned_data["viewers"]:
        return page(request, reader, _("Saved. Everyone who opens Trace Relay now sees the overview."))
    return page(request, reader, _("Saved. Only administrators see the overview."))


@view("POST")
def save_crm(request: HttpRequest, reader: Reader) -> HttpResponse:
    """Store what is read from the CRM, and whether its cards show us."""
    typed = CrmInput(request.POST)
    typed.full_clean()
    chosen = typed.cleaned_data
    _store(reader, earnings=chosen["earnings"])
    if not chosen["earnings"]:
        crm_look.forget(reader.portal)
    if chosen["places"] == reader.portal.places:
        return page(request, reader, _("Saved."))
    try:
        placements.switch(reader.portal, on=chosen["places"])
    except portal_errors.PortalError as error:
        logger.warning("portal %s: its places were not changed (%s)", reader.portal.pk, error.code)
        text = _("Saved, but Bitrix24 did not change its cards. Save again in a minute.")
        return page(request, reader, errors={"places": text})
    return page(request, reader, _("Saved. Records show the change when you reopen them."))


@view("POST")
def choose_administrator(request: HttpRequest, reader: Reader, user: int) -> HttpResponse:
    """Use an administrator's permission before the others'."""
    if not tokens.choose(reader.portal, user):
        return render(request, reader, "traces/missing.html", page="settings", status=404)
    logger.info("portal %s: user %s was chosen", reader.portal.pk, user)
    return page(request, reader, _("Saved. This permission is used from the next delivery."))


@view("POST", asks_again=True)
def remove_administrator(request: HttpRequest, reader: Reader, user: int) -> HttpResponse:
    """Remove an administrator's permission, unless it is the last one that works."""
    if not reader.portal.users.filter(user_id=user).exists():
        return render(request, reader, "traces/missing.html", page="settings", status=404)
    if not tokens.forget(reader.portal, user):
        text = _("This is the last active permission. Without it, nothing could be delivered. Nothing was changed.")
        return page(request, reader, errors={"administrators": text})
    logger.info("portal %s: the permission of user %s was removed", reader.portal.pk, user)
    return page(request, reader, _("Permission removed. The user can grant it again by opening Trace Relay."))


@view("POST", asks_again=True)
def export(request: HttpRequest, reader: Reader) -> HttpResponseBase:
    """Everything that is stored of the portal, made while it is downloaded."""
    logger.info("portal %s: its data is exported", reader.portal.pk)
    response = StreamingHttpResponse(
        json_export.lines(reader.portal), content_type="application/x-ndjson; charset=utf-8"
    )
    host = re.sub(r"[^a-z0-9.-]", "-", reader.portal.domain.lower())
    name = f"trace-relay-{host}-{timezone.now():%Y-%m-%d}.jsonl"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@view("POST", asks_again=True)
def erase(request: HttpRequest, reader: Reader) -> HttpResponse:
    """Have all submissions deleted that were received before now; the sweep does it."""
    typed = EraseInput(request.POST)
    if not typed.is_valid():
        return page(request, reader, typed=typed)
    _store(reader, erase_before=timezone.now())
    logger.info("portal %s: its administrator asked that its submissions be deleted", reader.portal.pk)
    return page(request, reader, _("Deletion started. You can leave this page."))


@view()
def show_erasing(request: HttpRequest, reader: Reader) -> HttpResponse:
    """The part of the page that says how far the deletion is."""
    chosen = preferences(reader.portal)
    context = {"chosen": chosen, "left": erasure.wanted(chosen).count(), "asked": True}
    return render(request, reader, "traces/settings/_erasing.html", context)


def _store(reader: Reader, **values: Any) -> None:
    Preferences.objects.update_or_create(portal=reader.portal, defaults=values)


def page(
    request: HttpRequest,
    reader: Reader,
    notice: str = "",
    *,
    typed: PageInput | None = None,
    errors: Errors | None = None,
) -> HttpResponse:
    """The page with a `notice` of what was changed; or with what was `typed` and is wrong, or with other `errors`."""
    chosen = preferences(reader.portal)
    troubles = [text for texts in typed.errors.values() for text in texts] if typed else list((errors or {}).values())
    context = {
        "notice": notice,
        "errors": errors or {},
        "troubles": troubles,
        "chosen": chosen,
        **_told(reader.portal, chosen),
        **_inputs(reader.portal, chosen, typed),
        **_administrators(reader.portal),
        **_stored(reader.portal),
        "left": erasure.wanted(chosen).count() if chosen.erase_before else 0,
        "may_bind": placements.may_bind(reader.portal),
        "visitor": VisitorInput(),
    }
    status = 422 if troubles else 200
    return render(request, reader, "traces/settings/page.html", context, page="settings", status=status)


def _inputs(portal: Portal, chosen: Preferences, typed: PageInput | None) -> dict[str, PageInput]:
    """The page's forms as they are stored, and the one that was typed in the place of its own."""
    names = ("fields_days", "retention_days", "notify", "notify_email", "tell_of", "notices_a_day", "viewers")
    stored = {name: getattr(chosen, name) for name in names}
    inputs: dict[str, PageInput] = {
        "retention": RetentionInput(initial=stored),
        "notices": NoticesInput(portal, initial=stored),
        "tariff": TariffInput(initial={"tariff": portal.tariff}),
        "viewers": ViewersInput(initial=stored),
        "crm": CrmInput(initial={"earnings": chosen.earnings, "places": portal.places}),
        "erase": EraseInput(),
    }
    return {name: typed if typed and type(typed) is type(form) else form for name, form in inputs.items()}


def _told(portal: Portal, chosen: Preferences) -> dict[str, Any]:
    """Who is told, and the latest notices."""
    chosen.portal = portal
    latest = Notice.objects.filter(portal=portal).order_by("-at")[:MAX_TOLD]
    return {
        "recipient": notices.recipient(chosen) if chosen.notify == Preferences.Notify.PORTAL else None,
        "has_way": notices.has_way(chosen),
        "told": [(notice, notices.label_of(notice)) for notice in latest],
        "purge_at": announced_purge(portal, timezone.now()),
        "clean_days": settings.CLEAN_GRACE_DAYS,
        "uninstalled_days": settings.UNINSTALLED_DAYS,
        "held_days": settings.HELD_DAYS,
    }


def _administrators(portal: Portal) -> dict[str, Any]:
    users = list(tokens.ranked(portal))
    working = sum(user.state == ACTIVE for user in users)
    rows = [
        {"row": user, "chosen": user.user_id == portal.chosen_user_id, "stays": working == 1 and user.state == ACTIVE}
        for user in users
    ]
    return {"users": rows, "working": working}


def _stored(portal: Portal) -> dict[str, int]:
    """How many submissions are stored, and how many of them are not delivered yet."""
    states = dict(Submission.objects.filter(portal=portal).order_by().values_list("state").annotate(Count("pk")))
    waiting = sum(states.get(state, 0) for state in (Submission.State.QUEUED, Submission.State.SENDING))
    return {"stored": sum(states.values()), "waiting": waiting}
