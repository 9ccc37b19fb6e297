"""`python -m tests.bench.fuzz_http [BODIES] [SECONDS] [SEED]`: requests that no one would send, to a running server.

The bodies are those of `fuzz_intake`; here they travel over sockets of their own: chunked, cut off, with a wrong
length, or behind absurd headers. Prints how the requests ended, the slowest, and the server's memory before and after.
Fails where one ended in a 5xx, in silence, or where the server does not answer afterwards.
"""

from __future__ import annotations

import random
import socket
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import requests

from tests.bench import fuzz_intake
from tests.bench.fuzz_intake import Body
from tests.fixtures.stack import Stack, start_stack

THREADS = 8
TIMEOUT = 20.0  # for one answer; the server gives a request less
MAX_GROWTH_MB = 300.0
CLOSED, SILENT = "closed without an answer", "silence"
HEADERS = [
    *("X-Long: " + "a" * 60_000, "X-Binary: \xff\xfe\x80", "X-Empty:", "Cookie: " + "a=b; " * 2000),
    *("Expect: 100-continue", "Content-Encoding: gzip", "Accept-Language: " + "xx," * 3000, "Origin: null"),
    *("Idempotency-Key: \xe9", "Authorization: Bearer " + "x" * 5000, "Referer: " + "?" * 9000, "Range: bytes=0-"),
    *("X-Forwarded-For: " + "1," * 3000, "Connection: upgrade", "Upgrade: h2c", "Accept: text/html"),
]
LENGTHS = ["-1", "abc", "1e3", "0x10", "99999999999999999999", "", " 5", "5, 6"]


class Tally:
    """How requests ended, for all threads."""

    def __init__(self) -> None:
        self.ends: Counter[tuple[str, str]] = Counter()
        self.slowest: list[tuple[float, str, int]] = []
        self.lock = threading.Lock()

    def add(self, way: str, end: str, seconds: float, size: int) -> None:
        """Count one request: the `way` it was sent in, and its `end`."""
        with self.lock:
            self.ends[way, end] += 1
            self.slowest = sorted([*self.slowest, (seconds, way, size)])[-5:]

    @property
    def faults(self) -> int:
        """How many ended as none may."""
        return sum(times for (_, end), times in self.ends.items() if end == SILENT or end.startswith("5"))


def head(path: str, body: Body, *headers: str, method: str = "POST", version: str = "1.1") -> bytes:
    """The head of a request."""
    lines = [f"{method} {path} HTTP/{version}", "Host: 127.0.0.1", f"Content-Type: {body.content_type}", *headers]
    return (
        "\r\n".join(line.replace("\r", "").replace("\n", "") for line in lines).encode("latin-1", "replace")
        + b"\r\n\r\n"
    )


def plain(path: str, body: Body, chance: random.Random) -> bytes:
    """A request as it should be."""
    return head(path, body, f"Content-Length: {len(body.raw)}") + body.raw


def chunked(path: str, body: Body, chance: random.Random) -> bytes:
    """A body in chunks of many sizes."""
    return head(path, body, "Transfer-Encoding: chunked") + _chunks(body.raw, chance) + b"0\r\n\r\n"


def cut_chunks(path: str, body: Body, chance: random.Random) -> bytes:
    """Chunks that end in the middle, or without the last one."""
    whole = _chunks(body.raw, chance)
    return head(path, body, "Transfer-Encoding: chunked") + whole[: chance.randrange(len(whole) + 1)]


def odd_chunks(path: str, body: Body, chance: random.Random) -> bytes:
    """Chunks whose sizes are none."""
    size = chance.choice((b"zz", b"-1", b"ffffffffffffffffff", b"", b"5;" + b"a" * 5000))
    return head(path, body, "Transfer-Encoding: chunked") + size + b"\r\n" + body.raw + b"\r\n0\r\n\r\n"


def cut_off(path: str, body: Body, chance: random.Random) -> bytes:
    """A body with fewer bytes than it declares."""
    return head(path, body, f"Content-Length: {len(body.raw) + chance.randrange(1, 9000)}") + body.raw


def too_short(path: str, body: Body, chance: random.Random) -> bytes:
    """A body with more bytes than it declares."""
    return head(path, body, f"Content-Length: {chance.randrange(len(body.raw) + 1)}") + body.raw


def odd_length(path: str, body: Body, chance: random.Random) -> bytes:
    """A length that is none, or two of them, or one beside chunks."""
    others = chance.choice(
        ([], ["Content-Length: 5"], ["Transfer-Encoding: chunked"], ["Transfer-Encoding: gzip, chunked"])
    )
    return head(path, body, f"Content-Length: {chance.choice(LENGTHS)}", *others) + body.raw


def odd_headers(path: str, body: Body, chance: random.Random) -> bytes:
    """A request with headers, a method or an address of its own."""
    extra = chance.choices(HEADERS, k=chance.randrange(1, 4))
    method = chance.choice(("POST", "POST", "PUT", "PATCH", "QUERY", "post", "OPTIONS"))
    where = path + chance.choice(("", "?" + "a=b&" * 150, "?%00=%ff", "?utm_source=%ed%a0%80", "%00", "/" * 300))
    version = chance.choice(("1.1", "1.1", "1.0", "9.9"))
    return head(where, body, *extra, f"Content-Length: {len(body.raw)}", method=method, version=version) + body.raw


def noise(path: str, body: Body, chance: random.Random) -> bytes:
    """Bytes that are no request at all."""
    return body.raw[:2000] + b"\r\n\r\n"


Way = Callable[[str, Body, random.Random], bytes]
WAYS: list[Way] = [
    plain,
    plain,
    chunked,
    chunked,
    cut_chunks,
    odd_chunks,
    cut_off,
    too_short,
    odd_length,
    odd_headers,
    noise,
]

WHOLE: list[Way] = [plain, chunked, odd_headers]


def _chunks(raw: bytes, chance: random.Random) -> bytes:
    parts: list[bytes] = []
    at = 0
    while at < len(raw):
        size = chance.choice((1, 7, 500, 8192, 65_536)) if len(raw) < 20_000 else 65_536
        part = raw[at : at + size]
        parts.append(b"%x\r\n%s\r\n" % (len(part), part))
        at += size
    return b"".join(parts)


def ask(address: tuple[str, int], request: bytes, *, is_whole: bool) -> str:
    """Send bytes on a connection of their own; the answer's status, or how it ended.

    Where the request is not whole nothing more is to come, and the server is told so. (It answers nobody who is gone.)
    """
    with socket.create_connection(address, timeout=TIMEOUT) as connection:
        try:
            connection.sendall(request)
            if not is_whole:
                connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # the server has seen enough; its answer may still be there
        try:
            answer = connection.recv(64)
        except TimeoutError:
            return SILENT
        except OSError:
            return CLOSED
    return answer[9:12].decode("latin-1") if answer.startswith(b"HTTP/1") else CLOSED


def memory(pid: int) -> float:
    """The megabytes in memory of a process and of those that it started."""
    status = Path(f"/proc/{pid}/status").read_text()
    own = int(next(line for line in status.splitlines() if line.startswith("VmRSS:")).split()[1]) / 1024
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return own + sum(memory(int(child)) for child in children)


def run(stack: Stack, count: int, seconds: float, seed: int) -> tuple[Tally, float]:
    """Send as many requests, or what fits into so many seconds; how they ended, and the seconds that it took."""
    path = urlsplit(stack.create_form("Fuzz", "trace")["url"]).path
    url = urlsplit(stack.app_url)
    address = (url.hostname or "", url.port or 0)
    tally, bodies, lock = Tally(), fuzz_intake.bodies(count, seed), threading.Lock()
    began = time.monotonic()

    def work(number: int) -> None:
        chance = random.Random(f"{seed} {number}")
        while time.monotonic() - began < seconds and (body := _next(bodies, lock)):
            way = chance.choice(WAYS)
            sent = way(path, body, chance)
            start = time.monotonic()
            end = ask(address, sent, is_whole=way in WHOLE)
            tally.add(way.__name__, end, time.monotonic() - start, len(sent))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return tally, time.monotonic() - began


def _next(bodies: Iterator[Body], lock: threading.Lock) -> Body | None:
    with lock:
        return next(bodies, None)


def main() -> int:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 240.0
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    with tempfile.TemporaryDirectory() as folder, start_stack(Path(folder), workers=0) as stack:
        stack.install()
        web = stack.processes["web"].pid
        run(stack, 500, seconds, seed + 1)  # what is loaded at the first request is no growth
        before = memory(web)
        tally, took = run(stack, count, seconds, seed)
        after = memory(web)
        is_well = stack.alive() and requests.get(f"{stack.app_url}/readyz", timeout=TIMEOUT).ok
    sent = sum(tally.ends.values())
    print("| sent | end | requests |\n|---|---|---|")
    print("\n".join(f"| {way} | {end} | {times:,} |" for (way, end), times in sorted(tally.ends.items())))
    print("\n| slowest, ms | sent | bytes |\n|---|---|---|")
    for one, way, size in reversed(tally.slowest):
        print(f"| {one * 1000:,.0f} | {way} | {size:,} |")
    print(f"\n{sent:,} requests in {took:.0f} s, {tally.faults} of them ended in a 5xx or in silence; the server")
    print(f"{'answers' if is_well else 'is dead'}, and has {before:.0f} MB in memory before, {after:.0f} MB after")
    return int(bool(tally.faults) or not is_well or after - before > MAX_GROWTH_MB)


if __name__ == "__main__":
    sys.exit(main())
