"""`python -m tests.bench.throttled`: what we send of what a portal has left, where its bucket is not ours alone.

A backlog on an ordinary plan, on a clock that only steps: once with the bucket full at the start, so that the first
request is answered 503, and once beside another program at our address that takes half of what drains. Left is what
the portal lets in, without what the other program got.
"""

from __future__ import annotations

import json
import os
import sys
from types import SimpleNamespace
from unittest import mock

from tests.bench import apart
from tests.bench.cases import trace
from tests.sandbox import Sandbox
from tests.sandbox.clock import SteppedClock
from tests.sandbox.limits import PLANS
from tests.sandbox.portal import Portal as SandboxPortal

TRACES, SECONDS, COMMAND_SECONDS = 18_000, 150.0, 0.001
ADDRESS = "127.0.0.1"
CASES = {"full": "one 503 at the start", "shared": "another program takes half"}


class SharedClock(SteppedClock):
    """A clock by which another program sends a request to the portal each `every` seconds (0: none)."""

    def __init__(self) -> None:
        super().__init__()
        self.portal: SandboxPortal | None = None
        self.every, self.taken, self.next = 0.0, 0, 0.0

    def advance(self, seconds: float) -> None:
        end = self.ahead + seconds
        while self.every and self.portal and self.next <= end:
            self.ahead = self.next
            self.taken += self.portal.let_in(ADDRESS)
            self.next += self.every
        self.ahead = end


def main() -> int:
    print("| case | seconds | left, requests | sent | of it | 503s |\n|---|---|---|---|---|---|")
    shares = []
    for case, title in CASES.items():
        found = apart.figures_of("tests.bench.throttled", case)
        shares.append(found["sent"] / found["left"])
        figures = f"{SECONDS:.0f} | {found['left']:.0f} | {found['sent']:.0f} | {shares[-1]:.1%} | {found['throttled']}"
        print(f"| {title} | {figures} |", flush=True)
    return 0 if min(shares) >= 0.9 else 1


def measure(case: str) -> dict[str, float]:
    """Send for so many seconds; the requests that were left for us, those that passed, and the 503s."""
    with Sandbox() as sandbox:
        clock = SharedClock()
        sandbox.clock = clock
        portal = sandbox.add_portal("acme", command_seconds=COMMAND_SECONDS)
        portal.clock = clock
        portal.active = portal.installed = True
        burst, rate = PLANS["standard"]
        row_pk = _backlog(sandbox, portal)
        portal.buckets.clear()  # of what the installation took
        portal.hits.clear()
        if case == "full":
            while portal.let_in(ADDRESS):
                pass
        else:
            clock.portal, clock.every, clock.next = portal, 2 / rate, clock.ahead
        _send(row_pk, clock)
        left = rate * SECONDS + (0 if case == "full" else burst) - clock.taken
        throttled = sum(hit.status == 503 for hit in portal.hits)
        return {"left": left, "sent": len(portal.hits) - throttled, "throttled": throttled}


def _backlog(sandbox: Sandbox, portal: SandboxPortal) -> int:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "b24app.settings")
    django.setup()
    from django.conf import settings

    from b24app.portal import install
    from traces.models import Form, Submission

    settings.SENDER_THREADS = 0
    settings.B24_OAUTH_HOSTS = [sandbox.oauth_url]
    settings.B24_CLIENT_ID, settings.B24_CLIENT_SECRET = sandbox.client_id, sandbox.client_secret
    row = install.open_frame(install.claim_of_frame(*portal.frame_post())).portal
    form = Form.objects.create(portal=row, name="Bench", secret_hash="0" * 64)
    facts = {"portal": row, "form": form, "body_hash": "0" * 64}
    bodies = ({"TRACE": trace(number)} for number in range(TRACES))
    Submission.objects.bulk_create((Submission(body=body, **facts) for body in bodies), batch_size=500)
    return row.pk


def _send(portal_pk: int, clock: SharedClock) -> None:
    """One worker's turns; its pauses and waits are steps of the clock."""
    from b24app.models import Portal
    from b24app.pace import limits
    from traces.delivery import drain, in_flight, turn

    moving = SimpleNamespace(monotonic=clock.now, sleep=clock.advance)
    run, method, end = limits.run, "crm.tracking.trace.add", clock.ahead + SECONDS
    row = Portal.objects.get(pk=portal_pk)
    with (
        mock.patch.object(turn, "time", moving),
        mock.patch.object(in_flight, "time", moving),
        mock.patch.object(limits, "run", lambda *arguments: run(*arguments, ahead=clock.ahead)),
    ):
        while clock.ahead < end:
            seconds = drain.drain(portal_pk).seconds
            wait = limits.look(row, [method], 1)[method].wait if seconds is None else seconds
            clock.advance(min(max(wait, 0.001), end - clock.ahead))
            Portal.objects.update(paused_until=None)  # it has passed by the clock that steps


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(measure(sys.argv[1])))
    else:
        sys.exit(main())
