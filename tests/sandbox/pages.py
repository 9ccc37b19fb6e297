"""The pages of a portal that people see: its own, which frames the application, and a shop's.

The page asks below `/_page/`, where a portal has its AJAX actions. Source: the fact sheet on embedding.
"""

from __future__ import annotations

import html
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from aiohttp import web

from tests.sandbox import events
from tests.sandbox.portal import Portal

if TYPE_CHECKING:
    from tests.sandbox.server import Sandbox

STATIC = Path(__file__).resolve().parent / "static"
TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css"}
FILES = {"": "portal.html", "shop": "shop.html"}
LATEST = 8


async def answer(sandbox: Sandbox, portal: Portal, request: web.BaseRequest) -> web.Response:
    """Answer a request for a page, one of its files, or one of its actions."""
    path = request.path.strip("/")
    if path == "oauth/authorize":
        return _authorize(sandbox, portal, request.query.get("state", ""))
    if path.startswith("_page/"):
        body = json.loads(await request.text() or "{}") if request.method == "POST" else {}
        return web.json_response(await _act(sandbox, portal, path.removeprefix("_page/"), body))
    file = STATIC / FILES.get(path, Path(path).name)
    if file.suffix in TYPES and file.is_file():
        text = file.read_text().replace("FORM_ADDRESS", html.escape(request.query.get("form", "")))
        return web.Response(text=text, content_type=TYPES[file.suffix])
    return web.Response(status=404, text="Not found")


def _authorize(sandbox: Sandbox, portal: Portal, state: str) -> web.Response:
    query = {
        "code": portal.issue_code(),
        "state": state,
        "domain": portal.domain,
        "member_id": portal.member_id,
        "scope": portal.scope,
        "server_domain": portal.oauth_url.split("//")[1],
    }
    return web.Response(status=302, headers={"Location": f"{sandbox.app_url}/b24/oauth/callback/?{urlencode(query)}"})


async def _act(sandbox: Sandbox, portal: Portal, action: str, body: dict[str, Any]) -> Any:
    match action:
        case "open":
            return _opening(sandbox, portal, int(body["user"]), str(body["lang"]))
        case "install":
            sandbox.install(portal)
        case "set_installed":
            if portal.users[int(body["user"])].admin:
                await sandbox.send(portal, events.finish_install(portal))
        case "update":
            await sandbox.send(portal, events.update(portal, portal.version + 1))
        case "uninstall":
            await sandbox.send(portal, events.uninstall(portal, clean=bool(body.get("clean")), silent=False))
        case "refresh_auth":
            tokens = portal.issue_tokens(int(body["user"]))
            names = {"AUTH_ID": "access_token", "AUTH_EXPIRES": "expires_in", "REFRESH_ID": "refresh_token"}
            return {name: tokens[key] for name, key in names.items()}
        case "user_option":
            options = portal.user_options.setdefault(int(body["user"]), {})
            options[body["name"]] = body["value"]
            return options
        case "app_option":
            if portal.users[int(body["user"])].admin:
                portal.app_options[body["name"]] = body["value"]
            return portal.app_options
    return _state(portal)


def _opening(sandbox: Sandbox, portal: Portal, user_id: int, lang: str) -> dict[str, Any]:
    """What the portal's page needs to open the application for a user, or the portal's own word why it does not."""
    user = portal.users[user_id]
    if not portal.active:
        return {"notice": "The application is not installed on this portal."}
    if not portal.installed and not user.admin:
        return {"notice": "The application is not installed yet. Ask your administrator."}
    query, form = portal.frame_post(user_id, lang=lang)
    page = "app" if portal.installed else "install"
    return {
        "address": f"{sandbox.app_url}/b24/{page}/?{urlencode(query)}",
        "form": form,
        "frame": f"{portal.domain}|0|{query['APP_SID']}",
        "sid": query["APP_SID"],
        "origin": sandbox.app_url,
        "init": {
            "LANG": lang,
            "DOMAIN": portal.domain,
            "PROTOCOL": 0,
            "PATH": "/rest",
            "AUTH_ID": form["AUTH_ID"],
            "AUTH_EXPIRES": 3600,
            "REFRESH_ID": form["REFRESH_ID"],
            "MEMBER_ID": portal.member_id,
            "FIRST_RUN": False,
            "IS_ADMIN": user.admin,
            "INSTALL": not portal.installed,
            "USER_OPTIONS": portal.user_options.get(user_id, {}),
            "APP_OPTIONS": portal.app_options,
            "PLACEMENT": "DEFAULT",
            "PLACEMENT_OPTIONS": {"URI": "/marketplace/app/12/"},
        },
    }


def _state(portal: Portal) -> dict[str, Any]:
    names = {source["ID"]: source["NAME"] for source in portal.sources or ()}
    stored = [trace for trace in portal.traces if trace.id and not trace.parent]
    return {
        "domain": portal.domain,
        "active": portal.active,
        "installed": portal.installed,
        "version": portal.version,
        "users": [{"id": user.id, "name": user.name, "admin": user.admin} for user in portal.users.values()],
        "traces": [
            {
                "id": trace.id,
                "source": names.get(trace.source_id, ""),
                "tags": trace.tags,
                "pages": [page["URL"] for page in trace.pages],
            }
            for trace in reversed(stored[-LATEST:])
        ],
    }
