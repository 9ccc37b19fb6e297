"""`python -m tests.bench.pages`: how long each page in the portal takes to answer beside 100,000 submissions.

Without a network and without a portal: the time of Django and of the database, on `DATABASE_URL` where it is set (a
database of its own is made beside it). Shown too: the queries of each page, and its size as it travels.
"""

from __future__ import annotations

import gzip
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tests.fixtures.stack import ROOT, private_services

SUBMISSIONS = 100_000
DAYS = 90
TIMES = 15
SOURCES = ("utm_source:google", "utm_source:yandex", "referrer:www.bing.com", "direct")


def main() -> int:
    with tempfile.TemporaryDirectory() as folder, private_services() as services:
        database = services["DATABASE_URL"] or f"sqlite:///{Path(folder) / 'pages.sqlite3'}"
        environment = {
            **os.environ,
            "DATA_DIR": folder,
            "ENV_FILE": f"{folder}/none.env",
            "DATABASE_URL": database,
            "REDIS_URL": "redis://127.0.0.1:9/0",
            "DJANGO_SETTINGS_MODULE": "b24app.settings",
            "LOG_LEVEL": "ERROR",
        }
        for arguments in (["manage.py", "migrate", "-v", "0"], ["-m", "tests.bench.pages", "--measure"]):
            subprocess.run([sys.executable, *arguments], cwd=ROOT, env=environment, check=True)
    return 0


def measure() -> None:
    import django

    django.setup()
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from tests.fixtures.product import Frame

    portal, row = fill()
    frame = Frame(Client(), portal)
    print("| page | median ms | queries | KB, compressed |\n|---|---|---|---|")
    for name, ask in pages(frame, row).items():
        with CaptureQueriesContext(connection) as context:
            answer = ask()
        queries = len(context)
        assert answer.status_code == 200, (name, answer.status_code)
        size = len(gzip.compress(answer.content)) / 1024
        took = []
        for _ in range(TIMES):
            began = time.perf_counter()
            ask()
            took.append(time.perf_counter() - began)
        print(f"| {name} | {statistics.median(took) * 1000:.0f} | {queries} | {size:.1f} |", flush=True)


def pages(frame: Any, row: Any) -> dict[str, Callable[[], Any]]:
    """What is measured, by name."""
    app = "/b24/app/"
    return {
        "First run": lambda: frame.get(f"{app}start/"),
        "Overview": lambda: frame.get(f"{app}overview/"),
        "Overview, 90 days": lambda: frame.get(f"{app}overview/figures/", {"days": 90}),
        "Sources": lambda: frame.get(f"{app}sources/"),
        "Forms": lambda: frame.get(f"{app}forms/"),
        "A form": lambda: frame.get(f"{app}forms/{row.form_id}/"),
        "Its codes": lambda: frame.get(f"{app}forms/{row.form_id}/codes/"),
        "Submissions": lambda: frame.get(f"{app}submissions/"),
        "Submissions, a text found": lambda: frame.post(f"{app}submissions/", {"text": "visitor 77777"}),
        "Submissions, a phone found": lambda: frame.post(f"{app}submissions/", {"text": "030 0077777"}),
        "Submissions, an e-mail found": lambda: frame.post(f"{app}submissions/", {"text": "V77777@Shop.example"}),
        "Submissions, a name's beginning": lambda: frame.post(f"{app}submissions/", {"text": "visit"}),
        "Submissions, a text not found": lambda: frame.post(f"{app}submissions/", {"text": "nobody"}),
        "Submissions, failed ones": lambda: frame.post(f"{app}submissions/", {"state": "failed"}),
        "Submissions, of a source": lambda: frame.post(f"{app}submissions/", {"source": "utm_source:google"}),
        "A submission": lambda: frame.get(f"{app}submissions/{row.pk}/"),
        "Settings": lambda: frame.get(f"{app}settings/"),
        "Health": lambda: frame.get(f"{app}health/"),
    }


def fill() -> tuple[Any, Any]:
    """A portal with its submissions of 90 days, and one of them."""
    from django.utils import timezone

    from b24app.models import Portal
    from traces.delivery import findable
    from traces.models import Attempt, Form, SourceRule, Submission

    portal = Portal.objects.create(
        member_id="acme", domain="acme.example", client_endpoint="https://acme.example/rest/"
    )
    portal.users.create(user_id=1, access_token="-", refresh_token="-")
    forms = [
        Form.objects.create(portal=portal, name=f"Form {n}", secret_hash="0" * 64, creates="lead") for n in range(5)
    ]
    SourceRule.objects.bulk_create(
        SourceRule(portal=portal, position=n, field="utm_source", value=f"s{n}", utm_source=f"t{n}")
        for n in range(1, 51)
    )
    now, source_ids = timezone.now(), findable.sources(portal.pk, SOURCES)
    for first in range(0, SUBMISSIONS, 1000):
        rows = []
        for n in range(first, first + 1000):
            received = now - timedelta(days=DAYS) * (1 - n / SUBMISSIONS)
            rows.append(submission(forms[n % 5], n, received, source_ids))
        Submission.objects.bulk_create(rows)
        Attempt.objects.bulk_create(
            Attempt(submission=row, at=row.received_at, method="crm.lead.add", outcome="delivered", milliseconds=40)
            for row in rows
        )
    return portal, rows[-1]


def submission(form: Any, n: int, received: datetime, source_ids: dict[str, int]) -> Any:
    """The submission with the number n, not stored yet: delivered, but each fiftieth, which has failed."""
    from traces.delivery import findable
    from traces.models import Submission

    came = body(n)
    failed = n % 50 == 0
    row = Submission(
        portal=form.portal,
        form=form,
        received_at=received,
        body=came,
        body_hash="0" * 64,
        source_id=source_ids[SOURCES[n % 4]],
        state="failed" if failed else "delivered",
        code="error_core" if failed else "",
        due_at=None,
        trace_id=None if failed else n + 1,
        entities=[] if failed else [{"TYPE": "LEAD", "ID": n + 1}],
        delivered_at=None if failed else received + timedelta(milliseconds=60 + n % 900),
    )
    row.terms = findable.terms(row)
    return row


def body(n: int) -> dict[str, Any]:
    """What a visitor has sent, of a usual size."""
    pages = ",".join(f'["https://shop.example/catalogue/{k}",{1_795_500_000 + k},"Page {k}"]' for k in range(5))
    trace = f'{{"url":"https://shop.example/cart","tags":{{"list":{{"utm_source":"google"}}}},"pages":{{"list":[{pages}]}}}}'
    return {"TRACE": trace, "NAME": f"Visitor {n}", "PHONE": f"+49 30 {n:07}", "EMAIL": f"v{n}@shop.example"}


if __name__ == "__main__":
    measure() if sys.argv[1:] == ["--measure"] else sys.exit(main())
