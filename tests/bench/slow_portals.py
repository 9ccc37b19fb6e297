"""`python -m tests.bench.slow_portals`: whether portals that answer slowly, hugely or not at all delay the others.

Twelve portals get a submission each every two seconds. In the first run all are well; in the second one of them answers
byte by byte, one with 200 MB, and one hangs, without any of it ever ending in an answer. Printed are the times from the
visitor's request to the delivered trace on the nine others, and what the workers' memory grew to.
"""

from __future__ import annotations

import json
import socket
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import requests

from tests.fixtures.odd_servers import serving
from tests.fixtures.stack import Stack, private_services, start_stack

PORTALS, SECONDS, EVERY_SECONDS = 12, 100.0, 2.0
HUGE = 200 * 1024 * 1024
HEAD, PIECE = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", b" " * 2**20
MAX_RATIO = 1.5
AIM = "from b24app.models import Portal; Portal.objects.filter(member_id={!r}).update(client_endpoint={!r})"
TIMES = """
import json
from traces.models import Submission
rows = Submission.objects.filter(portal__member_id__in={members!r}, received_at__gte={since!r})
seconds = lambda row: (row.delivered_at - row.received_at).total_seconds() if row.delivered_at else None
print(json.dumps(list(map(seconds, rows))))
"""


def main() -> int:
    with (
        tempfile.TemporaryDirectory() as folder,
        private_services() as services,
        start_stack(Path(folder), workers=2, plan="standard", **services) as stack,
        ExitStack() as odd,
    ):
        forms = dict(_portal(stack, f"portal{number}") for number in range(PORTALS))
        members = list(forms)
        well = _run(stack, forms, members[3:])
        memory = _memory(stack)
        answers: list[Callable[..., None]] = [_trickle, _pour, _hang]
        for member_id, answer in zip(members, answers, strict=False):
            port = odd.enter_context(serving(answer))
            stack.run("shell", "-v", "0", "-c", AIM.format(member_id, f"http://127.0.0.1:{port}/rest/"))
        beside = _run(stack, forms, members[3:])
        grown = _memory(stack)
    print("| three of twelve portals | median | 95th of 100 | not delivered at the end | MiB of the workers |")
    print("|---|---|---|---|---|")
    for name, times, megabytes in (("well", well, memory), ("trickle, pour, hang", beside, grown)):
        done = sorted(seconds for seconds in times if seconds is not None)
        median, slow = statistics.median(done) * 1000, done[int(len(done) * 0.95)] * 1000
        print(
            f"| {name} | {median:.0f} ms | {slow:.0f} ms | {len(times) - len(done)} of {len(times)} | {megabytes:.0f} |"
        )
    ratio = _median(beside) / _median(well)
    print(f"ratio of the medians: {ratio:.2f}")
    return 0 if ratio <= MAX_RATIO else 1


def _trickle(connection: socket.socket, asked: bytes, over: threading.Event) -> None:
    connection.sendall(HEAD % HUGE)
    while not over.wait(0.05):
        connection.sendall(b" ")


def _pour(connection: socket.socket, asked: bytes, over: threading.Event) -> None:
    connection.sendall(HEAD % HUGE)
    for _ in range(HUGE // len(PIECE)):
        connection.sendall(PIECE)


def _hang(connection: socket.socket, asked: bytes, over: threading.Event) -> None:
    over.wait()


def _median(times: list[float | None]) -> float:
    return statistics.median(seconds for seconds in times if seconds is not None)


def _portal(stack: Stack, name: str) -> tuple[str, str]:
    """A portal with the application installed: its member_id, and the address of a form."""
    stack.sandbox("POST", "/portals", name=name, host="localhost")
    opening = stack.sandbox("POST", f"/portals/{name}/frame_post", user_id=1)
    page = f"{stack.app_url}/b24/install/"
    requests.post(page, params=opening["query"], data=opening["body"], timeout=30).raise_for_status()
    member_id = opening["body"]["member_id"]
    made = stack.run("form_create", "--portal", member_id, "--name", "Form", "--creates", "trace", "--json")
    return member_id, json.loads(made)["url"]


def _run(stack: Stack, forms: dict[str, str], watched: list[str]) -> list[float | None]:
    """Send to all forms in turn; the seconds until delivery on the portals that are watched."""
    since, until = time.time(), time.monotonic() + SECONDS
    with requests.Session() as visitor:
        while time.monotonic() < until:
            round_ends = time.monotonic() + EVERY_SECONDS
            for url in forms.values():
                visitor.post(url, json={"page_url": "https://shop.example/"}, timeout=30).raise_for_status()
                time.sleep(EVERY_SECONDS / len(forms) * 0.8)
            time.sleep(max(0.0, round_ends - time.monotonic()))
    time.sleep(3)
    moment = time.strftime("%Y-%m-%d %H:%M:%S+00:00", time.gmtime(since))
    found = stack.run("shell", "-v", "0", "-c", TIMES.format(members=watched, since=moment))
    times: list[float | None] = json.loads(found)
    return times


def _memory(stack: Stack) -> float:
    """The MiB that the workers have had at most."""
    peaks = []
    for name, process in stack.processes.items():
        if name.startswith("worker"):
            status = Path(f"/proc/{process.pid}/status").read_text()
            peaks.append(int(status.partition("VmHWM:")[2].split()[0]) / 1024)
    return sum(peaks)


if __name__ == "__main__":
    sys.exit(main())
