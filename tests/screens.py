"""`python -m tests.screens`: pictures of every page inside the sandbox portal.

Into docs/screens: light, dark, and 360 pixels wide as in the mobile application, as far as MAX_HEIGHT. Into
docs/market/LANGUAGE/screens: what one sees of the slider at 1280 × 720, as the Market's card shows it. Printed too: how
long the first view takes until it can be used, and what travels for it.
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

FOLDER, MARKET = ROOT / "docs" / "screens", ROOT / "docs" / "market"
MAX_HEIGHT = 950
NOT_ON_THE_CARD = ("settings", "form-fields")
# What the sandbox has and a portal has not.
ONLY_SANDBOX = ".stored, header { display: none !important }"
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
# Who writes in each language, and the forms they write to.
TEXTS = {
    "en": {
        "forms": ["Order form", "Call me back", "Price calculator"],
        "names": ["Anna Weber", "Liam Murphy", "Sofia Rossi", "Chloe Martin", "Noah Jensen", "Olivia Brown"],
        "phone": "+44 20 7946 0",
    },
    "ru": {
        "forms": ["Заказ с сайта", "Обратный звонок", "Расчёт стоимости"],
        "names": ["Анна Орлова", "Игорь Лебедев", "Мария Соколова", "Павел Зайцев", "Ольга Крылова", "Денис Фомин"],
        "phone": "+7 495 555-0",
    },
}
# Days of submissions before today's, so that there is something to see.
HISTORY = """
import random
from datetime import timedelta
from django.utils import timezone
from traces.delivery import findable
from traces.models import Form, Submission
rows = random.Random(7)
forms = list(Form.objects.order_by("pk"))
CAME = [("utm_source:google", "cpc", "spring-sale"), ("utm_source:google", "cpc", "brand"), ("direct", "", ""),
        ("utm_source:newsletter", "email", "november"), ("utm_source:facebook", "social", "spring-sale"),
        ("referrer:www.bing.com", "", ""), ("utm_source:google", "cpc", "spring-sale")]
texts = {text for came in CAME for text in came if text}
keys = findable.sources(forms[0].portal_id, texts)
now = timezone.now()
def row(day):
    at = now - timedelta(days=day, minutes=rows.randrange(900))
    failed = rows.random() < 0.02
    later = at + timedelta(milliseconds=rows.randrange(250, 1900))
    source, medium, campaign = rows.choice(CAME)
    first = rows.choice(CAME)[0] if rows.random() < 0.2 else ""
    came = dict(source_id=keys[source], medium_id=keys.get(medium), campaign_id=keys.get(campaign),
                first_source_id=keys.get(first))
    facts = dict(state="failed", code="error_core") if failed else dict(state="delivered", delivered_at=later, **came)
    body = {"name": rows.choice(TEXTS["names"]), "phone": f"{TEXTS['phone']}{rows.randrange(100, 999)}"}
    form = rows.choices(forms, [5, 3, 2])[0]
    return Submission(portal=form.portal, form=form, body=body, received_at=at, due_at=None, **facts)
def number(day):
    weekend = (now - timedelta(days=day)).weekday() > 4
    return round((16 - day / 9) * (0.45 if weekend else 1) * rows.uniform(0.75, 1.25))
Submission.objects.bulk_create(row(day) for day in range(1, 90) for _ in range(number(day)))
"""


def main() -> int:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        for language in TEXTS:
            with (
                tempfile.TemporaryDirectory() as folder,
                start_stack(Path(folder), plan="none", DATABASE_URL="", REDIS_URL="", CLEAN_GRACE_DAYS="3") as stack,
            ):
                draw(browser, stack, language)
        browser.close()
    return 0


def draw(browser: Any, stack: Stack, language: str) -> None:
    """All pictures in one language."""
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    page.goto(stack.portal_page)
    page.get_by_label("Language").select_option(language)
    page.get_by_role("button", name="Install", exact=True).click()
    page.add_style_tag(content=ONLY_SANDBOX)
    settled(page)
    pictures(page, "start", language)
    ids = use(stack, language)
    for name, path in PAGES.items():
        go(page, path.format(**ids))
        pictures(page, name, language)
    if language == "en":
        card_picture(page, stack)
    page.close()
    if language == "en":
        measure(browser, stack)


def use(stack: Stack, language: str = "en") -> dict[str, str]:
    """Have the application used for a while; what the addresses of its pages need."""
    stack.member_id = stack.sandbox("GET", "/state")["portals"]["acme"]["member_id"]
    for value, source in (("fair", "exhibition"), ("blog", "newsletter")):
        rule = ["--match", "utm_source", "--value", value, "--utm-source", source, "--crm-source", "WEB"]
        stack.run("source_rule_add", "--portal", stack.member_id, *rule)
    texts = TEXTS[language]
    form, *_others = [stack.create_form(name, "lead") for name in texts["forms"]]
    stack.run("shell", "-v", "0", "-c", f"TEXTS = {texts!r}\n{HISTORY}")
    sent = [
        requests.post(form["url"], json={**body, "page_url": "https://shop.example/offer/"}, timeout=10).json()["id"]
        for body in (
            {"name": texts["names"][0], "phone": f"{texts['phone']}100", "utm_source": "tiktok"},
            {"name": texts["names"][2], "email": "sofia@mail.example", "utm_source": "fair", "utm_medium": "cpc"},
        )
    ]
    while stack.counts()["states"]["queued"] + stack.counts()["states"]["sending"]:
        time.sleep(0.2)
    first = "from traces.models import Form; print(Form.objects.order_by('pk').first().pk)"
    number = stack.run("shell", "-v", "0", "-c", first)
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


def pictures(page: Any, name: str, language: str) -> None:
    """A page as the Market shows it, and in English as the README does."""
    folder = MARKET / language / "screens"
    folder.mkdir(parents=True, exist_ok=True)
    page.frames[-1].evaluate("document.documentElement.dataset.theme = 'light'")
    page.wait_for_timeout(300)
    if name not in NOT_ON_THE_CARD:
        page.screenshot(path=folder / f"{name}.png")
    for theme, width in (("light", 1280), ("dark", 1280), ("narrow", 360)) if language == "en" else ():
        page.set_viewport_size({"width": width, "height": 3000})  # so that all of the frame is painted
        color = "dark" if theme == "dark" else "light"
        page.frames[-1].evaluate("color => { document.documentElement.dataset.theme = color }", color)
        page.wait_for_timeout(300)
        box = page.locator("iframe").bounding_box()
        page.screenshot(path=FOLDER / f"{name}-{theme}.png", clip={**box, "height": min(box["height"], MAX_HEIGHT)})
    page.set_viewport_size({"width": 1280, "height": 720})


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
