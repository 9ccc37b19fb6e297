"""Case (b) of the delivery benchmark: the portal's operating time binds, on a clock that only steps.

20,000 traces of 0.3 s each are 6,000 s of work, of which a portal lets 480 s pass in any ten minutes. The sandbox, the
senders' own waiting and our account in Redis all follow one clock, which moves by each command's time and each wait; so
what takes two hours there takes seconds here. One request is out at a time.
"""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any
from unittest import mock

from tests.bench import apart
from tests.bench.cases import number_of, operating_allows, trace
from tests.bench.peers import PEERS, OutOfTime, Target, simulated
from tests.sandbox import Sandbox
from tests.sandbox.clock import SteppedClock
from tests.sandbox.portal import Portal as SandboxPortal

TRACES = 20000
EACH_SECONDS = 0.3
MAX_SECONDS = 4 * 3600.0
OURS = "Trace Relay"


def table(senders: Sequence[str]) -> list[str]:
    """The rows of case (b) for these senders, each run in a process of its own."""
    text = f"{operating_allows(600, EACH_SECONDS):,.0f} in ten minutes, {480 / 600 / EACH_SECONDS:.2f}/s after that"
    rows = [f"| **b** | *allowed: {text}* (simulated clock) | | | | | | |"]
    for sender in senders:
        found = apart.figures_of("tests.bench.operating", sender)
        blocked = f"{found['blocked']:,} hits blocked, {found['blocked_in_a_row']:,} in a row"
        share = found["stored"] / operating_allows(found["seconds"], EACH_SECONDS)
        used = f"{share:.1%} of all that is allowed, {blocked}"
        note = " (stopped)" if found["stopped"] else ""
        rows.append(
            f"| b | {sender} ({used}) | {found['seconds']:,.0f}{note} | {found['stored'] / found['seconds']:.2f} "
            f"| {found['hits']:,} | {found['throttled']:,} | {found['lost']:,} | {found['doubled']:,} |"
        )
        print(rows[-1], flush=True)
    return rows


def measure(sender: str) -> dict[str, Any]:
    """Let a sender send everything to a portal of a sandbox in this process; its figures."""
    with Sandbox() as sandbox:
        clock = sandbox.clock = SteppedClock()
        portal = sandbox.add_portal("acme", command_seconds=EACH_SECONDS)
        portal.clock = clock
        portal.active = portal.installed = True
        began = clock.now()
        stopped = False
        try:
            (_ours if sender == OURS else _peer(sender))(sandbox, portal, clock)
        except OutOfTime:
            stopped = True
        seconds = max(portal.hits[-1].at - began, 1.0)
        stored = Counter(number_of(one.as_golden()) for one in portal.traces if one.id and not one.parent)
        blocks = [hit.blocked > 0 or hit.status == 429 for hit in portal.hits]
        in_a_row = sum(first and second for first, second in zip(blocks, blocks[1:], strict=False))
        return {
            "seconds": seconds,
            "stopped": stopped,
            "hits": len(portal.hits),
            "throttled": sum(hit.status == 503 for hit in portal.hits),
            "stored": len(stored),
            "lost": TRACES - len(stored),
            "doubled": sum(times > 1 for times in stored.values()),
            "blocked": sum(blocks),
            "blocked_in_a_row": in_a_row,
        }


Sender = Callable[[Sandbox, SandboxPortal, SteppedClock], None]


def _peer(sender: str) -> Sender:
    def send(sandbox: Sandbox, portal: SandboxPortal, clock: SteppedClock) -> None:
        pair = portal.issue_tokens()
        tokens = (pair["access_token"], pair["refresh_token"])
        portal.access[tokens[0]].expires += MAX_SECONDS  # that it must be renewed is another matter
        target = Target(portal.domain, portal.rest_url, *tokens, portal.webhook_url)
        with simulated(clock.now, clock.advance, clock.now() + MAX_SECONDS):
            PEERS[sender](target, [trace(number) for number in range(TRACES)])

    return send


def _ours(sandbox: Sandbox, portal: SandboxPortal, clock: SteppedClock) -> None:
    """Our worker's turns, one after another."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "b24app.settings")
    django.setup()
    from django.conf import settings

    from b24app.pace import limits
    from b24app.portal import install
    from traces.delivery import drain, in_flight, turn
    from traces.models import Form, Submission

    settings.SENDER_THREADS = 0
    settings.B24_OAUTH_HOSTS = [sandbox.oauth_url]
    settings.B24_CLIENT_ID, settings.B24_CLIENT_SECRET = sandbox.client_id, sandbox.client_secret
    row = install.open_frame(install.claim_of_frame(*portal.frame_post())).portal
    form = Form.objects.create(portal=row, name="Bench", secret_hash="0" * 64)
    bodies = ({"TRACE": trace(number)} for number in range(TRACES))
    facts = {"portal": row, "form": form, "body_hash": "0" * 64}
    Submission.objects.bulk_create((Submission(body=body, **facts) for body in bodies), batch_size=500)
    end = clock.now() + MAX_SECONDS
    moving = SimpleNamespace(monotonic=clock.now, sleep=clock.advance)
    run, method = limits.run, "crm.tracking.trace.add"
    with (
        mock.patch.object(turn, "time", moving),
        mock.patch.object(in_flight, "time", moving),
        mock.patch.object(limits, "run", lambda *arguments: run(*arguments, ahead=clock.ahead)),
    ):
        while Submission.objects.exclude(state="delivered").exists():
            seconds = drain.drain(row.pk).seconds
            clock.advance(limits.look(row, [method], 1)[method].wait if seconds is None else seconds)
            if clock.now() > end:
                raise OutOfTime


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1])))
