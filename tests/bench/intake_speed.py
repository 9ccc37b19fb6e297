"""`python -m tests.bench.intake_speed`: how fast the intake takes submissions, and how long the slowest waits.

The real web server with its real database on this machine, and a client with 32 connections that stay open.
`DATABASE_URL` is used where it is set (a database of its own is made beside it). Ends by itself.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from pathlib import Path

import aiohttp

from tests.fixtures.stack import private_services, start_stack

SECONDS = 6.0
CONNECTIONS = (1, 32)
BODY = {"TRACE": '{"url":"https://shop.example.com/","tags":{"list":{"utm_source":"google"}}}', "NAME": "x" * 600}


async def measure(url: str, connections: int) -> list[float]:
    """The seconds that each accepted submission took; an answer that is no 200 is an error."""
    until = time.monotonic() + SECONDS
    took: list[float] = []

    async def send() -> None:
        while time.monotonic() < until:
            began = time.perf_counter()
            async with session.post(url, json=BODY) as answer:
                assert answer.status == 200, answer.status
                await answer.read()
            took.append(time.perf_counter() - began)

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=connections)) as session:
        await asyncio.gather(*(send() for _ in range(connections)))
    return took


def main() -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        private_services() as services,
        start_stack(Path(folder), workers=0, **services) as stack,
    ):
        stack.install()
        form = stack.create_form("Bench", "trace")
        for connections in CONNECTIONS:
            took = sorted(asyncio.run(measure(form["url"], connections)))
            cuts = statistics.quantiles(took, n=100)
            print(
                f"{connections:3} connections: {len(took) / SECONDS:6.0f} /s   median {cuts[49] * 1000:6.1f} ms"
                f"   p99 {cuts[98] * 1000:6.1f} ms   max {took[-1] * 1000:6.1f} ms"
            )


if __name__ == "__main__":
    main()
