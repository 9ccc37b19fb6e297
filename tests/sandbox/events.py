"""The application's life on a portal, and the events that the portal sends of it.

Source: the fact sheet on installation and events, §§2-5: form-encoded with brackets, no repetition, no order.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from tests.sandbox.portal import Portal

WITH_TOKENS = {"ONAPPINSTALL", "ONAPPUPDATE", "ONSUBSCRIPTIONRENEW", "ONAPPTEST"}


def messages(portal: Portal, event: str, data: dict[str, Any], user_id: int = 1) -> list[tuple[str, str]]:
    """The address and form body for each handler bound to an event."""
    found = []
    for number, binding in enumerate(portal.bindings, start=41):
        if binding["event"] == event:
            found.append((binding["handler"], body(portal, event, data, number, user_id)))
    return found


def body(portal: Portal, event: str, data: dict[str, Any], handler_id: int = 41, user_id: int = 1) -> str:
    """The form body of an event."""
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
    """A new version: with an install URL the application is not installed again until it is opened."""
    portal.version, portal.installed = version, False
    return []


def uninstall(portal: Portal, *, clean: bool, silent: bool) -> list[tuple[str, str]]:
    """The application is removed: tokens are void first, then its event goes out, unless it is lost (`silent`)."""
    portal.installed = portal.active = False
    data = {"LANGUAGE_ID": portal.language, "CLEAN": int(clean)}
    found = [] if silent else messages(portal, "ONAPPUNINSTALL", data)
    portal.access.clear()
    portal.refresh.clear()
    portal.bindings.clear()
    portal.placements.clear()
    if clean:
        portal.user_options.clear()
        portal.app_options.clear()
    return found
