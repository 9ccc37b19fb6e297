"""The pages of a portal that people see: its own, which frames the application, and a shop's.

The page asks below `/_page/`, where a portal has its AJAX actions. Source: the fact sheet on embedding.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from aiohttp import web

from tests.sandbox import events, php
from tests.sandbox.portal import Portal, User

if TYPE_CHECKING:
    from tests.sandbox.server import Sandbox

STATIC = Path(__file__).resolve().parent / "static"
TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css"}
FILES = {"": "portal.html"}
LATEST = 8
# What a person takes for a customer, with the page of its card; the number is the type of a trace's link.
RECORDS = {"LEAD": 1, "DEAL": 2, "CONTACT": 3, "COMPANY": 4}


async def answer(sandbox: Sandbox, portal: Portal, request: web.BaseRequest) -> web.Response:
    """Answer a request for a page, one of its files, or one of its actions."""
    path = request.path.strip("/")
    if path.startswith("_page/"):
        return await _answer_action(sandbox, portal, request, path.removeprefix("_page/"))
    if request.method not in {"GET", "HEAD"}:
        return web.Response(status=405, text="Method not allowed", headers={"Allow": "GET, HEAD"})
    if path == "oauth/authorize":
        return _authorize(portal, request.query)
    shop, _, key = path.partition("/")
    file = STATIC / ("shop.html" if shop == "shop" else FILES.get(path, path))
    if file.parent != STATIC or file.suffix not in TYPES or not file.is_file():
        return web.Response(status=404, text="Not found")
    text = file.read_text()
    if shop == "shop":
        text = _shop(text, f"{portal.app_url}/in/{key}" if re.fullmatch(r"[\w-]+", key) else "")
    return web.Response(text=text, content_type=TYPES[file.suffix], headers={"Cache-Control": "no-cache"})


def _shop(text: str, form: str) -> str:
    """The shop's page with the product's own line for `form`; without a form it says what is missing."""
    hidden, unhidden = ("hidden", "") if form else ("", "disabled")
    text = text.replace("FORM_LINE", f'<script src="{form}.js" async></script>' if form else "")
    text = text.replace("FORM_ADDRESS", f"{form}/" if form else "")
    return text.replace("data-no-form", hidden).replace("data-form-only", unhidden)


async def _answer_action(sandbox: Sandbox, portal: Portal, request: web.BaseRequest, action: str) -> web.Response:
    """An AJAX action. Only JSON is taken: no other site's page can send that here."""
    if request.method != "POST" or request.content_type != "application/json":
        return web.json_response({"error": "POST application/json"}, status=415)
    try:
        return web.json_response(await _act(sandbox, portal, action, json.loads(await request.text())))
    except PermissionError as error:
        return web.json_response({"error": str(error)}, status=403)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        return web.json_response({"error": f"{type(error).__name__}: {error}"}, status=400)


def _authorize(portal: Portal, asked: Mapping[str, str]) -> web.Response:
    """Back to the application with a code. A failure stays on the portal's page (OAuth sheet, §2)."""
    if asked.get("client_id") != portal.client_id or not portal.active:
        return web.Response(text="The application was not found or is not installed.", content_type="text/html")
    query = {
        "code": portal.issue_code(),
        "state": asked.get("state", ""),
        "domain": portal.domain,
        "member_id": portal.member_id,
        "scope": portal.scope,
        "server_domain": portal.oauth_url.split("//")[1],
    }
    return web.Response(status=302, headers={"Location": f"{portal.app_url}/b24/oauth/callback/?{urlencode(query)}"})


async def _act(sandbox: Sandbox, portal: Portal, action: str, body: dict[str, Any]) -> Any:
    match action:
        case "state":
            return _state(portal)
        case "open":
            return _opening(portal, int(body["user"]), str(body["lang"]), str(body.get("card", "")))
        case "refresh_auth":
            tokens = portal.issue_tokens(portal.users[int(body["user"])].id)
            names = {"AUTH_ID": "access_token", "AUTH_EXPIRES": "expires_in", "REFRESH_ID": "refresh_token"}
            return {name: tokens[key] for name, key in names.items()}
        case "user_option":
            options = portal.user_options.setdefault(portal.users[int(body["user"])].id, {})
            options[str(body["name"])] = body["value"]
            return options
    if not portal.users[int(body["user"])].admin:
        raise PermissionError("Only an administrator of the portal can do this.")
    match action:
        case "app_option":
            portal.app_options[str(body["name"])] = body["value"]
            return portal.app_options
        case "install":
            sandbox.install(portal)
        case "set_installed":
            await _set_installed(sandbox, portal, body.get("value") is not False)
        case "update":
            await sandbox.send(portal, events.update(portal, portal.version + 1))
        case "uninstall":
            await sandbox.send(portal, events.uninstall(portal, clean=body.get("clean") is True, silent=False))
        case _:
            raise ValueError(f"no such action: {action}")
    return _state(portal)


async def _set_installed(sandbox: Sandbox, portal: Portal, value: bool) -> None:
    if not portal.active:
        raise ValueError("the application is not there")
    if value:
        await sandbox.send(portal, events.finish_install(portal))
    else:
        portal.installed = False


def _notice(portal: Portal, user: User) -> str:
    """Why the portal does not open the application for a user; empty where it does."""
    if not portal.active:
        return "The application is not installed on this portal."
    if portal.payment_ended:
        return "The paid period of the application has ended."
    if not (user.active and user.allowed):
        return "You have no access to this application. Ask your administrator."
    if not (portal.installed or user.admin):
        return "The application is not set up yet: an administrator has to open it first."
    return ""


def _tab(portal: Portal, card: str) -> dict[str, Any] | None:
    """The application's tab in the card of a record, `lead/2`; None where none is bound. A tab waits for the
    installation to end."""
    place = f"CRM_{card.partition('/')[0].upper()}_DETAIL_TAB"
    return next((one for one in portal.placements if one["placement"] == place and portal.installed), None)


def _opening(portal: Portal, user_id: int, lang: str, card: str = "") -> dict[str, Any]:
    """What the portal's page needs to open the application for a user, or the portal's own word why it does not.

    With a `card` (`lead/2`) it is the tab in that record's card.
    """
    user, tab = portal.users[user_id], _tab(portal, card)
    if notice := _notice(portal, user):
        return {"notice": notice}
    if card and tab is None:
        return {"notice": "This card has no tab of the application."}
    query, form = portal.frame_post(user_id, lang=lang, placement=tab["placement"] if tab else "DEFAULT")
    handler = tab["handler"] if tab else f"{portal.app_url}/b24/{'app' if portal.installed else 'install'}/"
    options = {"ID": card.partition("/")[2]} if tab else {"URI": "/marketplace/app/12/"}
    form |= {"PLACEMENT_OPTIONS": json.dumps(options)} if tab else {}
    return {
        "address": f"{handler}?{urlencode(query)}",
        "title": php.text(php.get(tab["langAll"], lang, "TITLE")) if tab else "",
        "record": _record(portal, card.partition("/")[0].upper(), int(options["ID"])) if tab else None,
        "form": form,
        "frame": f"{portal.domain}|0|{query['APP_SID']}",
        "sid": query["APP_SID"],
        "origin": "{0.scheme}://{0.netloc}".format(urlsplit(portal.app_url)),
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
            "PLACEMENT": form["PLACEMENT"],
            "PLACEMENT_OPTIONS": options,
        },
    }


def _record(portal: Portal, kind: str, number: int) -> dict[str, Any]:
    """What a small card shows of a record."""
    fields = portal.entities.get((kind, number), {})
    names = {source["ID"]: source["NAME"] for source in portal.sources or ()}
    linked = [trace for trace in portal.traces if [RECORDS[kind], number] in trace.entities and not trace.parent]
    ways = [php.text(php.get(row, "VALUE")) for name in ("PHONE", "EMAIL") for row in php.items(fields.get(name))]
    person = " ".join(php.text(fields[name]) for name in ("NAME", "LAST_NAME") if fields.get(name))
    return {
        "card": f"{kind.lower()}/{number}",
        "name": f"{kind.capitalize()} {number}",
        "title": php.text(fields.get("TITLE") or person),
        "facts": [fact for fact in (person, *ways) if fact],
        "source": names.get(linked[-1].source_id, "Other traffic") if linked else "",
    }


def _records(portal: Portal) -> list[dict[str, Any]]:
    """The latest records that the application has made, newest first; those of the golden file have no date."""
    made = [(kind, number) for (kind, number), fields in portal.entities.items() if fields.get("DATE_CREATE")]
    return [_record(portal, *one) for one in reversed(made) if one[0] in RECORDS][:LATEST]


def _state(portal: Portal) -> dict[str, Any]:
    names = {source["ID"]: source["NAME"] for source in portal.sources or ()}
    stored = [trace for trace in portal.traces if trace.id and not trace.parent]
    return {
        "domain": portal.domain,
        "active": portal.active,
        "installed": portal.installed,
        "version": portal.version,
        "users": [{"id": user.id, "name": user.name, "admin": user.admin} for user in portal.users.values()],
        "stored": len(stored),
        "records": _records(portal),
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
