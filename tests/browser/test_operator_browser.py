"""The product in a real browser, inside the sandbox portal's frame: installed, opened, used and removed by clicks."""

import os
import re
import time

import pytest

from tests.fixtures.stack import private_services, start_stack

pytestmark = [
    pytest.mark.skipif(not os.environ.get("BROWSER_TESTS"), reason="BROWSER_TESTS=1 runs these; they need Chromium"),
    pytest.mark.timeout(120),
]
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--test-third-party-cookie-phaseout",
]
# What the pages of a frame have brought over the wire, in bytes.
SENT = "performance.getEntries().reduce((sum, entry) => sum + (entry.transferSize || 0), 0)"


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    with (
        private_services() as services,
        start_stack(tmp_path_factory.mktemp("stack"), plan="none", **services) as stack,
    ):
        yield stack


@pytest.fixture(scope="module")
def chromium():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(chromium, stack):
    """A page of the portal, with the application removed before; what the browser complains of fails the test."""
    stack.sandbox("POST", "/portals/acme/uninstall", clean=True)
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    complaints = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(stack.portal_page)
    yield page
    context.close()
    assert complaints == []


def application(page):
    return page.frame_locator("iframe")


def menu(page):
    """The menu of the application, which an administrator sees on each page."""
    return application(page).get_by_role("navigation", name=re.compile("Pages of Trace Relay|Страницы Trace Relay"))


def install(page):
    page.get_by_role("button", name="Install", exact=True).click()
    menu(page).wait_for()


def acme(stack):
    return stack.sandbox("GET", "/state")["portals"]["acme"]


def until(condition, seconds=15):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come true"
        time.sleep(0.1)


def test_an_administrator_installs_it_by_one_click(page, stack):
    install(page)
    assert acme(stack)["installed"]
    until(
        lambda: (
            {e["event"]: e["status"] for e in stack.sandbox("GET", "/state")["events_sent"][-1:]}
            == {"ONAPPINSTALL": 200}
        )
    )


def test_the_page_speaks_russian_where_the_portal_does(page):
    page.get_by_label("Language").select_option("ru")
    install(page)
    assert application(page).get_by_role("link", name="Формы").is_visible()


def test_the_frame_has_no_scroll_bar_of_its_own(page):
    install(page)
    body = application(page).locator("html")
    until(lambda: body.evaluate("e => e.scrollHeight <= e.clientHeight && e.scrollWidth <= e.clientWidth"))


def test_an_ordinary_user_is_told_whose_page_it_is(page):
    install(page)
    opening = page.locator("iframe").get_attribute("name")
    page.get_by_label("User").select_option("3")
    until(lambda: page.locator("iframe").get_attribute("name") != opening)
    application(page).get_by_text("This page is for the administrators").wait_for()
    assert page.get_by_label("User").input_value() == "3"


def test_a_new_version_is_finished_when_it_is_opened(page, stack):
    install(page)
    opening = page.locator("iframe").get_attribute("name")
    page.get_by_role("button", name="New version").click()
    until(lambda: page.locator("iframe").get_attribute("name") != opening and acme(stack)["installed"])
    menu(page).wait_for()
    assert acme(stack)["installed"]


@pytest.fixture
def form(page, stack):
    install(page)
    stack.member_id = acme(stack)["member_id"]
    return stack.create_form("Shop", "trace")


@pytest.mark.parametrize("script", [True, False])
def test_a_shops_form_delivers_its_trace(page, form, stack, chromium, script):
    visitor = chromium.new_context(java_script_enabled=script)
    shop = visitor.new_page()
    before = acme(stack)["traces"]
    shop.goto(stack.shop_address(form["key"]) + "&utm_source=google&utm_medium=cpc")
    shop.get_by_label("Name").fill("Ines")
    shop.get_by_role("button", name="Send").click()
    shop.get_by_role("heading", name="Thank you").wait_for()
    visitor.close()
    until(lambda: acme(stack)["traces"] == before + 1)
    assert stack.portal_traces()[-1]["source_id"] == (1 if script else 0)


def test_what_was_delivered_stands_on_the_applications_page(page, form, stack):
    import requests

    requests.post(form["url"], json={"utm_source": "google", "page_url": "https://shop.example.com/"}, timeout=10)
    until(lambda: acme(stack)["traces"])
    until(lambda: stack.counts()["states"]["delivered"])
    application(page).get_by_role("link", name="Submissions").click()
    application(page).get_by_role("cell", name="Delivered to the portal").first.wait_for()


def test_the_first_view_is_light(page, stack, chromium):
    install(page)
    visitor = chromium.new_context()
    other = visitor.new_page()
    other.goto(stack.portal_page)
    menu(other).wait_for()
    until(lambda: other.frames[-1].evaluate("Boolean(window.htmx && window.B24Js)"))
    sent = other.frames[-1].evaluate(SENT)
    visitor.close()
    assert 100_000 < sent < 250_000


def test_no_cookie_is_set(page, stack):
    install(page)
    application(page).get_by_role("link", name="Settings", exact=True).click()
    application(page).get_by_role("heading", name="Settings").wait_for()
    assert page.context.cookies(stack.app_url) == []


FIRST_RUN = {
    "en": ("Make the form", "Send a test submission", "Delivered to the portal", "Finish", "Overview"),
    "ru": ("Создать форму", "Отправить пробную заявку", "Доставлена на портал", "Завершить", "Обзор"),
}


@pytest.mark.parametrize("lang", FIRST_RUN)
def test_a_newcomer_sees_a_test_submission_delivered_by_clicks_alone(page, stack, lang):
    make, send, delivered, finish, overview = FIRST_RUN[lang]
    count = "from b24app.models import Portal; print(Portal.objects.count())"
    until(lambda: stack.run("shell", "-v", "0", "-c", count).strip() == "0")  # what an earlier test left is erased
    before = acme(stack)["traces"]
    page.set_viewport_size({"width": 1440, "height": 2400})  # or the portal's list of traces could cover a button
    page.get_by_label("Language").select_option(lang)
    install(page)
    frame = application(page)
    frame.get_by_role("button", name=make).click()
    frame.locator("#start-checks details").wait_for()
    frame.get_by_role("button", name=send).click()
    frame.locator("#watch").get_by_text(delivered).wait_for()
    frame.get_by_role("button", name=finish).click()
    frame.get_by_role("heading", name=overview).wait_for()
    assert acme(stack)["traces"] == before + 1


def test_rules_are_put_into_order_by_mouse_and_by_keyboard(page, stack):
    install(page)
    member = acme(stack)["member_id"]
    for value in ("first", "second", "third"):
        stack.run("source_rule_add", "--portal", member, "--match", "source", "--value", value, "--utm-source", "g")
    frame = application(page)
    frame.get_by_role("link", name="Sources").click()
    frame.get_by_role("button", name="Move rule 2 up").focus()
    page.keyboard.press("Enter")
    until(lambda: frame.locator(".rules li").first.inner_text().count("second"))
    assert frame.locator("button:focus").get_attribute("id").startswith("up-")
    frame.locator(".rules li").nth(2).drag_to(frame.locator(".rules li").nth(0))
    until(lambda: frame.locator(".rules li").first.inner_text().count("third"))
