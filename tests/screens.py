"""`python -m tests.screens`: pictures of every page inside the sandbox portal, into docs/screens/.

Light, dark, and 360 pixels wide as in the mobile application. Printed too: how long the first view takes until it can
be used, and what travels for it.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import requests

from tests.fixtures.stack import ROOT, Stack, start_stack

FOLDER = ROOT / "docs" / "screens"
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
TIMES = 10
PAGES = {
    "overview": "overview/",
    "sources": "sources/",
    "forms": "forms/",
    "form-fields": "forms/{form}/fields/",
    "submissions": "submissions/",
    "submission": "submissions/{submission}/",
    "settings": "settings/",
    "health": "health/",
}
# Days of submissions before today's, so that there is something to see.
HISTORY = """
import random
from datetime import timedelta
from django.utils import timezone
from traces.models import Form, Submission
rows = random.Random(7)
form = Form.objects.get()
sources = ["utm_source:google", "utm_source:yandex", "utm_source:newsletter", "referrer:www.bing.com"]
def row(day):
    at = timezone.now() - timedelta(days=day, minutes=rows.randrange(900))
    failed = rows.random() < 0.03
    later = at + timedelta(milliseconds=rows.randrange(50, 900))
    facts = dict(state="failed", code="error_core") if failed else dict(
        state="delivered", delivered_at=later, source=rows.choice(sources))
    return Submission(portal=form.portal, form=form, body={"name": "Visitor"}, received_at=at, due_at=None, **facts)
Submission.objects.bulk_create(row(day) for day in range(1, 90) for _ in range(rows.randrange(4, 30)))
"""


def main() -> int:
    from playwright.sync_api import sync_playwright

    FOLDER.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        start_stack(Path(folder), plan="none", DATABASE_URL="", REDIS_URL="", CLEAN_GRACE_DAYS="3") as stack,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.goto(stack.portal_page)
        page.add_style_tag(content=".stored { display: none !important }")  # it would lie above the frame
        page.get_by_role("button", name="Install", exact=True).click()
        settled(page)
        pictures(page, "start")
        ids = use(stack)
        for name, path in PAGES.items():
            go(page, path.format(**ids))
            pictures(page, name)
        card_picture(page, stack)
        measure(browser, stack)
        browser.close()
    return 0


def use(stack: Stack) -> dict[str, str]:
    """Have the application used for a while; what the addresses of its pages need."""
    stack.member_id = stack.sandbox("GET", "/state")["portals"]["acme"]["member_id"]
    for value, source in (("fair", "exhibition"), ("blog", "newsletter")):
        rule = ["--match", "utm_source", "--value", value, "--utm-source", source, "--crm-source", "WEB"]
        stack.run("source_rule_add", "--portal", stack.member_id, *rule)
    form = stack.create_form("Order form", "lead")
    stack.run("shell", "-v", "0", "-c", HISTORY)
    sent = [
        requests.post(form["url"], json={**body, "page_url": "https://shop.example/offer/"}, timeout=10).json()["id"]
        for body in (
            {"name": "Jan Kowalski", "phone": "+48 22 555 01 00", "utm_source": "unheard-of"},
            {"name": "Ines Moreau", "email": "ines@mail.example", "utm_source": "fair", "utm_medium": "cpc"},
        )
    ]
    while stack.counts()["states"]["queued"] + stack.counts()["states"]["sending"]:
        time.sleep(0.2)
    number = stack.run("shell", "-v", "0", "-c", "from traces.models import Form; print(Form.objects.get().pk)")
    return {"form": number.strip(), "submission": sent[-1]}


def go(page: Any, path: str) -> None:
    """Open a page of the application as a link to it does."""
    ask = "path => htmx.ajax('GET', '/b24/app/' + path, {target: '#app', swap: 'innerHTML'})"
    page.frames[-1].evaluate(ask, path)
    settled(page)


def settled(page: Any) -> None:
    """Wait until a page is there with all that it loads, and the frame is as high as it."""
    page.frame_locator("iframe").locator("#main h1").wait_for()
    page.wait_for_timeout(700)


def pictures(page: Any, name: str) -> None:
    """Three pictures of a page."""
    for theme, width in (("light", 1280), ("dark", 1280), ("narrow", 360)):
        page.set_viewport_size({"width": width, "height": 3000})  # so that all of the frame is painted
        color = "dark" if theme == "dark" else "light"
        page.frames[-1].evaluate("color => { document.documentElement.dataset.theme = color }", color)
        page.wait_for_timeout(300)
        page.locator("iframe").screenshot(path=FOLDER / f"{name}-{theme}.png")
    page.set_viewport_size({"width": 1280, "height": 800})


def card_picture(page: Any, stack: Stack) -> None:
    """The card of the latest lead, with the application's tab."""
    ((_kind, number),) = stack.portal_traces()[-1]["entities"]
    page.set_viewport_size({"width": 1280, "height": 1600})  # so that all of the frame is painted
    page.goto(f"{stack.portal_page}?card=lead/{number}")
    page.frame_locator("iframe").locator("main, h2").first.wait_for()
    page.wait_for_timeout(700)
    page.locator(".slider").screenshot(path=FOLDER / "card-light.png")


def measure(browser: Any, stack: Stack) -> None:
    """The first view: milliseconds until the page and its scripts are there, each time with an empty cache."""
    took, sent = [], 0
    for _ in range(TIMES):
        context = browser.new_context()
        page = context.new_page()
        page.goto(stack.portal_page)
        settled(page)
        entry = "performance.getEntriesByType('navigation')[0]"
        took.append(page.frames[-1].evaluate(f"{entry}.domContentLoadedEventEnd"))
        sent = page.frames[-1].evaluate("performance.getEntries().reduce((sum, e) => sum + (e.transferSize || 0), 0)")
        context.close()
    print(f"first view: usable after {statistics.median(took):.0f} ms (median of {TIMES}), {sent / 1000:.0f} KB")


if __name__ == "__main__":
    sys.exit(main())
