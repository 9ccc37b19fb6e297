"""The REST engine: which request calls what, in which order it is checked, and how it is answered.

Source: the fact sheets on REST calls (§§1-4), OAuth (§10), batch (§§1-3) and limits.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.sandbox import batch, crm, php
from tests.sandbox.methods import METHODS, SCOPES, Call, RestError
from tests.sandbox.portal import Hit, Portal, User

assert crm  # its methods are registered by importing it

MOST_COMMANDS = 50
NOT_IN_BATCH = {"batch", "download", "upload"}
HTML_500 = "<html><body><h1>Internal Server Error</h1></body></html>"


class Cut(Exception):
    """The connection is dropped without an answer."""


@dataclass
class Request:
    """What came: path below /rest/, query text, headers, body, and the address it came from."""

    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    address: str


@dataclass
class Reply:
    """What goes back. A `body` that is no text is written as JSON."""

    status: int
    body: Any
    kind: str = "application/json; charset=utf-8"
    headers: dict[str, str] = field(default_factory=dict)

    def text(self) -> str:
        """The body as it is sent."""
        return self.body if isinstance(self.body, str) else php.encode(self.body)


def name_of(path: str) -> tuple[str, str]:
    """Method name and webhook part ("1/CODE") of a path below /rest/."""
    parts = [part for part in path.split("/") if part]
    webhook = "/".join(parts[:2]) if len(parts) == 3 and parts[0].isdigit() else ""
    name = (parts[-1] if parts else "").lower()
    return name.removesuffix(".json").removesuffix(".xml"), webhook


def parameters(request: Request) -> dict[str, Any]:
    """Query and body together; the body wins. JSON only where the content type says so, broken JSON is nothing."""
    params = php.parse_query(request.query)
    kind = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind == "application/json" or kind.endswith("+json"):
        try:
            body = php.array(json.loads(request.body))
        except ValueError:
            body = None
        if isinstance(body, list):
            body = {str(number): item for number, item in enumerate(body)}
        params.update(body or {})
    elif kind in {"application/x-www-form-urlencoded", ""}:
        params.update(php.parse_query(request.body.decode("utf-8", "replace")))
    return params


async def serve(portal: Portal, request: Request, *, commands: int | None = None) -> Reply:
    """Answer one request; `commands` cuts a batch off after so many. Raises `Cut`."""
    if not portal.let_in(request.address):
        error = {"error": "QUERY_LIMIT_EXCEEDED", "error_description": "Too many requests"}
        return _hit(portal, name_of(request.path)[0], Reply(503, error))
    name, webhook = name_of(request.path)
    began = portal.clock.now()
    ran = 0
    try:
        if name != "batch" and name not in METHODS:
            raise RestError("ERROR_METHOD_NOT_FOUND", "Method not found!", 404)
        params = parameters(request)
        user = _authenticate(portal, request, params, webhook)
        for key in ("auth", "access_token", "state"):
            params.pop(key, None)
        call = Call(portal, user, params, bool(webhook), php.integer(params.pop("start", 0)), {})
        if name == "batch":
            result, ran = await _batch(call, began, commands)
            reply = Reply(200, {"result": result, "time": _time(portal, "batch", began)})
        else:
            reply = await _single(call, name, began)
    except RestError as error:
        reply = Reply(error.status, error.body)
    except TypeError:
        reply = Reply(500, HTML_500, "text/html; charset=utf-8")
    return _hit(portal, name, reply, ran)


def _hit(portal: Portal, name: str, reply: Reply, commands: int = 0) -> Reply:
    error = reply.body.get("error", "") if isinstance(reply.body, dict) else ""
    portal.hits.append(Hit(portal.clock.now(), name, reply.status, str(error), commands))
    return reply


def _authenticate(portal: Portal, request: Request, params: Mapping[str, Any], webhook: str) -> User:
    """The user behind a request, in the server's own order of checks."""
    if webhook:
        number, code = webhook.split("/")
        if code != portal.webhook_code or int(number) not in portal.users:
            raise RestError("INVALID_CREDENTIALS", "Invalid request credentials", 401)
        return portal.users[int(number)]
    bearer = request.headers.get("Authorization", "")
    token = bearer[7:] if bearer.startswith("Bearer ") else params.get("auth") or params.get("access_token")
    if not token or not isinstance(token, str):
        raise RestError("NO_AUTH_FOUND", "Wrong authorization data", 401)
    found = portal.access.get(token)
    if found is None:
        raise RestError("invalid_token", "Unable to get application by token", 401)
    if not portal.active:
        raise RestError("APPLICATION_NOT_FOUND", "Application not found", 401)
    if found.expires <= portal.clock.now():
        raise RestError("expired_token", "The access token provided has expired.", 401)
    user = portal.users[found.user]
    name = name_of(request.path)[0]
    if name != "batch":
        _need_scope(portal, name, "The request requires higher privileges than provided by the access token")
    if not user.active:
        raise RestError("authorization_error", "Unable to authorize user", 401)
    return user


def _need_scope(portal: Portal, name: str, text: str) -> None:
    if SCOPES[name] and SCOPES[name] not in portal.scope.split(","):
        raise RestError("insufficient_scope", text, 401)


def _need_operating(portal: Portal, name: str) -> None:
    if portal.operating_of(name).is_blocked(portal.clock.now()):
        raise RestError("OPERATION_TIME_LIMIT", "Method is blocked due to operation time limit.", 429)


async def _single(call: Call, name: str, began: float) -> Reply:
    portal = call.portal
    _need_operating(portal, name)
    result, seconds = await _run(call, name)
    portal.operating_of(name).add(seconds, portal.clock.now())
    if isinstance(result, dict) and result.get("error") and result.get("error_description"):
        return Reply(200, result)
    return Reply(200, {"result": result, **(call.envelope or {}), "time": _time(portal, name, began)})


async def _run(call: Call, name: str) -> tuple[Any, float]:
    """The result of a method, and the operating time that it cost."""
    portal = call.portal
    began = time.perf_counter()
    result = METHODS[name](call)
    steps = result if inspect.isgenerator(result) else None
    if steps is not None:
        next(steps)
    if portal.command_seconds:
        await asyncio.sleep(portal.command_seconds)
    if steps is not None:
        try:
            next(steps)
        except StopIteration as stop:
            result = stop.value
    spent = time.perf_counter() - began
    return result, spent if portal.operating_seconds is None else portal.operating_seconds


def _time(portal: Portal, name: str, began: float) -> dict[str, Any]:
    now = portal.clock.now()
    operating = portal.operating_of(name)
    return {
        "start": int(began),
        "finish": round(now, 6),
        "duration": round(now - int(began), 6),
        "processing": 0,
        "date_start": datetime.fromtimestamp(began, UTC).isoformat(timespec="seconds"),
        "date_finish": datetime.fromtimestamp(now, UTC).isoformat(timespec="seconds"),
        "operating_reset_at": operating.reset_at(now),
        "operating": round(operating.used(now), 6),
    }


async def _batch(outer: Call, began: float, cut_after: int | None) -> tuple[dict[str, Any], int]:
    portal = outer.portal
    left: dict[str, dict[str, Any]] = {name: {} for name in batch.COLLECTIONS}
    given = outer.get_any_case("cmd")
    commands = dict(enumerate(given)) if isinstance(given, list) else given if isinstance(given, dict) else {}
    halt = php.truthy(outer.get_any_case("halt"))
    spent: dict[str, float] = {}
    ran = 0
    for number, (key, text) in enumerate(commands.items()):
        if number == cut_after or portal.clock.now() - began > portal.cut_after:
            _count(portal, spent)
            portal.hits.append(Hit(portal.clock.now(), "batch", 0, "cut", ran))
            raise Cut
        if not isinstance(text, str):
            continue
        try:
            if number >= MOST_COMMANDS:
                raise RestError("ERROR_BATCH_LENGTH_EXCEEDED", "Max batch length exceeded")
            ran += 1
            await _command(outer, str(key), text, left, spent)
        except RestError as error:
            left["error"][str(key)] = error.body
            if halt:
                break
        except TypeError:
            _count(portal, spent)
            raise
    _count(portal, spent)
    return {("result" if name == "result" else f"result_{name}"): php.array(left[name]) for name in left}, ran


async def _command(outer: Call, key: str, text: str, left: dict[str, dict[str, Any]], spent: dict[str, float]) -> None:
    portal = outer.portal
    name, _, query = text.partition("?")
    name = name.strip().lower()
    if name in NOT_IN_BATCH:
        raise RestError("ERROR_BATCH_METHOD_NOT_ALLOWED", "Method is not allowed for batch usage")
    if name not in METHODS:
        raise RestError("ERROR_METHOD_NOT_FOUND", "Method not found!")
    _need_scope(portal, name, "")
    _need_operating(portal, name)
    params = batch.substitute(php.parse_query(query), left)
    call = Call(portal, outer.user, params, outer.webhook, php.integer(params.pop("start", 0)), {})
    began = portal.clock.now()
    result, seconds = await _run(call, name)
    spent[name] = spent.get(name, 0.0) + seconds
    left["result"][key] = result
    for figure, value in (call.envelope or {}).items():
        left[figure][key] = value
    left["time"][key] = _time(portal, name, began)
    left["time"][key]["operating"] = round(portal.operating_of(name).used(portal.clock.now()) + spent[name], 6)


def _count(portal: Portal, spent: dict[str, float]) -> None:
    """A method's commands in one request count together."""
    for name, seconds in spent.items():
        portal.operating_of(name).add(seconds, portal.clock.now())
