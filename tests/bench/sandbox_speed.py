"""`python -m tests.bench.sandbox_speed`: how many calls the sandbox portal answers, on one core of its own.

The portal must never be what a benchmark of the product measures. A client in this process, with one
connection that stays open, sends single calls and batches of 50 for a few seconds each.
"""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 4.0
BATCH = 50
NEEDED = {"single calls": 300.0, f"batches of {BATCH}": 40.0}
TRACE = json.dumps(
    {
        "url": "https://shop.example.com/checkout",
        "ref": "https://www.facebook.com/",
        "device": {"isMobile": True},
        "tags": {"ts": 1789990000, "list": {"utm_source": "fb", "utm_medium": "cpc", "utm_campaign": "autumn"}},
        "client": {"gaId": "1122.3344"},
        "pages": {"list": [[f"https://shop.example.com/{n}", 1789999000 + n, f"Page {n}"] for n in range(5)]},
        "previous": {"list": [{"url": "https://shop.example.com/blog", "tags": {"list": {"utm_source": "google"}}}]},
    }
)


def main() -> int:
    pin: list[str] = []
    if sys.platform == "linux":
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, cores[1:] or cores)  # the client has the others
        pin = ["taskset", "-c", str(cores[0])]
    argv = [*pin, sys.executable, "-m", "tests.sandbox", "--portal", "acme:0:none"]
    with subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, text=True) as sandbox:
        try:
            assert sandbox.stdout is not None
            return measure(json.loads(sandbox.stdout.readline()))
        finally:
            sandbox.terminate()


def measure(found: dict[str, Any]) -> int:
    """Print the table; 0 where the portal is fast enough."""
    control = _client(found["oauth_url"])
    _ask(control, "/_sandbox/portals/acme/install", {})
    token = _ask(control, "/_sandbox/portals/acme/issue_tokens", {})["access_token"]
    portal = _client(found["portals"]["acme"]["rest_url"])
    single = {"auth": token, "TRACE": TRACE}
    command = f"crm.tracking.trace.add?{urlencode({'TRACE': TRACE})}"
    batch = {"auth": token, "cmd": {f"c{number}": command for number in range(BATCH)}}
    rates = {
        "single calls": rate(lambda: _ask(portal, "/rest/crm.tracking.trace.add", single)["result"]),
        f"batches of {BATCH}": rate(lambda: len(_ask(portal, "/rest/batch", batch)["result"]["result"]) == BATCH),
    }
    for name, value in rates.items():
        print(f"{name:<16} {value:8.0f} /s   needed {NEEDED[name]:4.0f} /s")
    return 0 if all(rates[name] >= NEEDED[name] for name in rates) else 1


def rate(work: Callable[[], Any]) -> float:
    """How often a second `work` is done, which must return something true."""
    done, began = 0, time.perf_counter()
    while time.perf_counter() - began < SECONDS:
        assert work()
        done += 1
    return done / (time.perf_counter() - began)


def _client(url: str) -> http.client.HTTPConnection:
    parts = urlsplit(url)
    return http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)


def _ask(client: http.client.HTTPConnection, path: str, body: dict[str, Any]) -> Any:
    client.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
    return json.loads(client.getresponse().read())


if __name__ == "__main__":
    sys.exit(main())
