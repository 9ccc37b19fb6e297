"""What else sends traces to a portal: each peer as its own documentation shows it, with its own settings.

A peer takes a `Target` and the TRACE texts and sends them all. What it gives up is lost; nothing is made better here.
Only what keeps the peers from speaking http to a sandbox is changed.
"""

# mypy: disable-error-code="import-untyped"

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any
from unittest import mock

import requests

METHOD = "crm.tracking.trace.add"
TRIES = 5


@dataclass(frozen=True, slots=True)
class Target:
    """A portal with the application installed: an access token, and the address of a webhook."""

    domain: str
    rest_url: str
    token: str
    refresh_token: str
    webhook_url: str


Peer = Callable[[Target, list[str]], None]


class OutOfTime(Exception):
    """The time that the benchmark gives to a run is over."""


def requests_loop(target: Target, traces: list[str]) -> None:
    """The script that one finds everywhere: a call each, five tries, a second between them."""
    with requests.Session() as session:
        for trace in traces:
            for _ in range(TRIES):
                try:
                    body = {"auth": target.token, "TRACE": trace}
                    if "result" in session.post(target.rest_url + METHOD, json=body, timeout=70).json():
                        break
                except (requests.RequestException, ValueError):
                    pass
                time.sleep(1)


def b24pysdk_single(target: Target, traces: list[str]) -> None:
    """The official client, call by call."""
    with _b24pysdk(target) as token:
        for trace in traces:
            _or_lost(lambda trace=trace: token.call_method(METHOD, {"TRACE": trace}))  # type: ignore[misc]


def b24pysdk_batch(target: Target, traces: list[str]) -> None:
    """The official client's batches of 50."""
    with _b24pysdk(target) as token:
        for first in range(0, len(traces), 50):
            methods = {f"c{n}": (METHOD, {"TRACE": trace}) for n, trace in enumerate(traces[first : first + 50])}
            _or_lost(lambda methods=methods: token.call_batch(methods))  # type: ignore[misc]


def _or_lost(call: Callable[[], Any]) -> None:
    try:
        call()
    except OutOfTime:
        raise
    except Exception:  # whatever it raises at last, it has given this one up
        pass


@contextmanager
def _b24pysdk(target: Target) -> Iterator[Any]:
    from b24pysdk.credentials import BitrixApp, BitrixToken

    caller = sys.modules["b24pysdk.api.callers.call_method"]._MethodCaller
    with mock.patch.object(caller, "_base_url", property(lambda self: f"http://{self._domain}/rest")):
        yield BitrixToken(
            domain=target.domain,
            auth_token=target.token,
            refresh_token=target.refresh_token,
            bitrix_app=BitrixApp(client_id="local.sandbox", client_secret="-"),
        )


def fast_bitrix24(target: Target, traces: list[str]) -> None:
    """Its `call` with a list, which packs batches and sends up to 50 of them at once."""
    from fast_bitrix24 import Bitrix

    _or_lost(lambda: Bitrix(target.webhook_url, verbose=False).call(METHOD, [{"TRACE": trace} for trace in traces]))


PEERS: dict[str, Peer] = {
    "requests loop": requests_loop,
    "b24pysdk, single": b24pysdk_single,
    "b24pysdk, batch": b24pysdk_batch,
    "fast_bitrix24": fast_bitrix24,
}


@contextmanager
def simulated(now: Callable[[], float], advance: Callable[[float], None], end: float) -> Iterator[None]:
    """Let the peers wait on a clock that only steps; past `end` they are stopped."""
    import fast_bitrix24.srh
    import fast_bitrix24.throttle

    def sleep(seconds: float) -> None:
        advance(max(0.0, seconds))
        if now() > end:
            raise OutOfTime

    async def sleep_too(seconds: float) -> None:
        sleep(seconds)

    clock = SimpleNamespace(monotonic=now, time=now, sleep=sleep)
    loop = SimpleNamespace(sleep=sleep_too)
    with (
        mock.patch.object(time, "sleep", sleep),
        mock.patch.object(fast_bitrix24.srh, "sleep", sleep_too),
        mock.patch.object(fast_bitrix24.throttle, "time", clock),
        mock.patch.object(fast_bitrix24.throttle, "asyncio", loop),
    ):
        yield
