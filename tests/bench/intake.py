"""`python -m tests.bench.intake [SECONDS]`: the intake beside a plain Django view that stores by one insert.

Both servers run at the same time on the same machine and database, and take turns at being asked by the same client
(`tests.bench.posting`); the one that is not asked costs nothing. The plain view (`tests.bench.plain`) is served by
gunicorn, two processes of eight threads. What was accepted is counted in the database afterwards. Ends by itself.
"""

from __future__ import annotations

import json
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg

from b24app.host.processes import Process
from tests.bench import postgres
from tests.fixtures.stack import ROOT, Stack, free_port, private_services, start_stack, wait_for

SECONDS = 4.0
ROUNDS = 3
CONNECTIONS = (1, 32, 128)
GUNICORN = ["--worker-class", "gthread", "--workers", "2", "--threads", "8", "--keep-alive", "75"]
Figures = dict[str, Any]


@contextmanager
def plain_view(stack: Stack) -> Iterator[str]:
    """The plain view beside the stack, with a table of its own in the same kind of database; its address."""
    url = stack.env["DATABASE_URL"].replace("trace-relay.sqlite3", "plain.sqlite3")
    env = {**stack.env, "PLAIN_DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": ""}
    subprocess.run([sys.executable, "-m", "tests.bench.plain"], cwd=ROOT, env={**os.environ, **env}, check=True)
    port = free_port()
    argv = [sys.executable, "-m", "gunicorn", *GUNICORN, "--bind", f"127.0.0.1:{port}", "tests.bench.plain:application"]
    stack.processes["plain"] = server = Process("plain", argv, env=env, cwd=ROOT, log=stack.data / "plain.log")
    server.start()
    try:
        wait_for(stack, f"http://127.0.0.1:{port}/", whatever=True)
        yield f"http://127.0.0.1:{port}/in/plain/"
    finally:
        server.stop()


def processor_seconds(server: Process) -> float:
    """What the server's processes have computed so far: they are a session of their own."""
    ticks = 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended
            fields = path.read_text().rpartition(")")[2].split()
            ticks += sum(map(int, fields[11:13])) if int(fields[3]) == server.pid else 0
    return ticks / os.sysconf("SC_CLK_TCK")


def ask(server: Process, url: str, connections: int, seconds: float) -> Figures:
    """What the client's process measured, and the server's processor time for each submission."""
    before = processor_seconds(server)
    argv = [sys.executable, "-m", "tests.bench.posting", url, str(connections), str(seconds)]
    done = subprocess.run(argv, cwd=ROOT, check=True, stdout=subprocess.PIPE, timeout=seconds + 60)
    figures: Figures = json.loads(done.stdout)
    figures["processor"] = 1000 * (processor_seconds(server) - before) / max(1, figures["accepted"])
    return figures


def count(url: str, table: str) -> int:
    """The rows of a table."""
    if url.startswith("postgres"):
        with psycopg.connect(url) as connection:
            row = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    else:
        with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
            row = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    return int(row[0]) if row else 0


def compare(stack: Stack, plain: str, ours: str, seconds: float) -> None:
    """Measure in turns and print what came of it."""
    accepted = {"plain": 0, "ours": 0}
    for connections in CONNECTIONS:
        rounds: dict[str, list[Figures]] = {"plain": [], "ours": []}
        for _ in range(ROUNDS):
            for name, url in (("plain", plain), ("ours", ours)):
                server = stack.processes["web" if name == "ours" else "plain"]
                rounds[name].append(ask(server, url, connections, seconds))
                accepted[name] += rounds[name][-1]["accepted"]
        show(connections, rounds)
    url = stack.env["DATABASE_URL"]
    rows = {"ours": count(url, "traces_submission")}
    rows["plain"] = count(url.replace("trace-relay.sqlite3", "plain.sqlite3"), "plain_received")
    print("accepted and stored: " + "; ".join(f"{name} {accepted[name]} and {rows[name]}" for name in rows))


def show(connections: int, rounds: dict[str, list[Figures]]) -> None:
    """A line for each server: medians of its rounds."""
    middle = {
        name: {
            key: statistics.median(one[key] for one in all_of)
            for key in ("per_second", "p50", "p99", "max", "processor")
        }
        for name, all_of in rounds.items()
    }
    ratios = [a["per_second"] / b["per_second"] for a, b in zip(rounds["ours"], rounds["plain"], strict=True)]
    for name, figures in middle.items():
        others: dict[str, int] = {}
        for one in rounds[name]:
            for status, number in one["others"].items():
                others[status] = others.get(status, 0) + number
        ratio = f"   ratio {statistics.median(ratios):.2f}" if name == "ours" else ""
        print(
            f"{connections:3} connections, {name:5}: {figures['per_second']:6.0f} /s   p50 {figures['p50']:6.1f} ms"
            f"   p99 {figures['p99']:6.1f} ms   max {figures['max']:6.1f} ms"
            f"   processor {figures['processor']:.2f} ms a submission{ratio}{f'   {others}' if others else ''}",
            flush=True,
        )


@contextmanager
def databases() -> Iterator[dict[str, dict[str, str]]]:
    """The settings of a stack on each kind of database that is there."""
    with ExitStack() as ending:
        found = {"SQLite, synchronous=FULL": {"DATABASE_URL": "", "REDIS_URL": ""}}
        if os.environ.get("DATABASE_URL", "").startswith("postgres"):
            found["PostgreSQL"] = ending.enter_context(private_services())
        elif postgres.is_there():
            found["PostgreSQL"] = {"DATABASE_URL": ending.enter_context(postgres.postgres()), "REDIS_URL": ""}
        yield found


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS
    with databases() as found:
        for name, services in found.items():
            print(f"{name}:")
            with tempfile.TemporaryDirectory() as folder, start_stack(Path(folder), workers=0, **services) as stack:
                stack.install()
                form = stack.create_form("Bench", "lead")
                with plain_view(stack) as plain:
                    compare(stack, plain, form["url"], seconds)


if __name__ == "__main__":
    main()
