"""`python -m tests.bench.fuzz_http [REQUESTS] [SECONDS] [SEED]`: requests that no one would send, to a running stack.

They go to all public addresses (`fuzz_requests`), over connections that are kept, from several processes, while a
worker delivers what was stored. Then what waits still is waited for. Prints how the requests ended, the slowest, what
became of the rows, and the server's memory before and after. Fails where

- one ended in a 5xx or in silence, or the server does not answer afterwards,
- a row is there that nobody was told of, or one was told of that is not there: each request has a marker, as whose
  Idempotency-Key its row is found, and only one whose connection was closed without an answer may have one or none,
- a row is neither delivered, nor failed with a reason, nor a probe.
"""

from __future__ import annotations

import json
import multiprocessing
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import requests

from tests.bench import fuzz_requests
from tests.bench.fuzz_client import CLOSED, SILENT, TIMEOUT, Client, Tally
from tests.bench.fuzz_requests import BROKEN, BROWSER, NAMED, UNKEYED, Target, fields_of
from tests.fixtures.stack import Stack, private_services, start_stack

PROCESSES, THREADS = 2, 6
SETTLING_SECONDS = 900.0
MAX_GROWTH_MB = 300.0
# The rows, each with the marker of its request, or "".
ROWS = """
import json
from pathlib import Path
from b24app.host.encryption import fingerprint
from traces.models import Submission
markers = {{fingerprint(marker): marker for marker in json.loads(Path({path!r}).read_text())}}
rows = Submission.objects.values_list("form__name", "id", "state", "code", "idempotency_key")
print(json.dumps([(name, str(id), state, bool(code), markers.get(key, "")) for name, id, state, code, key in rows]))
"""
Row = tuple[str, str, str, bool, str]
CSRF = "a" * 32  # a cookie and a field that are alike are all that Django asks for
EVENTS = ("ONAPPINSTALL", "ONAPPUNINSTALL", "ONAPPTEST", "ONSUBSCRIPTIONRENEW", "ONCRMLEADADD", "x")


def targets(stack: Stack) -> list[Target]:
    """All public addresses of a stack with an installed portal, the intake's most often."""
    # Lone traces are delivered fastest; the other kinds take several steps.
    kinds = {NAMED: "trace", UNKEYED: "trace", BROWSER: "contact", BROKEN: "lead"}
    forms = {name: stack.create_form(name, kind) for name, kind in kinds.items()}
    paths = {name: urlsplit(form["url"]).path for name, form in forms.items()}
    key, secret = paths[NAMED].rstrip("/"), f"Authorization: Bearer {forms[NAMED]['secret']}"
    return [
        Target(paths[NAMED], 40, "POST", NAMED),
        Target(paths[UNKEYED], 5, "POST", UNKEYED),
        Target(key, 5, "POST", NAMED, headers=(secret,)),
        Target(paths[BROWSER], 5, "POST", BROWSER, headers=("Accept: text/html",)),
        Target(paths[BROKEN], 15, "POST", BROKEN),
        Target(f"{key}/", 2, form=NAMED),  # an odd method may be POST here too
        *(Target(f"{key}{tail}", 2) for tail in (".js", "/thanks/")),
        Target(f"{key}/0193a5a0-0000-7000-8000-000000000000/", 2, headers=(secret,)),
        *(
            Target(path)
            for path in ("/healthz", "/readyz", "/metrics", "/admin/", "/nothing", "/b24/app/", "/in/openapi.json")
        ),
        *(Target(path) for path in ("/static/traces/snippet.js", "/static/traces/app.js", "/")),
        *_of_the_portal(stack),
    ]


def _of_the_portal(stack: Stack) -> list[Target]:
    """The addresses that a portal and its administrators' browsers call, with what they say to them."""
    opening = stack.sandbox("POST", "/portals/acme/frame_post", user_id=1)
    opened = fields_of(opening["body"])
    query = "&".join(f"{name}={value}" for name, value in opening["query"].items())
    # With the portal's own application token an uninstall would be a good one, and end the rest.
    auth = {"member_id": stack.member_id, "application_token": "a" * 32, "domain": "acme.example", "user_id": "1"}
    tokens = {"access_token": "b" * 70, "refresh_token": "c" * 70, "server_endpoint": f"{stack.oauth_url}/rest/"}
    events = [
        {
            "event": event,
            "ts": str(int(time.time())),
            **{f"auth[{name}]": text for name, text in (auth | tokens).items()},
        }
        for event in EVENTS
    ]
    login = {"csrfmiddlewaretoken": CSRF, "username": "operator", "password": "no, not this one", "next": "/admin/"}
    return [
        *(Target(f"{path}?{query}", 2, "POST", fields=opened) for path in ("/b24/install/", "/b24/app/")),
        *(Target("/b24/events/", 1, "POST", fields=fields_of(event)) for event in events),
        Target("/b24/oauth/callback/?code=a&state=b&server_domain=c&domain=d", 2),
        Target("/admin/login/", 1, "POST", fields=fields_of(login), headers=(f"Cookie: csrftoken={CSRF}",)),
    ]


def send(address: tuple[str, int], places: list[Target], count: int, seconds: float, seed: str) -> Tally:
    """Send as many requests, or what fits into so many seconds, by the threads of this process."""
    ends_at = time.monotonic() + seconds

    def work(number: int) -> Tally:
        tally, client = Tally(), Client(address)
        for request in fuzz_requests.requests(places, count // THREADS, f"{seed} {number}"):
            began = time.monotonic()
            if began > ends_at:
                break
            end, body = client.ask(request)
            tally.add(request, end, body, time.monotonic() - began)
            tally.ends[request.way, "closed, and sent again"] += client.was_sent_again
        client.close()
        return tally

    with ThreadPoolExecutor(THREADS) as threads:
        return _merged(list(threads.map(work, range(THREADS))))


def _merged(tallies: list[Tally]) -> Tally:
    merged = Tally()
    for tally in tallies:
        merged.merge(tally)
    return merged


def run(stack: Stack, places: list[Target], count: int, seconds: float, seed: int) -> Tally:
    """Send requests from all processes."""
    url = urlsplit(stack.app_url)
    address = (url.hostname or "", url.port or 0)
    with ProcessPoolExecutor(PROCESSES, multiprocessing.get_context("spawn")) as processes:
        parts = [
            processes.submit(send, address, places, count // PROCESSES, seconds, f"{seed} {number}")
            for number in range(PROCESSES)
        ]
        return _merged([part.result() for part in parts])


def settle(stack: Stack, markers: list[str]) -> tuple[list[Row], float]:
    """All rows, once none waits; and the seconds that it took."""
    began = time.monotonic()
    while time.monotonic() - began < SETTLING_SECONDS:
        states = stack.counts()["states"]
        if not any(states.get(state) for state in ("queued", "sending", "held")):
            break
        time.sleep(2)
    file = stack.data / "markers.json"
    file.write_text(json.dumps(markers))
    rows: list[Row] = json.loads(stack.run("shell", "--no-imports", "-c", ROWS.format(path=str(file))))
    return rows, time.monotonic() - began


def wrong_rows(tally: Tally, rows: list[Row]) -> list[str]:
    """What is wrong with the rows, in words."""
    found = [*_wrong_markers(tally, rows), *_wrong_ids(tally, rows)]
    open_rows = [row for row in rows if row[2] not in ("delivered", "test") and not (row[2] == "failed" and row[3])]
    if open_rows:
        found.append(f"{len(open_rows)} are neither delivered nor failed with a reason, as {open_rows[0]}")
    return found


def _wrong_markers(tally: Tally, rows: list[Row]) -> list[str]:
    there = {row[4]: (row[0], row[1]) for row in rows if row[4]}
    wrong: dict[str, list[str]] = {}
    for marker, (form, end, number) in tally.marked.items():
        is_told = end.startswith("2") and "no post" not in end or end == "303"
        if is_told and marker not in there:
            wrong.setdefault(f"{form}: told by {end}, and not there", []).append(marker)
        elif not is_told and end not in (CLOSED, SILENT) and marker in there:
            wrong.setdefault(f"{form}: there, and refused by {end}", []).append(marker)
        elif number and marker in there and there[marker] != (form, number):
            wrong.setdefault(f"{form}: there by another id than was told", []).append(marker)
    foreign = [row[1] for row in rows if not row[4] and row[0] != UNKEYED]
    return [
        *(f"{len(markers)} {what}, as {markers[0]!r}" for what, markers in wrong.items()),
        *([f"{len(foreign)} rows of no request, as {foreign[0]}"] if foreign else []),
    ]


def _wrong_ids(tally: Tally, rows: list[Row]) -> Iterator[str]:
    there = {row[1] for row in rows if row[0] == UNKEYED}
    if lost := tally.told - there:
        yield f"{UNKEYED}: {len(lost)} were told of and are not there"
    # What some senders want to read names no row.
    if (surplus := len(there - tally.told) - tally.untold) > 0:
        yield f"{UNKEYED}: {surplus} are there and nobody was told"


def memory(pid: int) -> float:
    """The megabytes in memory of a process and of those that it started."""
    status = Path(f"/proc/{pid}/status").read_text()
    own = int(next(line for line in status.splitlines() if line.startswith("VmRSS:")).split()[1]) / 1024
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return own + sum(memory(int(child)) for child in children)


def main() -> int:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 900.0
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    with (
        tempfile.TemporaryDirectory() as folder,
        private_services() as services,
        start_stack(Path(folder), workers=1, plan="none", **services) as stack,
    ):
        stack.install()
        web, places = stack.processes["web"].pid, targets(stack)
        first = run(stack, places, 500, seconds, seed + 1)  # what is loaded at the first request is no growth
        before, began = memory(web), time.monotonic()
        tally = run(stack, places, count, seconds, seed)
        sent = sum(tally.ends.values())
        took, after = time.monotonic() - began, memory(web)
        is_well = stack.alive() and requests.get(f"{stack.app_url}/readyz", timeout=TIMEOUT).ok
        tally.merge(first)
        rows, settling = settle(stack, list(tally.marked))
        engine = "PostgreSQL" if services["DATABASE_URL"] else "SQLite"
    wrong = wrong_rows(tally, rows)
    _print(tally, rows)
    print(f"\n{engine}: {sent:,} requests in {took:.0f} s, {len(tally.faults)} of them ended in a 5xx or in silence;")
    print(f"{len(rows):,} rows, the last settled {settling:.0f} s later: {'; '.join(wrong) or 'as told'}; the server")
    print(f"{'answers' if is_well else 'is dead'}, and has {before:.0f} MB in memory before, {after:.0f} MB after")
    return int(bool(tally.faults or wrong) or not is_well or after - before > MAX_GROWTH_MB)


def _print(tally: Tally, rows: list[Row]) -> None:
    print("| sent | end | requests |\n|---|---|---|")
    print("\n".join(f"| {way} | {end} | {times:,} |" for (way, end), times in sorted(tally.ends.items())))
    print("\n| form | state | rows |\n|---|---|---|")
    states = Counter((name, state) for name, _number, state, *_ in rows)
    print("\n".join(f"| {name} | {state} | {times:,} |" for (name, state), times in sorted(states.items())))
    print("\n| slowest, ms | sent | bytes |\n|---|---|---|")
    print("\n".join(f"| {one * 1000:,.0f} | {way} | {size:,} |" for one, way, size in reversed(tally.slowest)))
    print("\n".join(["", *tally.faults[:20]]))


if __name__ == "__main__":
    sys.exit(main())
