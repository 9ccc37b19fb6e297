"""`python -m tests.bench.poison`: one message of each bad kind among 1,000 good ones.

A firewall turns one away, the portal breaks down over one, one cuts the connection, and one is refused. Time is moved:
what takes half an hour takes seconds. Printed is what became of them, and how often each stands on the portal.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from tests.fixtures.stack import ROOT, private_services, start_stack
from tests.sandbox import Sandbox
from tests.sandbox.portal import Portal as SandboxPortal

GOOD = 1000
BAD = {"html_403": "union select", "html_500": "crash-me", "close_before": "cut-me"}
# A record that is not there: the portal refuses the command.
REFUSED = {"ENTITIES": [{"TYPE": "LEAD", "ID": 900001}]}


def main() -> int:
    with (
        tempfile.TemporaryDirectory() as folder,
        private_services() as services,
        start_stack(Path(folder), workers=0, SWEEP_SECONDS="3600", **services) as stack,
    ):
        argv = [sys.executable, "-m", "tests.bench.poison", "measure"]
        done = subprocess.run(
            argv,
            cwd=ROOT,
            env={**os.environ, **stack.env, "LOG_LEVEL": "CRITICAL", "B24_HTTP_TIMEOUT": "5"},
            check=False,
        )
    return done.returncode


def measure() -> int:
    """Send them all; 0 where each good one is on the portal once and each bad one has failed."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "b24app.settings")
    django.setup()
    from django.conf import settings

    from b24app.models import Portal
    from b24app.portal import install
    from tests.fixtures.delivery import drain_for
    from traces.models import Form, Submission

    settings.SENDER_THREADS = 8
    with Sandbox() as sandbox:
        settings.B24_OAUTH_HOSTS = [sandbox.oauth_url]
        settings.B24_CLIENT_ID, settings.B24_CLIENT_SECRET = sandbox.client_id, sandbox.client_secret
        portal = sandbox.add_portal("acme", plan=None)
        portal.active = portal.installed = True
        row = install.open_frame(install.claim_of_frame(*portal.frame_post())).portal
        Portal.objects.update(tariff="unlimited")
        leads, links = (
            Form.objects.create(portal=row, name=creates, secret_hash="0" * 64, creates=creates)
            for creates in ("lead", "link")
        )
        for kind, text in BAD.items():
            sandbox.faults.add(kind, times=0, containing=text)
        facts = {"portal": row, "body_hash": "0" * 64}
        rows = [Submission(form=leads, body={"message": text}, **facts) for text in _texts()]
        rows.insert(GOOD // 2, Submission(form=links, body=REFUSED, **facts))
        Submission.objects.bulk_create(rows)
        drain_for(row.pk, 60)
        found = Counter(Submission.objects.values_list("state", "code"))
        return _show(found, portal)


def _texts() -> list[str]:
    """The messages, the bad ones among the good."""
    texts = [f"good {number}" for number in range(GOOD)]
    for number, text in enumerate(BAD.values(), start=1):
        texts.insert(number * GOOD // 5, text)
    return texts


def _show(found: Counter[tuple[str, str]], portal: SandboxPortal) -> int:
    stored = Counter(fields["COMMENTS"] for fields in portal.entities.values() if "COMMENTS" in fields)
    print("| state | code | submissions |\n|---|---|---|")
    for (state, code), count in sorted(found.items()):
        print(f"| {state} | {code} | {count:,} |")
    twice = sum(stored.values()) - len(stored)
    print(f"on the portal: {len(stored):,} different, {twice} twice; {len(portal.hits):,} requests")
    return 0 if (len(stored), twice) == (GOOD, 0) else 1


if __name__ == "__main__":
    sys.exit(measure() if sys.argv[1:] == ["measure"] else main())
