"""The sandbox' own interface for programs in other processes: JSON below /_sandbox/ on the OAuth port."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from aiohttp import web

from tests.sandbox import events
from tests.sandbox.portal import Portal

if TYPE_CHECKING:
    from tests.sandbox.server import Sandbox


async def answer(sandbox: Sandbox, request: web.BaseRequest) -> web.Response:
    """Do what was asked: state, portals, actions of a portal, faults, clock, events."""
    text = await request.text()
    parts = [part for part in request.path.split("/") if part][1:]
    try:
        return web.json_response(await _found(sandbox, request.method, parts, json.loads(text) if text else {}))
    except (KeyError, TypeError, ValueError) as error:
        return web.json_response({"error": f"{type(error).__name__}: {error}"}, status=400)


async def _found(sandbox: Sandbox, verb: str, parts: list[str], body: dict[str, Any]) -> Any:
    match (verb, *parts):
        case ("GET", "state"):
            found: Any = sandbox.state()
        case ("POST", "portals"):
            portal = await sandbox.open_portal(body.pop("name"), body.pop("plan", "standard"), **body)
            found = {"member_id": portal.member_id, "domain": portal.domain}
        case ("GET", "portals", name, "traces"):
            found = traces(sandbox.portals[name])
        case ("POST", "portals", name, action):
            found = await act(sandbox, sandbox.portals[name], action, body)
        case ("POST", "faults"):
            add = sandbox.faults.random if "probability" in body else sandbox.faults.add
            add(body.pop("kind"), **body)
            found = {}
        case ("DELETE", "faults"):
            sandbox.faults.clear()
            found = {}
        case ("POST", "clock"):
            sandbox.clock.advance(body["advance"])
            found = {"now": sandbox.clock.now()}
        case ("POST", "events"):
            sandbox.event_delay = body["delay"]
            found = {}
        case _:
            raise web.HTTPNotFound(text="no such action")
    return found


async def act(sandbox: Sandbox, portal: Portal, action: str, body: dict[str, Any]) -> Any:
    """An action of one portal."""
    match action:
        case "frame_post":
            query, form = portal.frame_post(**body)
            return {"query": query, "body": form}
        case "issue_tokens":
            return portal.issue_tokens(**body)
        case "issue_code":
            return {"code": portal.issue_code(**body)}
        case "expire_tokens":
            portal.expire_tokens()
        case "fire_user":
            portal.fire_user(body["id"])
        case "set_user":
            for name, value in body.items():
                setattr(portal.users[body["id"]], name, value)
        case "install":
            sandbox.install(portal)
        case "finish_install":
            await sandbox.send(portal, events.finish_install(portal))
        case "update":
            await sandbox.send(portal, events.update(portal, body["version"]))
        case "uninstall":
            clean, silent = body.get("clean", False), body.get("silent", False)
            await sandbox.send(portal, events.uninstall(portal, clean=clean, silent=silent))
        case "rename":
            await sandbox.move(portal)
        case "set":
            for name, value in body.items():
                setattr(portal, name, value)
        case _:
            raise web.HTTPNotFound(text=f"no such action: {action}")
    return {}


def traces(portal: Portal) -> list[dict[str, Any]]:
    """The traces of a portal, former visits left out, in the golden file's words, with their ids."""
    return [{"id": one.id, **one.as_golden()} for one in portal.traces if one.id and not one.parent]
