"""`make bench`: Trace Relay and its peers deliver the same traces to one sandbox, in one run.

    python -m tests.bench.delivery [--cases a,e] [--only "Trace Relay"] [--no-write]

Prints a table and writes it to docs/benchmarks.md. Each run has portals of its own; time is from the start to the last
request that the portal answered; what was lost or doubled is counted from what the portal stored.
"""

from __future__ import annotations

import argparse
import itertools
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import requests

from tests.bench import operating
from tests.bench.cases import CASES, Case, number_of, trace
from tests.bench.peers import PEERS, Peer, Target
from tests.fixtures.stack import ROOT, Stack, private_services, start_stack

OURS = "Trace Relay"
MAX_SECONDS = 40.0
OUR_LONGEST_SECONDS = 150.0  # an answer that is missing is waited for longer than a minute
PAGE = ROOT / "docs" / "benchmarks.md"
BEGIN, END = "<!-- delivery: begin -->", "<!-- delivery: end -->"
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Result:
    """What one sender did in one case."""

    sender: str
    seconds: float
    hits: int
    throttled: int
    stored: int
    lost: int
    doubled: int
    note: str = ""

    def row(self, case: str) -> str:
        """A row of the table."""
        rate = f"{self.stored / self.seconds:,.0f}" if self.seconds else "–"
        seconds = f"{self.seconds:,.1f}{self.note}"
        counts = " | ".join(f"{count:,}" for count in (self.hits, self.throttled, self.lost, self.doubled))
        return f"| {case} | {self.sender} | {seconds} | {rate} | {counts} |"


def main() -> int:
    asked = _arguments()
    cases = [case for case in CASES if not asked.cases or case.key in asked.cases.split(",")]
    senders = [name for name in [OURS, *PEERS] if not asked.only or name == asked.only]
    lines = [
        "| case | sender | seconds | traces/s | requests | 503s provoked | lost | doubled |",
        "|---|---|---|---|---|---|---|---|",
    ]
    with (
        tempfile.TemporaryDirectory() as folder,
        private_services() as services,
        start_stack(Path(folder), workers=os.cpu_count() or 1, plan="none", **services) as stack,
    ):
        for case in cases:
            lines.append(f"| **{case.key}** | *allowed: {case.theory}* | | | | | | |")
            lines += [run(stack, case, sender).row(case.key) for sender in senders]
            print("\n".join(lines[-len(senders) - 1 :]), flush=True)
    if not asked.cases or "b" in asked.cases.split(","):
        lines += operating.table(senders)
    text = "\n".join([*(f"({case.key}) {case.title}." for case in cases), "", *lines])
    print(text)
    if not asked.no_write:
        _write(text)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.delivery")
    parser.add_argument("--cases", default="", help="such as a,e")
    parser.add_argument("--only", default="", help="one sender")
    parser.add_argument("--no-write", action="store_true", help="leave docs/benchmarks.md alone")
    return parser.parse_args()


def run(stack: Stack, case: Case, sender: str) -> Result:
    """Let one sender do the work of a case."""
    stack.sandbox("DELETE", "/faults")
    names = [f"{case.key}{next(_numbers)}".replace("+", "p") for _ in range(case.portals)]
    for name in names:
        facts = {"plan": case.plan, "host": "localhost", "command_seconds": case.command_seconds}
        stack.sandbox("POST", "/portals", name=name, **facts)
    traces = [trace(number) for number in range(case.traces)]
    send = _ours if sender == OURS else _peer
    began, note = send(stack, case, sender, names, traces)
    portals = stack.sandbox("GET", "/state")["portals"]
    chosen = [portals[name] for name in names]
    stack.sandbox("DELETE", "/faults")
    stored = [Counter(map(number_of, stack.sandbox("GET", f"/portals/{name}/traces"))) for name in names]
    ended = max((portal["last_hits"][-1]["at"] for portal in chosen if portal["last_hits"]), default=began)
    return Result(
        sender,
        ended - began,
        hits=sum(portal["hits"] for portal in chosen),
        throttled=sum(portal["throttled"] for portal in chosen),
        stored=sum(map(len, stored)),
        lost=sum(case.traces - len(numbers) for numbers in stored),
        doubled=sum(times > 1 for numbers in stored for times in numbers.values()),
        note=note,
    )


def _ours(stack: Stack, case: Case, _: str, names: Sequence[str], traces: Sequence[str]) -> tuple[float, str]:
    members = []
    for name in names:
        opening = stack.sandbox("POST", f"/portals/{name}/frame_post", user_id=1)
        address = f"{stack.app_url}/b24/install/"
        requests.post(address, params=opening["query"], data=opening["body"], timeout=30).raise_for_status()
        members.append(opening["body"]["member_id"])
    _add_faults(stack, case)
    fill = [sys.executable, "-m", "tests.bench.queue", case.our_plan, str(case.traces), *members]
    environment = {**os.environ, **stack.env}
    filled = subprocess.run(fill, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    began = float(filled.stdout.split()[-1])
    wanted = len(names) * len(traces)
    while time.time() < began + OUR_LONGEST_SECONDS:
        portals = stack.sandbox("GET", "/state")["portals"]
        if sum(portals[name]["traces"] for name in names) >= wanted:
            states = stack.counts()["states"]
            if states["queued"] + states["sending"] == 0:
                return began, ""
        time.sleep(0.5)
    return began, " (stopped)"


def _add_faults(stack: Stack, case: Case) -> None:
    for fault in case.faults:
        stack.sandbox("POST", "/faults", **fault)


def _peer(stack: Stack, case: Case, sender: str, names: Sequence[str], traces: list[str]) -> tuple[float, str]:
    targets: list[Target] = []
    for name in names:
        stack.sandbox("POST", f"/portals/{name}/frame_post", user_id=1)
        tokens = stack.sandbox("POST", f"/portals/{name}/issue_tokens")
        found = stack.sandbox("GET", "/state")["portals"][name]
        pair = (tokens["access_token"], tokens["refresh_token"])
        targets.append(Target(found["domain"], found["rest_url"], *pair, found["webhook_url"]))
    _add_faults(stack, case)
    process = multiprocessing.get_context("fork").Process(target=_send_all, args=(PEERS[sender], targets, traces))
    began = time.time()
    process.start()
    process.join(MAX_SECONDS)
    if process.is_alive():
        process.kill()
        process.join()
        return began, " (stopped)"
    return began, "" if process.exitcode == 0 else " (gave up)"


def _send_all(peer: Peer, targets: Sequence[Target], traces: list[str]) -> None:
    for target in targets:
        peer(target, traces)


def _write(text: str) -> None:
    page = PAGE.read_text()
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}")


if __name__ == "__main__":
    sys.exit(main())
