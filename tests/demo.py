"""`make demo`: the whole product on this machine, against the sandbox portal, with nothing to set up.

Starts every process and says what to try: the portal waits with its Install button. Once somebody has made a
form there, it makes another, sends the real traces of tests/data/portal-golden.json to its public address, and
shows what became of each. Stays up until Ctrl-C. With ONCE=1 it installs the application itself, by the portal's
own way, and ends with 0 only if every submission was delivered and the portal stored what the golden file says.
"""

from __future__ import annotations

import json
import os
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from tests.fixtures.stack import Stack, start_stack

ROOT = Path(__file__).resolve().parent.parent
GOLDEN = json.loads((ROOT / "tests" / "data" / "portal-golden.json").read_text())
# The cases that the portal's own tracker made stand first in the file, the written ones after them.
FIRST_WRITTEN = "old documented example (SOURCE_ID, SOURCE_DESC, PAGES)"
PATIENCE_SECONDS = 90.0

ADD_OPERATOR = "from django.contrib.auth.models import User; User.objects.create_superuser('demo', password='demo')"
INVITATION = """
The sandbox portal: [bold]{stack.portal_page}[/bold]

Five things to try:
  1. Click [bold]Install[/bold] there, then [bold]Create form[/bold]: the address of a shop with that form appears here.
  2. Click [bold]Send test submission[/bold], then [bold]Lead 2[/bold]: its card has the application's tab.
  3. In the shop come as from Google, a newsletter or Instagram, send its form, and open the submission: it says why
     it has its source.
  4. Come as from a trade fair, which the portal does not know. Add a rule on the page [bold]Sources[/bold], and send
     the form again.
  5. Choose another language or an ordinary user at the top of the portal.

The operator's pages: [bold]{stack.app_url}/admin/[/bold] (demo / demo). Ctrl-C ends the demo. A command:
"""

console = Console()


@dataclass
class Sent:
    """One submission of the demo: its golden case, and how it went."""

    name: str
    came_from: str
    stored: dict[str, Any] | None
    id: str
    posted: float
    confirmed: float = 0.0
    report: dict[str, Any] | None = None
    verdict: str = ""


def real_cases() -> list[dict[str, Any]]:
    """The golden cases with traces of the portal's own tracker."""
    names = [case["name"] for case in GOLDEN["cases"]]
    cases: list[dict[str, Any]] = GOLDEN["cases"][: names.index(FIRST_WRITTEN)]
    return cases


def send(stack: Stack, form: dict[str, str]) -> list[Sent]:
    """Post each real trace to the form's public address."""
    sent = []
    for case in real_cases():
        posted = time.monotonic()
        answer = requests.post(form["url"], json={"TRACE": case["request"]["TRACE"], "NAME": "Demo"}, timeout=10)
        answer.raise_for_status()
        sent.append(Sent(case["name"], _came_from(case), case["stored"], answer.json()["id"], posted))
    return sent


def _came_from(case: dict[str, Any]) -> str:
    """What the visitor of a case brought, from which the portal decides: its utm_source comes before the referrer."""
    trace = json.loads(case["request"]["TRACE"])
    if source := trace["tags"]["list"].get("utm_source"):
        return f"utm_source {source}"
    return urlsplit(trace.get("ref", "")).hostname or "no other site"


def follow(form: dict[str, str], sent: list[Sent]) -> None:
    """Ask after each submission until all are at their end, with a bar to look at."""
    columns = (TextColumn("Delivering"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task("deliver", total=len(sent))
        until = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < until and (waiting := [one for one in sent if not one.confirmed]):
            for one in waiting:
                _look(form, one)
            progress.update(bar, completed=sum(1 for one in sent if one.confirmed))
            time.sleep(0.05)


def _look(form: dict[str, str], one: Sent) -> None:
    headers = {"Authorization": f"Bearer {form['secret']}"}
    report = requests.get(f"{form['url']}{one.id}/", headers=headers, timeout=10).json()
    one.report = report
    if report["status"] in {"delivered", "failed"}:
        one.confirmed = time.monotonic()


def judge(one: Sent, traces: dict[int, dict[str, Any]]) -> None:
    """Compare what the portal stored for a submission with the golden file."""
    report = one.report or {}
    stored = traces.get(report.get("trace_id") or 0)
    if report.get("status") != "delivered" or stored is None:
        one.verdict = f"not delivered: {report.get('status')} {report.get('reason', '')}"
    elif one.stored is not None and _facts(stored) != _facts(one.stored):
        one.verdict = "the portal stored something else than the golden file says"


def _facts(stored: dict[str, Any]) -> tuple[Any, Any]:
    pages = [(page["URL"], page["TITLE"], page["DATE_INSERT"], page.get("IS_REF", False)) for page in stored["pages"]]
    return stored["source_id"], pages


def show(sent: list[Sent], traces: dict[int, dict[str, Any]]) -> None:
    """The table: submission, source that the portal decided, pages, trace, time until the id was confirmed."""
    names = {source["ID"]: source["NAME"] for source in GOLDEN["sources"]}
    table = Table("submission", "came from", "source the portal decided", "pages", "trace", "ms", title="Delivered")
    for one in sent:
        stored = traces.get((one.report or {}).get("trace_id") or 0)
        if stored is None or one.verdict:
            table.add_row(one.name, one.came_from, f"[red]{one.verdict or 'not delivered'}[/red]", "", "", "")
            continue
        source = names.get(stored["source_id"], "none (other traffic)")
        pages = str(len(stored["pages"]))
        time_taken = f"{(one.confirmed - one.posted) * 1000:.0f}"
        table.add_row(one.name, one.came_from, source, pages, str(stored["id"]), time_taken)
    console.print(table)
    times = [one.confirmed - one.posted for one in sent if one.confirmed]
    if times:
        console.print(f"{len(times)} of {len(sent)} delivered, half of them within {statistics.median(times):.2f} s.")


def run_once(stack: Stack) -> bool:
    """Install, send, follow, show; whether all was as it should be."""
    with console.status("Installing the application on the sandbox portal"):
        stack.install()
    return show_traces(stack)


def show_traces(stack: Stack) -> bool:
    """Send the real traces to a form for traces alone and show what became of them; whether all was as it should be."""
    form = stack.create_form("Real traces", "trace")
    sent = send(stack, form)
    follow(form, sent)
    traces = {trace["id"]: trace for trace in stack.portal_traces()}
    for one in sent:
        judge(one, traces)
    show(sent, traces)
    return all(not one.verdict for one in sent)


def invite(stack: Stack) -> None:
    """Say what to try; the operator has a login and a line that finds this demo's settings."""
    stack.run("shell", "-v", "0", "-c", ADD_OPERATOR)
    settings = stack.data / "demo.env"
    settings.write_text("".join(f"{name}={value}\n" for name, value in stack.env.items()))
    console.print(INVITATION.format(stack=stack), soft_wrap=True, highlight=False)
    line = f"DATA_DIR={stack.data} ENV_FILE={settings} .venv/bin/python manage.py portals"
    console.print(line, soft_wrap=True, highlight=False)


def _answer_the_first_form(stack: Stack) -> None:
    """Once somebody has made a form in the portal: show its shop, then what becomes of the real traces."""
    forms = json.loads(stack.run("forms", "--json"))
    if not forms:
        return
    key = forms[0]["url"].rstrip("/").rpartition("/")[2]
    stack.member_id = json.loads(stack.run("portals", "--json"))[0]["member_id"]
    shop = f"{stack.shop_address(key)}?utm_source=google&utm_medium=cpc&utm_campaign=autumn"
    console.print(
        "\nYour form is there. A shop that sends to it, as a visitor from Google Ads sees it:", highlight=False
    )
    console.print(f"{shop}\n", soft_wrap=True, highlight=False)
    show_traces(stack)


def stay(stack: Stack) -> None:
    """Wait for the first form, and then for Ctrl-C; returns where a process has ended by itself."""
    while stack.alive():
        if not stack.member_id and stack.sandbox("GET", "/state")["portals"]["acme"]["installed"]:
            _answer_the_first_form(stack)
        time.sleep(2)


@contextmanager
def _interruptible() -> Iterator[None]:
    """End on SIGTERM as on Ctrl-C, so that every process goes with us."""
    signal.signal(signal.SIGTERM, lambda *_: (_ for _ in ()).throw(KeyboardInterrupt()))
    try:
        yield
    except KeyboardInterrupt:
        console.print("Ended.")


@contextmanager
def _announced_end() -> Iterator[None]:
    """Say that the processes are ending: the last of them may need its time."""
    try:
        yield
    except KeyboardInterrupt:
        console.print("\nEnding… (up to 10 s)")
        raise


def main() -> int:
    once = os.environ.get("ONCE") == "1"
    good = False
    with _interruptible(), ExitStack() as stack:
        data = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="trace-relay-demo-")))
        with console.status("Starting the sandbox portal, the web server, the workers and Redis"):
            running = stack.enter_context(start_stack(data, CLEAN_GRACE_DAYS="3"))
        stack.enter_context(_announced_end())
        if once:
            good = run_once(running)
        else:
            invite(running)
            stay(running)
            console.print("[red]A process ended by itself; its last lines are above.[/red]")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
