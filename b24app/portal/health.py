"""A portal's health, by its own answers: a list of checks, each with what to do.

Source: Bitrix24's documentation of `profile`, `scope`, `app.info`, `event.get` and `events`; all need no right of their
own, so one batch asks them all.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from b24app.api import remedies
from b24app.api.batch import Answer, Command
from b24app.models import Portal
from b24app.portal import calls, event_bindings

Text = str | Promise
PAGE_SECONDS = 8.0
# The rights without which nothing is delivered.
SCOPES = ("crm",)
# From here on it is told that the paid time ends.
DAYS_LEFT = 7
# The action that a check offers: to bind the events again (`b24app.portal.event_bindings.bind_again`).
BIND = "bind"
_ASKED = ("profile", "scope", "app.info", "event.get", "events")


@dataclass(frozen=True, slots=True)
class Check:
    """`good` is None if it is not known; `happened` says what is found, `todo` what to do about it or "".

    `action` is `BIND` where that would help.
    """

    name: Text
    good: bool | None
    happened: Text
    todo: Text = ""
    action: str = ""


def checks(portal: Portal) -> list[Check]:
    """What the portal answers when it is asked now. Raises an error of `b24app.api.errors` where it does not."""
    asked = ("profile", "scope") if portal.by_webhook else _ASKED
    commands = {name.replace(".", "_"): Command(name, {}) for name in asked}
    answer = calls.call_batch(portal, commands, read_seconds=PAGE_SECONDS)
    first = [Check(_("Connection"), True, _("The portal accepts our requests.")), _scope(portal, answer)]
    first.append(_administrator(portal, answer))
    return first if portal.by_webhook else [*first, _application(answer), _events(answer)]


def _not_known(name: str) -> Check:
    return Check(name, None, _("Bitrix24 did not say."), _("Check again in a minute."))


def _scope(portal: Portal, answer: Answer) -> Check:
    name, scopes = _("Application rights"), answer.results.get("scope")
    if not isinstance(scopes, list):
        return _not_known(name)
    missing = _missing(scopes)
    if not missing:
        return Check(name, True, _("The application has all the rights it needs."))
    remedy = remedies.of("insufficient_scope", portal.by_webhook)
    text = _("The application is missing rights on this portal: %(rights)s.") % {"rights": ", ".join(missing)}
    return Check(name, False, text, remedy.todo if remedy else "")


def _missing(scopes: Iterable[Any]) -> list[str]:
    have = {str(scope).strip().lower() for scope in scopes}
    return [scope for scope in SCOPES if scope not in have]


def _administrator(portal: Portal, answer: Answer) -> Check:
    name, profile = _("Administrator role"), answer.results.get("profile")
    if not isinstance(profile, dict) or "ADMIN" not in profile:
        return _not_known(name)
    if profile["ADMIN"] is True:
        return Check(name, True, _("Trace Relay uses an administrator's permission."))
    text = _("The user whose permission Trace Relay uses is no longer an administrator.")
    if portal.by_webhook:
        todo = _("Create a webhook as an administrator and ask the operator of Trace Relay to add its address.")
    else:
        todo = _("Open Trace Relay once as an administrator. Trace Relay then uses that administrator's permission.")
    return Check(name, False, text, todo)


def _application(answer: Answer) -> Check:
    """Whether it is installed to the end, and paid for where it has to be."""
    name, info = _("Application"), answer.results.get("app_info")
    if not isinstance(info, dict) or "INSTALLED" not in info:
        return _not_known(name)
    if info["INSTALLED"] is not True:
        text = _(
            "The installation is incomplete: Bitrix24 sends us no events, and other users cannot open the application."
        )
        return Check(
            name, False, text, _("Open Trace Relay once from the Market and wait until the installation finishes.")
        )
    if info.get("PAYMENT_EXPIRED") == "Y":
        remedy = remedies.REMEDIES["payment_required"]
        return Check(name, False, remedy.happened, remedy.todo)
    days = info.get("DAYS")
    if type(days) is not int or days > DAYS_LEFT or days < 0:
        return Check(name, True, _("The application is installed."))
    text = ngettext(
        "Installed. The paid period ends in %(days)s day.",
        "Installed. The paid period ends in %(days)s days.",
        days,
    )
    return Check(name, True, text % {"days": days}, _("Renew it in Bitrix24 before then."))


def _events(answer: Answer) -> Check:
    """Whether the portal tells us of the application's life; only of what it knows itself."""
    name, bound = _("Portal events"), answer.results.get("event_get")
    if not isinstance(bound, list):
        return _not_known(name)
    known = answer.results.get("events")
    named = {str(event).upper() for event in known} if isinstance(known, list) and known else set(event_bindings.EVENTS)
    if not [event for event in event_bindings.missing(bound) if event in named]:
        return Check(name, True, _("Bitrix24 notifies us when the application is updated, paid for or removed."))
    text = _("Bitrix24 does not notify us of every update, payment or removal of the application.")
    todo = _("Subscribe to the events again. If this does not help, open Trace Relay once more as an administrator.")
    return Check(name, False, text, todo, BIND)
