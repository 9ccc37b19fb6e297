"""The application as the web server calls it: each body is read before its request gets a thread.

A client that sends slowly, or not at all, costs a few kilobytes until the deadline, never a thread. Four groups of
threads answer: health answers whatever else happens, pages that wait for a portal take no thread from submissions, and
files that take long to make none from pages and events.
Source: Granian's RSGI specification; PEP 3333.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import threading
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from io import BytesIO
from queue import SimpleQueue
from tempfile import SpooledTemporaryFile
from typing import IO, Any

from granian.rsgi import HTTPProtocol, ProtocolClosed, Scope  # type: ignore[attr-defined]  # it has no stubs

from b24app.host import downloads

logger = logging.getLogger(__name__)

Headers = list[tuple[str, str]]
Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

# A body has so long, and a second more for each `MIN_BYTES_A_SECOND` that have come.
BODY_SECONDS, MIN_BYTES_A_SECOND = 20.0, 20_000
# More is not read: the application refuses what is declared longer, and what goes on behind it.
MAX_BODY_BYTES = 8 * 1024 * 1024 + 1
# What is longer waits in a file.
MAX_MEMORY_BYTES = 256 * 1024
# Requests that wait for one group of threads, their bodies in memory.
MAX_WAITING = 256
# An answer up to this many bytes is sent at once; a longer one, or one of unknown length, as it is produced. An export,
# which may have any size, is produced as it is read, and keeps its thread meanwhile.
MAX_WHOLE_BYTES = 4 * 1024 * 1024
HEALTH_THREADS, PAGE_THREADS, INTAKE_THREADS, EXPORT_THREADS = 2, 12, 32, 4
_HEALTH = ("/healthz", "/readyz", "/metrics")
_INTAKE = "/in/"
_EXPORTS = "/export/"


class Busy(Exception):
    """More requests wait than memory should hold."""


class Threads:
    """A group of threads that run the application, and how many requests wait for one or have one.

    An executor of Python's does the same, and takes longer for it than many a request does for all the rest.
    """

    def __init__(self, name: str, number: int) -> None:
        self._name, self._number = name, number
        self._queue: SimpleQueue[tuple[Callable[[], None], asyncio.Future[None]]] = SimpleQueue()
        self._requests = self._threads = 0

    async def run(self, function: Callable[[], None]) -> None:
        """Run a request's function. Raises `Busy`, and what the function raises."""
        if self._requests >= self._number + MAX_WAITING:
            raise Busy
        self._requests += 1
        if self._threads < min(self._requests, self._number):
            self._threads += 1
            threading.Thread(target=self._run_all, name=f"{self._name}-{self._threads}", daemon=True).start()
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.put((function, done))
        try:
            await done
        finally:
            self._requests -= 1

    def _run_all(self) -> None:
        while True:
            function, done = self._queue.get()
            error: BaseException | None = None
            try:
                function()
            except BaseException as raised:  # whoever waits has to learn it, and the thread goes on
                error = raised
            done.get_loop().call_soon_threadsafe(_end, done, error)
            del function, done, error  # what a request was must not stay until the next one


def _end(done: asyncio.Future[None], error: BaseException | None) -> None:
    if done.done():  # nobody waits any more
        return
    if error:
        done.set_exception(error)
    else:
        done.set_result(None)


class Front:
    """An RSGI application around the WSGI application `wsgi`."""

    def __init__(self, wsgi: Wsgi) -> None:
        self._wsgi = wsgi
        self._health = Threads("health", HEALTH_THREADS)
        self._pages = Threads("pages", PAGE_THREADS)
        self._intake = Threads("intake", INTAKE_THREADS)
        self._exports = Threads("exports", EXPORT_THREADS)

    async def answer(self, scope: Scope, protocol: HTTPProtocol) -> None:
        """Answer one request; the RSGI application."""
        try:
            with await _read(scope, protocol) as body:
                answer = _Answer(self._wsgi, environ(scope, body), protocol, asyncio.get_running_loop())
                await self._threads_of(scope.path).run(answer.send)
        except TimeoutError:
            _refuse(protocol, 408, "body_too_slow", "The body did not arrive in time.")
        except Busy:
            _refuse(protocol, 503, "busy", "Too many requests wait. Send it again.", ("retry-after", "2"))
        except ProtocolClosed:
            pass  # the client has gone: there is nobody to answer

    def _threads_of(self, path: str) -> Threads:
        if path in _HEALTH:
            return self._health
        if path.startswith(_INTAKE):
            return self._intake
        return self._exports if path.endswith(_EXPORTS) else self._pages


async def _read(scope: Scope, protocol: HTTPProtocol) -> IO[bytes]:
    """The body, as far as it is read. Raises TimeoutError, and `ProtocolClosed` where the client has gone."""
    if scope.method in ("GET", "HEAD"):
        return BytesIO()
    ends_at = asyncio.get_running_loop().time() + BODY_SECONDS
    async with asyncio.timeout_at(ends_at) as deadline:
        if _is_short(scope.headers.get("content-length") or ""):
            try:
                return BytesIO(await protocol())
            except ProtocolClosed:  # cut off, which its length tells; the client may still wait for an answer
                return BytesIO()
        return await _read_chunks(protocol, deadline)


def _is_short(length: str) -> bool:
    """Whether a body of this declared length has no further second, so that it may be read in one."""
    return length.isdecimal() and len(length) <= 5 and int(length) < MIN_BYTES_A_SECOND


async def _read_chunks(protocol: HTTPProtocol, deadline: asyncio.Timeout) -> IO[bytes]:
    ends_at = deadline.when() or 0.0
    with ExitStack() as ending:
        body = ending.enter_context(SpooledTemporaryFile(MAX_MEMORY_BYTES))
        async for chunk in protocol:
            body.write(chunk[: MAX_BODY_BYTES - body.tell()])
            if body.tell() >= MAX_BODY_BYTES:
                break
            deadline.reschedule(ends_at + body.tell() / MIN_BYTES_A_SECOND)
        body.seek(0)
        ending.pop_all()  # whoever reads it closes it
        return body


def environ(scope: Scope, body: IO[bytes]) -> dict[str, Any]:
    """The request as PEP 3333 wants it."""
    host, _, port = scope.server.rpartition(":")
    result: dict[str, Any] = {
        "REQUEST_METHOD": scope.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": scope.path.encode("utf-8", "surrogateescape").decode("latin-1"),
        "QUERY_STRING": scope.query_string,
        "SERVER_NAME": host,
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "REMOTE_ADDR": scope.client.rpartition(":")[0],
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.scheme,
        "wsgi.input": body,
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    if scope.authority:
        result["HTTP_HOST"] = scope.authority
    for name, value in scope.headers.items():
        if "_" not in name:  # it would pass for the name with a hyphen, which a proxy may have set
            key = name.upper().replace("-", "_")
            key = key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"
            before = result.get(key) if key.startswith("HTTP_") and key != "HTTP_HOST" else None
            result[key] = f"{before}{'; ' if key == 'HTTP_COOKIE' else ','}{value}" if before else value
    return result


class _Answer:
    """One request, run in a thread: the application's answer goes out from there."""

    def __init__(
        self, wsgi: Wsgi, environ: dict[str, Any], protocol: HTTPProtocol, loop: asyncio.AbstractEventLoop
    ) -> None:
        self._wsgi, self._environ, self._protocol, self._loop = wsgi, environ, protocol, loop
        self._status, self._headers = 500, Headers()

    def send(self) -> None:
        """Call the application and send what it answers."""
        parts = self._wsgi(self._environ, self._start)
        try:
            if self._is_whole():
                self._protocol.response_bytes(self._status, self._headers, b"".join(parts))
            elif self._environ["PATH_INFO"].endswith(_EXPORTS):
                self._export(parts)
            else:
                self._stream(parts)
        finally:
            if close := getattr(parts, "close", None):
                close()

    def _start(self, status: str, headers: Headers, exc_info: object = None) -> None:
        self._status, self._headers = int(status.partition(" ")[0]), headers

    def _is_whole(self) -> bool:
        lengths = [value for name, value in self._headers if name.lower() == "content-length"]
        return bool(lengths) and int(lengths[0]) <= MAX_WHOLE_BYTES

    def _stream(self, parts: Iterable[bytes]) -> None:
        transport = self._protocol.response_stream(self._status, self._headers)

        async def send(part: bytes) -> None:
            await transport.send_bytes(part)

        for part in parts:
            asyncio.run_coroutine_threadsafe(send(part), self._loop).result()

    def _export(self, parts: Iterable[bytes]) -> None:
        try:
            downloads.send(parts, lambda path: self._protocol.response_file(self._status, self._headers, path))
        except downloads.NotRead as error:
            logger.warning("%s was not sent to its end: %s", self._environ["PATH_INFO"], error)


def _refuse(protocol: HTTPProtocol, status: int, code: str, title: str, *headers: tuple[str, str]) -> None:
    """Answer as the intake refuses (RFC 9457)."""
    body = json.dumps({"type": "about:blank", "title": title, "status": status, "code": code})
    protocol.response_str(status, [("content-type", "application/problem+json"), *headers], body)
