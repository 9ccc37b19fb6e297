"""`python -m tests.bench.growth`: whether time and memory for a delivered submission grow with the backlog.

One worker delivers 4,800 submissions out of a backlog of 10,000 or 200,000, in turns and without the portal's limits.
Time is the processor's, since other work shares the machine; memory is the most that the process has held.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.fixtures.stack import ROOT, private_services, start_stack

BACKLOGS = (10_000, 200_000)
ROUNDS = 3
DELIVERED = 4_800


def main() -> int:
    found: dict[int, list[dict[str, float]]] = {backlog: [] for backlog in BACKLOGS}
    for _ in range(ROUNDS):
        for backlog in BACKLOGS:
            found[backlog].append(_measure(backlog))
    print("| backlog | ms a row | MiB at most |\n|---|---|---|")
    medians = {}
    for backlog, rounds in found.items():
        each, most = (statistics.median(one[name] for one in rounds) for name in ("milliseconds", "mebibytes"))
        medians[backlog] = each
        print(f"| {backlog:,} | {each:.2f} | {most:.0f} |")
    small, large = (medians[backlog] for backlog in BACKLOGS)
    print(f"ratio of the times: {large / small:.2f}")
    return 0


def _measure(backlog: int) -> dict[str, float]:
    with (
        tempfile.TemporaryDirectory() as folder,
        private_services() as services,
        start_stack(Path(folder), workers=0, plan="none", SWEEP_SECONDS="3600", **services) as stack,
    ):
        stack.install()
        stack.create_form("Growth", "trace")
        environment = {**os.environ, **stack.env}
        answers = [
            subprocess.run(
                [sys.executable, "-m", "tests.bench.growth", step, str(backlog)],
                cwd=ROOT,
                env=environment,
                capture_output=True,
                check=True,
            ).stdout
            for step in ("--fill", "--drain")
        ]
        figures: dict[str, float] = json.loads(answers[1])
        return figures


def _set_up() -> None:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "b24app.settings")
    django.setup()


def fill(backlog: int) -> None:
    _set_up()
    from b24app.models import Portal
    from traces.models import Form, Submission

    Portal.objects.update(tariff=Portal.Tariff.UNLIMITED)
    form = Form.objects.get()
    for first in range(0, backlog, 1000):
        Submission.objects.bulk_create(
            Submission(
                portal=form.portal, form=form, body={"page_url": f"https://shop.example/{n}"}, body_hash="0" * 64
            )
            for n in range(first, first + 1000)
        )


def drain() -> None:
    _set_up()
    import resource
    import time

    from b24app.models import Portal
    from traces.delivery import drain
    from traces.models import Submission

    (portal_id,) = Portal.objects.values_list("pk", flat=True)
    delivered = Submission.objects.filter(state="delivered")
    began = time.process_time()
    while delivered.count() < DELIVERED:
        drain.drain(portal_id)
    spent = (time.process_time() - began) / delivered.count()
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"milliseconds": spent * 1000, "mebibytes": most}))


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["--fill", backlog]:
            fill(int(backlog))
        case ["--drain", _]:
            drain()
        case _:
            sys.exit(main())
