"""The OAuth server: tokens for codes and refresh tokens, and the facts about an access token.

Source: the fact sheet on OAuth, §§3-6. Each answer is a pair of HTTP status and JSON body.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from tests.sandbox.portal import Portal

Reply = tuple[int, dict[str, Any]]


PAYMENT_REQUIRED = {"error": "PAYMENT_REQUIRED", "error_description": "Payment required"}
NOT_INSTALLED = {"error": "NOT_INSTALLED", "error_description": "Application not installed"}
_PROOF = {"refresh_token": "refresh_token", "authorization_code": "code"}


def token(
    params: Mapping[str, Any], portals: Iterable[Portal], client_id: str, secret: str, refreshes: list[dict[str, Any]]
) -> Reply:
    """Answer `/oauth/token/`. A successful refresh is added to `refreshes`."""
    grant = str(params.get("grant_type"))
    if grant not in _PROOF or not all(params.get(key) for key in ("client_id", "client_secret", _PROOF[grant])):
        return 400, {"error": "invalid_request"}
    if params["client_id"] != client_id:
        return 200, {"error": "wrong_client"}
    if params["client_secret"] != secret:
        return 400, {"error": "invalid_client"}
    value = str(params[_PROOF[grant]])
    for portal in portals:
        issued = portal.refresh if grant == "refresh_token" else portal.codes
        found = issued.get(value)
        if found is None or found.expires <= portal.clock.now():
            continue
        if closed := _closed(portal):
            return closed
        del issued[value]  # good for one use
        if grant == "refresh_token":
            refreshes.append({"member_id": portal.member_id, "user_id": found.user, "at": portal.clock.now()})
        return 200, portal.issue_tokens(found.user)
    return 400, {"error": "invalid_grant"}


def _closed(portal: Portal) -> Reply | None:
    if not portal.active:
        return 401, NOT_INSTALLED
    return (401, PAYMENT_REQUIRED) if portal.payment_ended else None


def app_info(access: str, portals: Iterable[Portal], client_id: str) -> Reply:
    """Answer `/rest/app.info`."""
    for portal in portals:
        found = portal.access.get(access)
        if found is None:
            continue
        if closed := _closed(portal):
            return closed
        if found.expires <= portal.clock.now():
            return 401, {"error": "expired_token", "error_description": "The access token provided has expired."}
        now = portal.clock.now()
        result = {
            "client_id": client_id,
            "scope": portal.scope,
            "expires": datetime.fromtimestamp(found.expires, UTC).isoformat(timespec="seconds"),
            "install": {
                "installed": portal.installed,
                "version": portal.version,
                "status": portal.status,
                "scope": portal.scope,
                "domain": portal.domain,
                "uri": f"http://{portal.domain}",
                "client_endpoint": portal.rest_url,
                "member_id": portal.member_id,
                "member_type": "",
            },
            "user_id": found.user,
        }
        date = datetime.fromtimestamp(now, UTC).isoformat(timespec="seconds")
        figures = {"start": now, "finish": now, "duration": 0.0, "processing": 0.0}
        return 200, {"result": result, "time": {**figures, "date_start": date, "date_finish": date}}
    return 400, {"error": "invalid_client"}
