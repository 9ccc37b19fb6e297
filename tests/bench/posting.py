"""`python -m tests.bench.posting URL CONNECTIONS SECONDS`: post submissions as fast as a server takes them.

It shares the processors with the server that it measures, so it is one loop over sockets that stay open, and no more.
Prints its figures as JSON.
"""

from __future__ import annotations

import json
import select
import socket
import statistics
import sys
import time
from urllib.parse import urlsplit

# As a website's form sends it: who, what, and the trace of the pages before. No two bodies are the same.
TRACE = {
    "url": "https://shop.example.com/bicycles/city?utm_source=google&utm_medium=cpc&utm_campaign=autumn&gclid=EAIaIQob",
    "ref": "https://www.google.com/",
    "device": {"isMobile": False},
    "tags": {"ts": 1796000000, "list": {"utm_source": "google", "utm_medium": "cpc", "utm_campaign": "autumn"}},
    "client": {"gaId": "155412379.1796000000", "yaId": "1796000000514870392"},
    "pages": {
        "list": [
            ["https://shop.example.com/", 1795999900, "City bicycles for every day"],
            ["https://shop.example.com/bicycles/city", 1796000000, "City bicycles: all models"],
        ]
    },
}
BODY_BYTES = 1100
_ROOM = "order 00000000 "


class Figures:
    """What came of the posts: the milliseconds of those that got a 200, and how many others there were."""

    def __init__(self) -> None:
        self.milliseconds: list[float] = []
        self.others: dict[str, int] = {}

    def note(self, status: str, seconds: float) -> None:
        """Note one answer; `status` is "closed" where there was none."""
        if status == "200":
            self.milliseconds.append(seconds * 1000)
        else:
            self.others[status] = self.others.get(status, 0) + 1

    def told(self, seconds: float) -> dict[str, object]:
        """The figures by their names."""
        took = sorted(self.milliseconds) or [0.0, 0.0]
        cuts = statistics.quantiles(took, n=100)
        return {
            "accepted": len(self.milliseconds),
            "per_second": len(self.milliseconds) / seconds,
            "p50": cuts[49],
            "p99": cuts[98],
            "max": took[-1],
            "others": self.others,
        }


class Client:
    """One connection, which posts again as soon as it is answered."""

    number = int(time.time()) % 100_000 * 1000

    def __init__(self, address: tuple[str, int], before: bytes, after: bytes) -> None:
        self._address, self._before, self._after = address, before, after
        self.connect()

    def connect(self) -> None:
        """Connect anew."""
        self.socket = socket.create_connection(self._address, timeout=30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._answer = b""

    def post(self) -> None:
        """Send the next submission."""
        Client.number += 1
        self._answer = b""
        self.began = time.perf_counter()
        self.socket.sendall(self._before + b"%08d" % (Client.number % 100_000_000) + self._after)

    def status(self) -> str:
        """Read what has come: the status once the answer is whole, "" before, "closed" where the connection is."""
        try:
            chunk = self.socket.recv(65536)
        except OSError:
            chunk = b""
        self._answer += chunk
        head, found, body = self._answer.partition(b"\r\n\r\n")
        if found:
            _, has_length, length = head.lower().partition(b"content-length:")
            is_chunked = not has_length and b"chunked" in head
            if body.endswith(b"0\r\n\r\n") if is_chunked else len(body) >= int(length.partition(b"\r\n")[0] or 0):
                return head[9:12].decode()
        return "" if chunk else "closed"


def request_of(url: str) -> tuple[bytes, bytes]:
    """The request up to the number that tells the bodies apart, and behind it."""
    parts = urlsplit(url)
    fields = {"name": "Ines Martin", "phone": "+33 1 70 00 00 00", "email": "ines@mail.example", "comments": _ROOM}
    body = json.dumps({**fields, "TRACE": json.dumps(TRACE)})
    body = body.replace(_ROOM, _ROOM + "x" * (BODY_BYTES - len(body)))
    head = (
        f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nUser-Agent: Mozilla/5.0\r\nAccept: */*\r\n"
        "Origin: https://shop.example.com\r\nReferer: https://shop.example.com/bicycles/city\r\n\r\n"
    )
    before, _, after = (head + body).partition("00000000")
    return before.encode(), after.encode()


def measure(url: str, connections: int, seconds: float) -> Figures:
    """Post over so many connections for so many seconds; each is waited for at the end."""
    parts = urlsplit(url)
    before, after = request_of(url)
    figures, waiting = Figures(), select.epoll()
    clients: dict[int, Client] = {}
    for _ in range(connections):
        client = Client((parts.hostname or "", parts.port or 80), before, after)
        clients[client.socket.fileno()] = client
        waiting.register(client.socket, select.EPOLLIN)
        client.post()
    until = time.perf_counter() + seconds
    while clients:
        for number, _event in waiting.poll(30):
            client = clients[number]
            status = client.status()
            if not status:
                continue
            now = time.perf_counter()
            figures.note(status, now - client.began)
            if now >= until or status == "closed":
                waiting.unregister(number)
                client.socket.close()
                del clients[number]
            else:
                client.post()
    return figures


def main() -> None:
    url, connections, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
    print(json.dumps(measure(url, connections, seconds).told(seconds)))


if __name__ == "__main__":
    main()
