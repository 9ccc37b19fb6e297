"""`python -m tests.bench.kills`: workers killed with -9 between the portal's answer and their commit, 1,000 times.

Each worker is a process of its own, forked with the product loaded. It settles what the one before has left, sends two
submissions, and is killed when the answer has come. Then the time passes after which it is known to be gone. At the end
everything is counted: what is lost, what is on the portal twice.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.fixtures.stack import ROOT, private_services, start_stack

KILLS = 1000
ROWS_A_HIT = 2
LAST_SECONDS = 100.0  # a hit that never reached the portal is known to be over after 65 s


def main() -> int:
    with (
        tempfile.TemporaryDirectory() as folder,
        private_services() as services,
        start_stack(Path(folder), workers=0, plan="none", SWEEP_SECONDS="3600", **services) as stack,
    ):
        stack.install()
        stack.create_form("Kills", "trace")
        inside = [sys.executable, "-m", "tests.bench.kills", "--inside"]
        began = time.monotonic()
        done = subprocess.run(inside, cwd=ROOT, env={**os.environ, **stack.env}, stdout=subprocess.PIPE, check=True)
        found = json.loads(done.stdout)
        pages = Counter(trace["pages"][0]["URL"] for trace in stack.portal_traces())
        lost = found["submissions"] - len(pages)
        doubled = sum(times > 1 for times in pages.values())
        print(f"{found['kills']} kills, {found['submissions']} submissions in {time.monotonic() - began:.0f} s:")
        print(f"{found['delivered']} delivered, {lost} lost, {doubled} doubled, {found['unknown']} of unknown outcome")
        return int(lost + doubled + found["submissions"] - found["delivered"] > 0)


def inside() -> None:
    """Run with the settings of the stack, in a process that has not imported Django before."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "b24app.settings")
    django.setup()
    from django.utils import timezone

    from b24app.pace import wakeups
    from traces.models import Attempt, Batch, Form, Submission

    form = Form.objects.get()
    Submission.objects.bulk_create(
        Submission(portal=form.portal, form=form, body={"page_url": f"https://shop.example/{n}"}, body_hash="0" * 64)
        for n in range(KILLS * ROWS_A_HIT)
    )
    kills = 0
    while kills < KILLS and Submission.objects.filter(state="queued").exists():
        kills += _worker(form.portal_id, dies=True)
        Batch.objects.update(lease_until=timezone.now())
        wakeups.connection().flushall()  # its lane is free again by then, and the portal's bucket is empty
    until = time.monotonic() + LAST_SECONDS
    while Submission.objects.exclude(state="delivered").exists() and time.monotonic() < until:
        # Nobody waits for hours here; how long a portal may still be at it is waited out.
        Submission.objects.filter(due_at__gt=timezone.now()).update(due_at=timezone.now())
        Batch.objects.update(lease_until=timezone.now())
        _worker(form.portal_id, dies=False)
        time.sleep(1)
    facts = {
        "kills": kills,
        "submissions": Submission.objects.count(),
        "delivered": Submission.objects.filter(state="delivered").count(),
        "unknown": Attempt.objects.filter(outcome="unknown").count(),
    }
    print(json.dumps(facts))


def _worker(portal_id: int, *, dies: bool) -> bool:
    """Let a process work on the portal; whether it was killed."""
    from django.db import connections

    from traces.delivery import drain, settle, turn

    connections.close_all()
    pid = os.fork()
    if pid == 0:
        turn.MAX_ROWS = ROWS_A_HIT
        if dies:
            settle._settle_by_answer = lambda *_: os.kill(os.getpid(), signal.SIGKILL)  # type: ignore[assignment]
        drain.drain(portal_id)
        os._exit(0)
    return os.WIFSIGNALED(os.waitpid(pid, 0)[1])


if __name__ == "__main__":
    if sys.argv[1:] == ["--inside"]:
        inside()
        sys.exit()
    sys.exit(main())
