"""Whether a portal is well, as it says itself: one check after the other, each with what to do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from b24app import install, portals
from b24app.batch import Command
from b24app.models import Portal

Text = str | Promise
PAGE_SECONDS = 8.0
ASKED = {"user": Command("profile", {}), "scope": Command("scope", {}), "events": Command("event.get", {})}


@dataclass(frozen=True, slots=True)
class Check:
    """`good` is None where it is not known; `happened` says what is found, `todo` what to do about it or ""."""

    name: Text
    good: bool | None
    happened: Text
    todo: Text = ""


def checks(portal: Portal) -> list[Check]:
    """What the portal answers when it is asked now, in one request.

    Raises an error of `b24app.errors` where it does not answer.
    """
    # A webhook is no application, which alone has events.
    asked = {name: command for name, command in ASKED.items() if not (portal.by_webhook and name == "events")}
    results = portals.call_batch(portal, asked, read_seconds=PAGE_SECONDS).results
    return [Check(_("The portal answers"), True, _("The portal takes our requests.")), *_read(results)]


def _read(results: Any) -> Iterator[Check]:
    user, scope, events = (results.get(name) for name in ASKED)
    name = _("Administrator")
    if not isinstance(user, dict):
        yield Check(name, None, _("The portal did not say whose permission we work with."))
    elif user.get("ADMIN"):
        yield Check(name, True, _("We work with the permission of an administrator."))
    else:
        todo = _("Open Trace Relay once as an administrator of the portal.")
        yield Check(name, False, _("The user whose permission we work with is no administrator any more."), todo)
    if isinstance(scope, list):
        name = _("What the application may do")
        if "crm" in scope:
            yield Check(name, True, _("It may write to the CRM."))
        else:
            todo = _("Install Trace Relay anew and allow it the CRM, or add “crm” to the webhook's permissions.")
            yield Check(name, False, _("It may not write to the CRM, so nothing can be delivered."), todo)
    if isinstance(events, list):
        name = _("Messages from the portal")
        if not install.unbound(events):
            yield Check(name, True, _("The portal tells us when it is updated, paid for or when we are removed."))
        else:
            todo = _("Open Trace Relay once more from the portal's menu: that asks for them again.")
            yield Check(name, False, _("The portal does not tell us of all that concerns the application."), todo)
