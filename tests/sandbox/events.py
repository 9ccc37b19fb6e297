"""The application's life on a portal, and the events that the portal sends of it.

Source: the fact sheet on installation and events, §§2-5: form-encoded with brackets, no repetition, no order.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from tests.sandbox.portal import Portal

WITH_TOKENS = {"ONAPPINSTALL", "ONAPPUPDATE", "ONSUBSCRIPTIONRENEW", "ONAPPTEST"}


def messages(portal: Portal, event: str, data: dict[str, Any], user_id: int = 1) -> list[tuple[str, str]]:
    """The address and form body for each handler bound to an event.

    None are sent to an application that is not installed, nor after the end of the paid period: not even of the
    uninstallation.
    """
    if portal.payment_ended or not (portal.active and portal.installed):
        return []
    return [
        (binding["handler"], body(portal, event, data, number, user_id))
        for number, binding in enumerate(portal.bindings, start=41)
        if binding["event"] == event
    ]


def body(portal: Portal, event: str, data: dict[str, Any], handler_id: int = 41, user_id: int = 1) -> str:
    """The form body of an event, with tokens where this event carries them."""
    fields = {"event": event, "event_handler_id": str(handler_id)}
    fields |= {f"data[{key}]": str(value) for key, value in data.items()}
    fields["ts"] = str(int(portal.clock.now()))
    auth = {
        "domain": portal.domain,
        "server_endpoint": f"{portal.oauth_url}/rest/",
        "client_endpoint": portal.rest_url,
        "status": portal.status,
        "member_id": portal.member_id,
        "application_token": portal.application_token,
    }
    if event in WITH_TOKENS:
        tokens = portal.issue_tokens(user_id)
        names = ("access_token", "refresh_token", "expires", "expires_in", "scope", "user_id")
        auth |= {name: str(tokens[name]) for name in names}
    fields |= {f"auth[{key}]": value for key, value in auth.items()}
    return urlencode(fields)


def finish_install(portal: Portal) -> list[tuple[str, str]]:
    """What `installFinish` leads to: the application counts as installed, then its event goes out."""
    portal.installed = portal.active = True
    data = {"VERSION": portal.version, "ACTIVE": "Y", "INSTALLED": "Y", "LANGUAGE_ID": portal.language}
    return messages(portal, "ONAPPINSTALL", data)


def update(portal: Portal, version: int) -> list[tuple[str, str]]:
    """A new version: with an install URL the application is not installed again until it is opened.

    The handler of ONAPPINSTALL is gone with the old version, the others stay; nothing is sent.
    """
    portal.version, portal.installed = version, False
    portal.bindings[:] = [binding for binding in portal.bindings if binding["event"] != "ONAPPINSTALL"]
    return []


def uninstall(portal: Portal, *, clean: bool, silent: bool) -> list[tuple[str, str]]:
    """The application is removed: tokens are void first, then its event goes out, unless it is lost (`silent`).

    The portal still knows the tokens, as it keeps verdicts: they get APPLICATION_NOT_FOUND.
    """
    data = {"LANGUAGE_ID": portal.language, "CLEAN": int(clean)}
    found = [] if silent else messages(portal, "ONAPPUNINSTALL", data)
    portal.installed = portal.active = False
    portal.bindings.clear()
    portal.placements.clear()
    if clean:
        portal.user_options.clear()
        portal.app_options.clear()
    return found
