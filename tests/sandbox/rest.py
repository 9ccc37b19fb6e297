"""The REST engine: which request calls what, in which order it is checked, and how it is answered.

Source: the fact sheets on REST calls (§§1-4), OAuth (§10), batch (§§1-3) and limits.
"""

from __future__ import annotations

import inspect
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from tests.sandbox import batch, consents, crm, crm_lookups, crm_timeline, php, traces, users
from tests.sandbox.methods import METHODS, SCOPES, Call, RestError
from tests.sandbox.portal import Hit, Portal, User

assert (
    consents and crm and crm_lookups and crm_timeline and traces and users
)  # their methods are registered by importing them

MAX_COMMANDS = 50
NOT_IN_BATCH = {"batch", "download", "upload"}
HTML_500 = "<html><body><h1>Internal Server Error</h1></body></html>"
XML = "text/xml; charset=utf-8"
_WEBHOOK = re.compile(r"([0-9]+/[^/]+)/([^/]+)")
NO_SCOPE = "The request requires higher privileges than provided by the access token"


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
    """What goes back. A `body` that is no text is written as JSON, or as XML where the `kind` says so."""

    status: int
    body: Any
    kind: str = "application/json; charset=utf-8"
    headers: dict[str, str] = field(default_factory=dict)

    def text(self) -> str:
        """The body as it is sent."""
        if isinstance(self.body, str):
            return self.body
        return php.encode_xml(self.body) if self.kind == XML else php.encode(self.body)


def name_of(path: str) -> tuple[str, str]:
    """Method name and webhook part ("1/CODE") of a path below /rest/."""
    path = path.strip("/")
    hook = _WEBHOOK.fullmatch(path)
    name = (hook[2] if hook else path).lower()
    return name.removesuffix(".json").removesuffix(".xml"), hook[1] if hook else ""


def parameters(request: Request) -> dict[str, Any]:
    """Query and body together; the body wins. JSON only where the content type says so, broken JSON is nothing."""
    params = php.parse_query(request.query)
    given = request.headers.get("Content-Type", "")
    kind = given.partition(";")[0].strip().lower()
    if kind == "application/json" or kind.endswith("+json"):
        try:
            body = php.decode(request.body)
        except ValueError:
            body = None
        if isinstance(body, list):
            body = {str(number): item for number, item in enumerate(body)}
        params.update(body if isinstance(body, dict) else {})
    elif kind == "application/x-www-form-urlencoded":
        params.update(php.parse_query(request.body.decode("utf-8", "replace")))
    elif kind == "multipart/form-data":
        params.update(php.array_of(php.parts(given, request.body)))
    return params


async def serve(portal: Portal, request: Request, *, commands: int | None = None) -> Reply:
    """Answer one request; `commands` cuts a batch off after so many. Raises `Cut`."""
    name, webhook = name_of(request.path)
    began, started = portal.clock.now(), time.perf_counter()
    run = None
    reply = Reply(200, {})
    try:
        if not portal.let_in(request.address):
            raise RestError("QUERY_LIMIT_EXCEEDED", "Too many requests", 503)
        if portal.stopped:
            raise RestError("PORTAL_DELETED", "Portal was deleted", 403)
        if (name != "batch" and name not in METHODS) or name in portal.lacks:
            raise RestError("ERROR_METHOD_NOT_FOUND", "Method not found!", 404)
        params = parameters(request)
        user = _authenticate(portal, request, params, name, webhook)
        call = Call(portal, user, params, bool(webhook), began=began)
        run = Batch(call, commands)
        result = await run.run() if name == "batch" else await _single(call, name)
        reply.body = {"result": result, **call.envelope, "time": _time(call, name, began)}
    except RestError as error:
        reply.status, reply.body = error.status, error.body
    except php.TypeStop:
        reply.status, reply.body, reply.kind = 500, HTML_500, "text/html; charset=utf-8"
    except Cut:
        portal.hits.append(Hit(portal.clock.now(), name, 0, "cut", run.ran if run else 0))
        raise
    if run is not None:
        reply.headers["X-Bitrix-Rest-Application"] = portal.client_id
    reply.headers["X-Bitrix-Rest-Time"] = f"{time.perf_counter() - started:.10f}"
    if request.path.rstrip("/").lower().endswith(".xml") and reply.status != 500:
        reply.kind = XML
    error_code = reply.body.get("error", "") if isinstance(reply.body, dict) else ""
    ran, blocked = (run.ran, run.blocked) if run else (0, 0)
    portal.hits.append(Hit(portal.clock.now(), name, reply.status, str(error_code), ran, blocked))
    return reply


def _authenticate(portal: Portal, request: Request, params: Mapping[str, Any], name: str, webhook: str) -> User:
    """The user behind a request, in the server's own order of checks (OAuth sheet, §10)."""
    if webhook:
        number, code = webhook.split("/")
        user = portal.users.get(int(number[:9]))
        if code != portal.webhook_code or user is None or user.id != portal.webhook_user:
            raise RestError("INVALID_CREDENTIALS", "Invalid request credentials", 401)
        _need_active(user)
        _need_open(portal)
        _need_scope(portal, name, NO_SCOPE)
        return user
    bearer = request.headers.get("Authorization", "")
    token = bearer[7:] if bearer.startswith("Bearer ") else params.get("auth") or params.get("access_token")
    if not token or not isinstance(token, str):
        raise RestError("NO_AUTH_FOUND", "Wrong authorization data", 401)
    if portal.oauth_unreachable:
        raise RestError("CONNECTION_ERROR", "Unable to connect to the authorization server", 401)
    found = portal.access.get(token)
    if found is None:
        raise RestError("invalid_token", "Unable to get application by token", 401)
    if portal.payment_ended:
        raise RestError("PAYMENT_REQUIRED", "Payment required", 401)
    _need_open(portal)
    if not portal.users[found.user].in_context:
        raise RestError("ACCESS_DENIED", "Current user can't be authorized in this context", 401)
    if not portal.active:
        raise RestError("APPLICATION_NOT_FOUND", "Application not found", 401)
    if found.expires <= portal.clock.now():
        raise RestError("expired_token", "The access token provided has expired.", 401)
    _need_scope(portal, name, NO_SCOPE)
    user = portal.users[found.user]
    _need_active(user)
    if not user.allowed:
        raise RestError("user_access_error", "The user does not have access to the application.", 401)
    return user


def _need_active(user: User) -> None:
    if not user.active:
        raise RestError("authorization_error", "Unable to authorize user", 401)


def _need_open(portal: Portal) -> None:
    if portal.blocked:
        raise RestError("OVERLOAD_LIMIT", "REST API is blocked due to overload.", 401)
    if portal.plan_without_rest:
        raise RestError("ACCESS_DENIED", "REST API is available only on commercial plans.", 401)


def _need_scope(portal: Portal, name: str, text: str) -> None:
    if name != "batch" and SCOPES[name] and SCOPES[name] not in portal.scope.split(","):
        raise RestError("insufficient_scope", text, 401)


async def _single(call: Call, name: str) -> Any:
    call.take_out()
    result, seconds = await _run(call, name)
    call.portal.operating_of(name, call.webhook).add(seconds, call.portal.clock.now())
    return php.array(result)


async def _run(call: Call, name: str) -> tuple[Any, float]:
    """The result of a method, and the operating time that it cost."""
    portal = call.portal
    if portal.operating_of(name, call.webhook).is_blocked(portal.clock.now()):
        raise RestError("OPERATION_TIME_LIMIT", "Method is blocked due to operation time limit.", 429)
    began = time.perf_counter()
    if name in call.user.denied:
        raise RestError("", "Access denied.")
    result = METHODS[name](call)
    steps = result if inspect.isgenerator(result) else None
    if steps is not None:
        next(steps)
    spent = time.perf_counter() - began + portal.command_seconds
    await _let_pass(portal, call.began)
    if steps is not None:
        try:
            next(steps)
        except StopIteration as stop:
            result = stop.value
    if isinstance(result, dict) and result.get("error") and result.get("error_description"):
        raise RestError("", status=200, body=result)  # emitted as it is
    return result, spent if portal.operating_seconds is None else portal.operating_seconds


async def _let_pass(portal: Portal, began: float) -> None:
    """Let the time of a command pass. The request is cut off within it where its own time ends."""
    left = portal.cut_after - (portal.clock.now() - began)
    if portal.command_seconds > 0:
        await portal.clock.sleep(max(0.0, min(portal.command_seconds, left)))
    if portal.command_seconds >= left or portal.clock.now() - began >= portal.cut_after:
        raise Cut


@lru_cache(16)
def _date(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).isoformat()


def _time(call: Call, name: str, began: float, spent: float = 0.0) -> dict[str, Any]:
    """The figures of an answer; whole seconds for the start, as in 26.250."""
    now = call.portal.clock.now()
    operating = call.portal.operating_of(name, call.webhook)
    return {
        "start": int(began),
        "finish": round(now, 6),
        "duration": round(now - int(began), 6),
        "processing": 0,
        "date_start": _date(int(began)),
        "date_finish": _date(int(now)),
        "operating_reset_at": operating.reset_at(now),
        "operating": round(operating.used(now) + spent, 6) or 0,
    }


class Batch:
    """The commands of one request, run in their order; it ends after `cut_after` commands where that is a number."""

    def __init__(self, outer: Call, cut_after: int | None) -> None:
        self.outer, self.portal, self.cut_after = outer, outer.portal, cut_after
        self.left: dict[str, dict[str, Any]] = {name: {} for name in batch.COLLECTIONS}
        self.spent: dict[str, float] = {}
        self.ran = self.blocked = 0

    async def run(self) -> dict[str, Any]:
        """Run them all. A method's commands in one request count together as operating time."""
        try:
            await self._run()
        finally:
            for name, seconds in self.spent.items():
                self.portal.operating_of(name, self.outer.webhook).add(seconds, self.portal.clock.now())
        return {"result" if name == "result" else f"result_{name}": php.array(self.left[name]) for name in self.left}

    async def _run(self) -> None:
        given = self.outer.get_any_case("cmd")
        commands = dict(enumerate(given)) if isinstance(given, list) else given if isinstance(given, dict) else {}
        halt = php.truthy(self.outer.get_any_case("halt"))
        for number, (key, text) in enumerate(commands.items()):
            if number == self.cut_after:
                raise Cut
            try:
                if number >= MAX_COMMANDS:
                    raise RestError("ERROR_BATCH_LENGTH_EXCEEDED", "Max batch length exceeded")
                if isinstance(text, str):
                    await self._command(str(key), text)
            except RestError as error:
                self.left["error"][str(key)] = error.body
                self.blocked += error.status == 429
                if halt:
                    break

    async def _command(self, key: str, text: str) -> None:
        name, _, query = text.partition("#")[0].partition("?")
        name = name.lower()
        if name in NOT_IN_BATCH:
            raise RestError("ERROR_BATCH_METHOD_NOT_ALLOWED", "Method is not allowed for batch usage")
        if name not in METHODS or name in self.portal.lacks:
            raise RestError("ERROR_METHOD_NOT_FOUND", "Method not found!")
        _need_scope(self.portal, name, "")
        params = batch.substitute(php.parse_query(query), self.left)
        call = Call(self.portal, self.outer.user, params, self.outer.webhook, began=self.outer.began)
        call.take_out()
        began = self.portal.clock.now()
        self.ran += 1
        result, seconds = await _run(call, name)
        self.spent[name] = self.spent.get(name, 0.0) + seconds
        self.left["result"][key] = result
        for figure, value in call.envelope.items():
            self.left[figure][key] = value
        self.left["time"][key] = _time(call, name, began, self.spent[name])
