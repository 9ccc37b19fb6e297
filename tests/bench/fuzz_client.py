"""A client that sends raw requests over a connection that it keeps, and counts how they ended."""

from __future__ import annotations

import re
import socket
from collections import Counter
from dataclasses import dataclass, field
from typing import IO

from tests.bench.fuzz_requests import UNKEYED, Request

TIMEOUT = 20.0  # for one answer; the server gives a request less
CLOSED, SILENT = "closed without an answer", "silence"


@dataclass
class Tally:
    """How requests ended.

    `marked` has for each marker the form, the end, and the id that the answer names; `told` the ids that answers of the
    form without markers name, and `untold` how many of its 2xx and 3xx named none.
    """

    ends: Counter[tuple[str, str]] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    slowest: list[tuple[float, str, int]] = field(default_factory=list)
    marked: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    told: set[str] = field(default_factory=set)
    untold: int = 0

    def add(self, request: Request, end: str, body: bytes, seconds: float) -> None:
        """Count one request by its end: a status, or one of `CLOSED` and `SILENT`."""
        self.ends[request.way, end] += 1
        self.slowest = sorted([*self.slowest, (seconds, f"{request.way} {request.target.path}", len(request.raw))])[-5:]
        if end == SILENT or end.startswith("5"):
            self.faults.append(f"{end} {request.way} {request.raw[:300]!r} … {body[:200]!r}")
        named = re.search(rb'\{"id": "([0-9a-f-]{36})", "status"', body)
        number = named[1].decode() if named else ""
        if request.target.marker:
            may_store = request.method.upper() in ("POST", "PUT")
            self.marked[request.target.marker] = (request.target.form, end if may_store else f"{end} no post", number)
        elif request.target.form == UNKEYED and number:
            self.told.add(number)
        elif request.target.form == UNKEYED and (end[0] in "23" or end in (CLOSED, SILENT)):
            self.untold += 1

    def merge(self, other: Tally) -> None:
        """Add what another one has counted."""
        self.ends += other.ends
        self.untold += other.untold
        self.faults += other.faults
        self.slowest = sorted(self.slowest + other.slowest)[-5:]
        self.marked |= other.marked
        self.told |= other.told


class Client:
    """A connection that is used again as long as the server keeps it."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._address = address
        self._connection: socket.socket | None = None
        self.was_sent_again = False

    def ask(self, request: Request) -> tuple[str, bytes]:
        """Send a request; its status, or how it ended, and the body of the answer.

        One that is not whole has a connection of its own, and the server is told that nothing more comes. A kept
        connection may have been closed by the server before it saw the request: then a new one is tried.
        """
        if not request.is_whole:
            self.close()
        self.was_sent_again = False
        for is_kept in (True, False) if self._connection else (False,):
            end, body = self._once(request)
            if end != CLOSED or not is_kept:
                break
            self.was_sent_again = True
        return end, body

    def close(self) -> None:
        """Close the connection."""
        if self._connection:
            self._connection.close()
        self._connection = None

    def _once(self, request: Request) -> tuple[str, bytes]:
        try:
            connection = self._connection or socket.create_connection(self._address, timeout=TIMEOUT)
        except OSError:
            return SILENT, b""
        self._connection = connection
        try:
            connection.sendall(request.raw)
            if not request.is_whole:
                connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # the server has seen enough; its answer may still be there
        end, body, is_open = _answer(connection, request.method)
        if not (is_open and request.is_whole):
            self.close()
        return end, body


def _answer(connection: socket.socket, method: str) -> tuple[str, bytes, bool]:
    """The status of the next answer, its body, and whether the connection can be used for another request."""
    try:
        with connection.makefile("rb") as stream:
            status = b"100"
            while status == b"100":  # a "100 Continue" goes before the answer
                head = [line := stream.readline()]
                while line.strip():
                    head.append(line := stream.readline())
                if not head[0].startswith(b"HTTP/1"):
                    return CLOSED, b"", False
                status = head[0][9:12]
            headers = {
                name.lower(): value.strip()
                for name, _, value in (line.decode("latin-1").partition(":") for line in head)
            }
            has_body = method != "HEAD" and status not in (b"204", b"304")
            body, is_whole = _body(stream, headers) if has_body else (b"", True)
            return status.decode(), body, is_whole and b"HTTP/1.1" in head[0] and headers.get("connection") != "close"
    except TimeoutError:
        return SILENT, b"", False
    except (OSError, ValueError):
        return CLOSED, b"", False


def _body(stream: IO[bytes], headers: dict[str, str]) -> tuple[bytes, bool]:
    if "content-length" in headers:
        return stream.read(int(headers["content-length"])), True
    if headers.get("transfer-encoding") != "chunked":
        return stream.read(), False
    parts = []
    while size := int(stream.readline().split(b";")[0], 16):
        parts.append(stream.read(size))
        stream.readline()
    stream.readline()
    return b"".join(parts), True
