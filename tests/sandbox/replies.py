"""What the sandbox answers: replies as the web server sends them, and the ones that a fault puts in their place."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web

from tests.sandbox import rest
from tests.sandbox.faults import Fault

CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Headers": "origin, content-type, accept",
    "X-Content-Type-Options": "nosniff",
}
_CANNED = {
    "throttle": (503, "QUERY_LIMIT_EXCEEDED", "Too many requests"),
    "operation_time_limit": (429, "OPERATION_TIME_LIMIT", "Method is blocked due to operation time limit."),
    "expired_token": (401, "expired_token", "The access token provided has expired."),
}


def canned(fault: Fault) -> rest.Reply | None:
    """The answer that a fault puts in the place of the work."""
    options = fault.options
    if fault.kind in _CANNED:
        status, code, text = _CANNED[fault.kind]
        return rest.Reply(status, {"error": code, "error_description": text})
    if fault.kind == "error":
        error = {"error": options["code"], "error_description": options.get("description", "")}
        return rest.Reply(options.get("status", 400), error)
    if fault.kind.startswith("html_"):
        return rest.Reply(int(fault.kind[-3:]), "<html><body>nginx</body></html>", "text/html")
    if fault.kind == "empty":
        return rest.Reply(200, "")
    if fault.kind == "redirect":
        return rest.Reply(302, "", "text/html", {"Location": options["url"]})
    return None


async def answer(request: web.BaseRequest, work: Callable[[], Awaitable[rest.Reply]]) -> web.Response:
    """What `work` replies, or no answer where the work was cut."""
    try:
        return respond(await work())
    except rest.Cut:
        return drop(request)


def respond(reply: rest.Reply) -> web.Response:
    """A reply as the web server sends it."""
    headers = {**CORS, "Content-Type": reply.kind, **reply.headers}
    return web.Response(status=reply.status, body=reply.text().encode(), headers=headers)


def drop(request: web.BaseRequest) -> web.Response:
    """Close the connection with no answer."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
