"""`python -m tests.bench.fairness`: whether a portal with 50,000 queued submissions delays another's single one.

From the visitor's request to the delivered trace, on a second portal: median of 20 while the first is idle, and while
it is sent to as fast as an ordinary plan allows.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import requests

from tests.fixtures.stack import ROOT, Stack, private_services, start_stack

QUEUED = 50_000
ROUNDS = 20
PAUSE_SECONDS = 0.6  # slower than the second portal's own limit


def main() -> int:
    with (
        tempfile.TemporaryDirectory() as folder,
        private_services() as services,
        start_stack(Path(folder), workers=1, plan="standard", **services) as stack,
    ):
        stack.install()
        stack.sandbox("POST", "/portals/acme/set", command_seconds=0.02)
        url, secret = _second_portal(stack)
        _deliver(url, secret)
        idle = [_deliver(url, secret) for _ in range(ROUNDS)]
        queue = [sys.executable, "-m", "tests.bench.queue", "standard", str(QUEUED), stack.member_id]
        subprocess.run(queue, cwd=ROOT, env={**os.environ, **stack.env}, stdout=subprocess.DEVNULL, check=True)
        time.sleep(5)
        busy = [_deliver(url, secret) for _ in range(ROUNDS)]
        left = stack.counts()["states"]["queued"]
    print("| first portal | median | slowest |\n|---|---|---|")
    for name, times in (("idle", idle), (f"{QUEUED:,} queued", busy)):
        print(f"| {name} | {statistics.median(times) * 1000:.0f} ms | {max(times) * 1000:.0f} ms |")
    ratio = statistics.median(busy) / statistics.median(idle)
    print(f"ratio of the medians: {ratio:.2f}; {left:,} still queued at the end")
    return 0


def _second_portal(stack: Stack) -> tuple[str, str]:
    """A form's address on another portal, and its secret."""
    stack.sandbox("POST", "/portals", name="second", host="localhost")
    opening = stack.sandbox("POST", "/portals/second/frame_post", user_id=1)
    page = f"{stack.app_url}/b24/install/"
    requests.post(page, params=opening["query"], data=opening["body"], timeout=30).raise_for_status()
    member_id = opening["body"]["member_id"]
    made = json.loads(
        stack.run("form_create", "--portal", member_id, "--name", "Second", "--creates", "trace", "--json")
    )
    return made["url"], made["secret"]


def _deliver(url: str, secret: str) -> float:
    """Seconds from the request to "delivered", seen by asking for the submission's state."""
    time.sleep(PAUSE_SECONDS)
    began = time.monotonic()
    with requests.Session() as session:
        id = session.post(url, json={"page_url": "https://shop.example/"}, timeout=30).json()["id"]
        session.headers["Authorization"] = f"Bearer {secret}"
        while session.get(f"{url}{id}/", timeout=30).json()["status"] != "delivered":
            time.sleep(0.002)
    return time.monotonic() - began


if __name__ == "__main__":
    sys.exit(main())
