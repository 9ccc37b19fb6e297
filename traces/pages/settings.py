"""The page "settings": how long data is kept, who is told and who may see, the plan, the administrators, the data."""

from __future__ import annotations

import logging
import re
from typing import Any

from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db.models import Count
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters

from b24app.api.remedies import REMEDIES
from b24app.models import Portal, PortalUser
from b24app.portal import tokens
from traces.history import erasure, json_export
from traces.models import Preferences, Submission
from traces.monitoring import notices
from traces.pages.frame import Reader, preferences, render, view

logger = logging.getLogger(__name__)

MAX_DAYS = 3650
# A test notice can be sent to any address: not more often than this.
TEST_EVERY_SECONDS = 60

Errors = dict[str, str]
Notify = Preferences.Notify
PLANS = (
    (
        Portal.Tariff.STANDARD,
        gettext_lazy("Standard: 2 requests a second"),
        gettext_lazy("Every plan in the cloud but Enterprise."),
    ),
    (
        Portal.Tariff.ENTERPRISE,
        gettext_lazy("Enterprise: 5 requests a second"),
        gettext_lazy("The Enterprise plan in the cloud."),
    ),
    (
        Portal.Tariff.UNLIMITED,
        gettext_lazy("On your own server: as fast as it can"),
        gettext_lazy("Bitrix24 does not count requests there."),
    ),
)


@view()
def show(request: HttpRequest, reader: Reader) -> HttpResponse:
    """The page itself."""
    return _page(request, reader)


@view("POST")
def retention(request: HttpRequest, reader: Reader) -> HttpResponse:
    """Choose after how many days what has ended is deleted; 0 keeps it."""
    given = request.POST.get("retention_days", "").strip()
    if not re.fullmatch(r"[0-9]{1,4}", given) or int(given) > MAX_DAYS:
        text = _("Give a number of days from 0 to %(most)s; 0 keeps everything.") % {"most": MAX_DAYS}
        return _page(request, reader, errors={"retention_days": text}, given={"retention_days": given})
    _choose(reader, retention_days=int(given))
    if not int(given):
        return _page(request, reader, _("Saved. Submissions are kept until you delete them."))
    return _page(request, reader, _("Saved. What is older is deleted within the next minutes."))


@sensitive_post_parameters("notify_email")
@view("POST")
def notify(request: HttpRequest, reader: Reader) -> HttpResponse:
    """Choose how somebody is told that deliveries have stopped."""
    way, address = request.POST.get("notify", ""), request.POST.get("notify_email", "").strip()
    errors = _notify_errors(reader.portal, way, address)
    if errors:
        return _page(request, reader, errors=errors, given={"notify": way, "notify_email": address})
    user = reader.session.user_id if way == Notify.PORTAL else None
    # Whoever is named now was told of nothing yet.
    _choose(reader, notify=way, notify_email=address, notify_user_id=user, notified_code="", notified_at=None)
    if not way:
        return _page(request, reader, _("Saved. Nobody is told when deliveries stop."))
    return _page(request, reader, _("Saved. Send a test notice to see that it arrives."))


def _notify_errors(portal: Portal, way: str, address: str) -> Errors:
    if way not in Notify.values:
        return {"notify": _("Choose one of the three ways.")}
    if way == Notify.PORTAL and not notices.may_notify(portal):
        return {"notify": _("The application may not send notices on this portal. Choose e-mail instead.")}
    if way == Notify.EMAIL or address:
        try:
            validate_email(address)
            too_long = len(address) > 254
        except ValidationError:
            too_long = True
        if too_long:
            return {"notify_email": _("This is no e-mail address. Give one like name@company.com.")}
    return {}


@view("POST")
def test_notice(request: HttpRequest, reader: Reader) -> HttpResponse:
    """Send a test notice in the way that was chosen."""
    chosen = preferences(reader.portal)
    if not chosen.notify:
        return _page(request, reader, errors={"test": _("Choose a way first, and save it.")})
    if not cache.add(f"test-notice:{reader.portal.pk}", 1, TEST_EVERY_SECONDS):
        return _page(request, reader, errors={"test": _("One was sent a moment ago. Wait a minute, then try again.")})
    try:
        notices.send_test(chosen)
    except notices.NotTold as error:
        logger.warning("portal %s: a test notice did not go out (%s)", reader.portal.pk, error.code)
        return _page(request, reader, errors={"test": _not_told(error.code)})
    return _page(request, reader, _("The test notice was sent. Look whether it has arrived."))


def _not_told(code: str) -> str:
    """Why a notice did not go out, and what to do."""
    if code == "no_mail":
        return _("The operator of Trace Relay has set up no mail server, so no e-mail can be sent.")
    if code == "mail":
        return _(
            "The mail server did not take it. Check the address; if it is right, tell the operator of Trace Relay."
        )
    if code == "insufficient_scope":
        return _("The application may not send notices on this portal. Choose e-mail instead.")
    if code in REMEDIES:
        return f"{REMEDIES[code].happened} {REMEDIES[code].todo}"
    return _("The portal did not take the notice. Try again in a minute, or choose e-mail instead.")


@view("POST")
def plan(request: HttpRequest, reader: Reader) -> HttpResponse:
    """Say which plan the portal has."""
    given = request.POST.get("plan", "")
    if given not in Portal.Tariff.values:
        return _page(request, reader, errors={"plan": _("Choose one of the plans.")})
    Portal.objects.filter(pk=reader.portal.pk).update(tariff=given)
    reader.portal.tariff = given
    return _page(request, reader, _("Saved. The new speed holds from the next delivery on."))


@view("POST")
def viewers(request: HttpRequest, reader: Reader) -> HttpResponse:
    """Let all users of the portal see the overview, or only those who administer it."""
    allowed = request.POST.get("viewers") == "1"
    _choose(reader, viewers=allowed)
    if allowed:
        return _page(request, reader, _("Saved. Every user who opens Trace Relay now sees the overview."))
    return _page(request, reader, _("Saved. Only administrators see the overview."))


@view("POST")
def remove(request: HttpRequest, reader: Reader, user: int) -> HttpResponse:
    """Take an administrator's permission away, unless it is the last one that works."""
    if not reader.portal.users.filter(user_id=user).exists():
        return render(request, reader, "traces/missing.html", page="settings", status=404)
    if not tokens.forget(reader.portal, user):
        text = _("This is the last permission that works: without it nothing could be delivered. Nothing was changed.")
        return _page(request, reader, errors={"administrators": text})
    logger.info("portal %s: the permission of user %s was removed", reader.portal.pk, user)
    return _page(request, reader, _("The permission was removed. Opening Trace Relay gives it anew."))


@view("POST")
def download(request: HttpRequest, reader: Reader) -> HttpResponseBase:
    """Everything that is stored of the portal, made while it is downloaded."""
    logger.info("portal %s: its data is exported", reader.portal.pk)
    response = StreamingHttpResponse(
        json_export.lines(reader.portal), content_type="application/x-ndjson; charset=utf-8"
    )
    host = re.sub(r"[^a-z0-9.-]", "-", reader.portal.domain.lower())
    name = f"trace-relay-{host}-{timezone.now():%Y-%m-%d}.jsonl"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@view("POST")
def erase(request: HttpRequest, reader: Reader) -> HttpResponse:
    """Have all submissions deleted that were received before now; the sweep does it."""
    if request.POST.get("sure") != "1":
        text = _("Tick the box first: what is deleted cannot be brought back.")
        return _page(request, reader, errors={"sure": text})
    _choose(reader, erase_before=timezone.now())
    logger.info("portal %s: its administrator asked that its submissions be deleted", reader.portal.pk)
    return _page(request, reader, _("The deletion has begun. You may leave this page."))


@view()
def erasing(request: HttpRequest, reader: Reader) -> HttpResponse:
    """The part of the page that says how far the deletion is."""
    chosen = preferences(reader.portal)
    context = {"chosen": chosen, "left": erasure.wanted(chosen).count(), "asked": True}
    return render(request, reader, "traces/settings/_erasing.html", context)


def _choose(reader: Reader, **values: Any) -> None:
    Preferences.objects.update_or_create(portal=reader.portal, defaults=values)


def _page(
    request: HttpRequest,
    reader: Reader,
    said: str = "",
    *,
    errors: Errors | None = None,
    given: dict[str, Any] | None = None,
) -> HttpResponse:
    """The page with what was `said` of a change, or with `errors` by their fields and what was `given` in these."""
    chosen = preferences(reader.portal)
    form = {name: getattr(chosen, name) for name in ("retention_days", "notify", "notify_email")}
    users = list(reader.portal.users.order_by("user_id"))
    working = sum(user.state == PortalUser.State.ACTIVE for user in users)
    last = working == 1
    counted = Submission.objects.filter(portal=reader.portal).order_by().values_list("state").annotate(Count("pk"))
    states = dict(counted)
    context = {
        "said": said,
        "errors": errors or {},
        "chosen": chosen,
        "given": {**form, **(given or {})},
        "most_days": MAX_DAYS,
        "ways": Notify.choices,
        "may_notify": notices.may_notify(reader.portal),
        "mail": notices.mail_is_set_up(),
        "plans": [{"value": value, "label": label, "help": text} for value, label, text in PLANS],
        "users": [{"row": user, "stays": last and user.state == PortalUser.State.ACTIVE} for user in users],
        "working": working,
        "stored": sum(states.values()),
        "waiting": states.get(Submission.State.QUEUED, 0) + states.get(Submission.State.SENDING, 0),
        "left": erasure.wanted(chosen).count() if chosen.erase_before else 0,
    }
    status = 422 if errors else 200
    return render(request, reader, "traces/settings/page.html", context, page="settings", status=status)
