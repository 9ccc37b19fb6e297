"""The pages in the portal's frame, in a real browser: who can read them, how wide and how heavy they are."""

import pytest
import requests
from axe_playwright_python.sync_playwright import Axe

from tests.fixtures.browser import BROWSER, SENT, acme, install
from tests.fixtures.waiting import until

pytestmark = [*BROWSER, pytest.mark.look]
WIDTHS = (360, 700, 1280, 1920)
AXE = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
LATER_PAGE = 40_000  # bytes as they travel
PAGES = {
    "start": "start/",
    "overview": "overview/",
    "sources": "sources/",
    "a rule being edited": "sources/",
    "a new rule": "sources/new/",
    "forms": "forms/",
    "a new form": "forms/new/",
    "a form's settings": "forms/{form}/",
    "a form's fields": "forms/{form}/fields/",
    "a form's conditions": "forms/{form}/conditions/",
    "a form's codes": "forms/{form}/codes/",
    "submissions": "submissions/",
    "submissions with filters": "submissions/",
    "a submission": "submissions/{submission}/",
    "what it earns": "earnings/",
    "a failed submission being edited": "submissions/{failed}/",
    "settings": "settings/",
    "health": "health/",
    "what is not there": "forms/999999999/",
}
# What is clicked on a page after it is there.
OPENED = {
    "a rule being edited": "[id^=edit-]",
    "submissions with filters": ".more > summary",
    "a failed submission being edited": "details.card > summary",
}
FAIL = """
from traces.models import Form, Submission
form = Form.objects.get(portal__member_id="{member}")
body = {{"name": "Otto", "phone": "+44 20 7946 0100"}}
row = Submission(portal=form.portal, form=form, body=body, body_hash="0", state="failed", due_at=None)
Submission.objects.bulk_create([row])
print(row.pk)
"""


@pytest.fixture(scope="module")
def used(chromium, stack):
    """A portal whose application has been in use: the frame of its page, and the addresses of all pages in it."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    stack.sandbox("POST", "/portals/acme/uninstall", clean=True)
    page.goto(stack.portal_page)
    install(page)
    stack.member_id = acme(stack)["member_id"]
    rule = ["--match", "utm_source", "--value", "fair", "--utm-source", "google", "--crm-source", "WEB"]
    stack.run("source_rule_add", "--portal", stack.member_id, *rule)
    form = stack.create_form("Shop", "lead")
    sent = [post(form, utm_source=source, name="Ines") for source in ("google", "fair", "unheard-of")]
    until(lambda: stack.counts()["states"]["delivered"] == len(sent))
    failed = stack.run("shell", "-v", "0", "-c", FAIL.format(member=stack.member_id)).strip()
    frame = page.frames[-1]
    until(lambda: frame.evaluate("Boolean(window.htmx)"))
    go(frame, "forms/")
    number = frame.locator("a[href*='/forms/']").evaluate_all(
        "links => links.map(a => a.getAttribute('href').match(/forms\\/(\\d+)/)).find(Boolean)[1]"
    )
    yield frame, {name: path.format(form=number, submission=sent[0], failed=failed) for name, path in PAGES.items()}
    context.close()


def post(form, **fields):
    """The id of a submission that has come through a form."""
    fields["page_url"] = "https://shop.example.com/offer/"
    return requests.post(form["url"], json=fields, timeout=10).json()["id"]


def go(frame, path):
    """Open a page as a link to it does, and wait for all that it loads."""
    ask = "path => htmx.ajax('GET', '/b24/app/' + path, {target: '#app', swap: 'innerHTML'})"
    frame.evaluate(ask, path)
    until(lambda: frame.evaluate("document.querySelector('#main h1') && !document.querySelector('.htmx-request')"))


@pytest.fixture(params=PAGES)
def opened(request, used):
    """Each page of the application in turn."""
    frame, paths = used
    go(frame, paths[request.param])
    if request.param in OPENED:
        frame.locator(OPENED[request.param]).first.click()
        until(lambda: frame.evaluate("!document.querySelector('.htmx-request')"))
    return frame


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing(opened, theme):
    opened.evaluate("theme => { document.documentElement.dataset.theme = theme }", theme)
    found = Axe().run(opened, options=AXE).response["violations"]
    assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found] == []


def test_nothing_scrolls_within_the_frame(opened):
    page = opened.page
    inner = """[...document.querySelectorAll('*')].filter((e) => e.scrollWidth > e.clientWidth + 1
        && getComputedStyle(e).overflowX !== 'visible' && e.clientWidth > 1
        && !e.matches('pre, input, textarea, select'))
        .map((e) => e.outerHTML.slice(0, 200))"""
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        until(lambda: opened.evaluate("document.documentElement.clientHeight >= document.body.offsetHeight"))
        wide = opened.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
        assert wide[0] <= wide[1], f"{wide} at {width}"
        assert opened.evaluate(inner) == []


def test_fingers_hit_what_they_touch(opened):
    page = opened.page
    page.set_viewport_size({"width": 360, "height": 900})
    small = """[...document.querySelectorAll(`button, .button, .menu a, .parts a, summary, select,
        textarea, label.check, input:not([type=checkbox], [type=radio], [type=hidden], [type=file])`)]
        .filter((e) => e.offsetParent && e.getBoundingClientRect().height < 43.5)
        .map((e) => e.outerHTML.slice(0, 200))"""
    assert opened.evaluate(small) == []


def test_a_later_page_is_light(opened):
    opened.evaluate("performance.clearResourceTimings()")
    before = opened.evaluate(SENT)
    address = opened.evaluate(
        "document.querySelector('[aria-current=page]')?.getAttribute('href') || '/b24/app/start/'"
    )
    go(opened, address.removeprefix("/b24/app/"))
    assert 500 < opened.evaluate(SENT) - before < LATER_PAGE
