"""`python -m tests.bench.rotation`: keys rotated beside 100,000 submissions, while others are taken and delivered.

On SQLite, or on `DATABASE_URL` where it is set (a database of its own is made beside it). The old key writes the
submissions. Then all processes get the new key before it; visitors send, and `manage.py rotate_keys` is killed with -9
in the middle and run again. At last all have the new key alone, and every row is looked at.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests
from cryptography.fernet import Fernet

from tests.fixtures.stack import ROOT, Stack, private_services, start_stack

ROWS = int(os.environ.get("ROTATION_ROWS", "100000"))
PAUSE_SECONDS = 0.1
LAST_SECONDS = 120.0


class Visitors:
    """They send one submission after another until told to stop."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.took: list[float] = []
        self.refused: Counter[int] = Counter()
        self.number = 0
        self._over = threading.Event()

    @contextmanager
    def sending(self) -> Iterator[None]:
        """They send as long as the block lasts."""
        thread = threading.Thread(target=self._run)
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            thread.join()

    def _run(self) -> None:
        while not self._over.wait(PAUSE_SECONDS):
            self.send()

    def send(self) -> None:
        """One of them sends; each has a page, a name, a phone and an e-mail of their own."""
        began = time.monotonic()
        answer = requests.post(self.url, json=visitor(ROWS + self.number), timeout=60)
        self.took.append(time.monotonic() - began)
        self.number += 1
        if answer.status_code != 200:
            self.refused[answer.status_code] += 1


def visitor(number: int) -> dict[str, str]:
    """What the visitor with this number sends."""
    return {
        "page_url": f"https://shop.example/{number}",
        "NAME": f"Visitor{number}",
        "PHONE": phone(number),
        "EMAIL": f"Visitor{number}@Mail.example",
        "utm_source": f"source{number % 20}",
    }


def phone(number: int) -> str:
    """The phone of the visitor with this number."""
    return f"+4930{1_000_000 + number}"


def main() -> int:
    new = Fernet.generate_key().decode()
    with (
        tempfile.TemporaryDirectory() as folder,
        private_services() as services,
        start_stack(Path(folder), workers=1, plan="none", **services) as stack,
    ):
        old = stack.env["FIELD_ENCRYPTION_KEYS"]
        stack.install()
        visitors = Visitors(stack.create_form("Rotation", "trace")["url"])
        _inside(stack, "--fill")
        _restart(stack, f"{new},{old}")
        with visitors.sending():
            seconds = _rotate(stack, killed_behind=ROWS // 3)
        during = len(visitors.took)
        _restart(stack, new)
        visitors.send()
        left = _wait_until_delivered(stack)
        found = _inside(stack, "--check", str(visitors.number))
        on_portal = Counter(trace["pages"][0]["URL"] for trace in stack.portal_traces())
    slowest, median = max(visitors.took), sorted(visitors.took)[len(visitors.took) // 2]
    print(f"rotation: {seconds:.0f} s for {ROWS:,} rows, {seconds / ROWS * 1000:.2f} ms a row")
    print(f"sent meanwhile: {during}, refused {sum(visitors.refused.values())}, not delivered {left}")
    print(f"a visitor waited {median * 1000:.0f} ms (median), {slowest * 1000:.0f} ms at most")
    lost = visitors.number - len(on_portal)
    doubled = sum(times > 1 for times in on_portal.values())
    print(f"on the portal: {len(on_portal)}, lost {lost}, doubled {doubled}")
    print(f"with the new key alone: {json.dumps(found)}")
    wrong = found["unreadable"] + found["not found"] + found["failed"] + found["sources unreadable"]
    return int(bool(wrong or lost or doubled or left or visitors.refused or found["rows"] != ROWS + visitors.number))


def _restart(stack: Stack, keys: str) -> None:
    """Everything of the product starts anew with these keys."""
    ours = [process for name, process in stack.processes.items() if name != "sandbox"]
    for process in ours:
        process.stop()
    stack.env["FIELD_ENCRYPTION_KEYS"] = keys
    for process in ours:
        process.env = stack.env
        process.start()
    until = time.monotonic() + LAST_SECONDS
    while time.monotonic() < until:
        try:
            if requests.get(f"{stack.app_url}/readyz", timeout=2).ok:
                return
        except requests.RequestException:
            time.sleep(0.1)
    raise RuntimeError("The web server did not start again.")


def _rotate(stack: Stack, killed_behind: int) -> float:
    """Rotate, killed once behind so many submissions. Returns the seconds that both runs took."""
    began = time.monotonic()
    first = _command(stack)
    assert first.stdout
    for line in first.stdout:
        if line.startswith("traces.submission: ") and int(line.split()[1]) >= killed_behind:
            first.kill()
            print(f"killed with -9 at {line.strip()} after {time.monotonic() - began:.0f} s", flush=True)
            break
    first.wait()
    second = _command(stack)
    said, _ = second.communicate()
    if second.returncode:
        raise RuntimeError(said[-2000:])
    print(said.splitlines()[-1], flush=True)
    return time.monotonic() - began


def _command(stack: Stack) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "manage.py", "rotate_keys"],
        cwd=ROOT,
        env={**os.environ, **stack.env},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _wait_until_delivered(stack: Stack) -> int:
    """How many submissions are not delivered when the time is up."""
    until = time.monotonic() + LAST_SECONDS
    while True:
        states = stack.counts()["states"]
        left: int = sum(states.values()) - states["delivered"]
        if not left or time.monotonic() > until:
            return left
        time.sleep(1)


def _inside(stack: Stack, *arguments: str) -> dict[str, Any]:
    """What this module prints in a process with the settings of the stack."""
    inside = [sys.executable, "-m", "tests.bench.rotation", *arguments]
    done = subprocess.run(inside, cwd=ROOT, env={**os.environ, **stack.env}, stdout=subprocess.PIPE, check=True)
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures


def fill() -> None:
    """The submissions, delivered, as the old key writes them."""
    from django.utils import timezone

    from traces.delivery import findable
    from traces.models import Attempt, Form, Submission

    form, now = Form.objects.get(), timezone.now()
    sources = list(findable.sources(form.portal_id, [f"utm_source:source{n}" for n in range(20)]).values())
    facts = {"portal": form.portal, "form": form, "body_hash": "0" * 64, "state": "delivered", "due_at": None}
    for first in range(0, ROWS, 500):
        rows = []
        for number in range(first, min(first + 500, ROWS)):
            row = Submission(body=visitor(number), received_at=now, delivered_at=now, **facts)
            row.source_id, row.terms = sources[number % 20], findable.terms(row)
            rows.append(row)
        Submission.objects.bulk_create(rows)
        noted = {"method": "crm.tracking.trace.add", "outcome": "delivered"}
        Attempt.objects.bulk_create(Attempt(submission=row, **noted) for row in rows)
    print(json.dumps({"rows": ROWS}))


def check(sent: int) -> None:
    """Read all rows and look for each of them by its phone and by its name: with the keys of now."""
    from b24app.models import Portal
    from traces.compose import search
    from traces.delivery import findable
    from traces.history import listing
    from traces.models import Source, Submission

    portal = Portal.objects.get()
    found = Counter({"rows": 0, "unreadable": 0, "not found": 0, "failed": 0, "sources unreadable": 0})
    for row in Submission.objects.only("pk", "portal_id", "body", "terms", "state").iterator(1000):
        found["rows"] += 1
        found["unreadable"] += findable.is_unreadable(row)
        found["failed"] += row.state == "failed"
        words = [row.body.get(name, "") for name in ("PHONE", "EMAIL", "NAME")]
        wanted = [terms for word in words for terms in search.wanted(word)]
        codes = [[findable.hashed(portal.pk, [term]) for term in terms] for terms in wanted]
        found["not found"] += not all(any(code in (row.terms or "") for code in several) for several in codes)
    for number in [*range(0, ROWS, max(1, ROWS // 50)), *range(ROWS, ROWS + sent, max(1, sent // 50))]:
        rows = listing.matching(portal, listing.Filter(text=phone(number)))
        found["not found"] += rows.count() != 1
    found["sources unreadable"] = sum(not source.text.startswith("utm_source:") for source in Source.objects.all())
    of_source = listing.matching(portal, listing.Filter(source="utm_source:source7"))
    found["of a source"] = of_source.count()
    print(json.dumps(found))


if __name__ == "__main__":
    if not sys.argv[1:]:
        sys.exit(main())
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "b24app.settings")
    django.setup()
    fill() if sys.argv[1] == "--fill" else check(int(sys.argv[2]))
