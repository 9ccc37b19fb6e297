"""The product in a real browser, inside the sandbox portal's frame: installed, opened, used and removed by clicks."""

import pytest
import requests

from tests.fixtures.browser import BROWSER, SENT, acme, application, install, menu, wait_for_erasure
from tests.fixtures.waiting import until

pytestmark = BROWSER


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
    application(page).get_by_text("This page is for Bitrix24 administrators").wait_for()
    assert page.get_by_label("User").input_value() == "3"


def test_a_new_version_is_finished_when_it_is_opened(page, stack):
    install(page)
    opening = page.locator("iframe").get_attribute("name")
    page.get_by_role("button", name="New version").click()
    until(lambda: page.locator("iframe").get_attribute("name") != opening and acme(stack)["installed"])
    menu(page).wait_for()
    assert acme(stack)["installed"]


@pytest.fixture
def shop_form(page, stack):
    """A form of the portal's, made once the application is installed."""
    install(page)
    stack.member_id = acme(stack)["member_id"]
    return stack.create_form("Shop", "trace")


@pytest.mark.parametrize("script", [True, False])
def test_a_shops_form_delivers_its_trace(page, shop_form, stack, chromium, script):
    visitor = chromium.new_context(java_script_enabled=script)
    shop = visitor.new_page()
    before = acme(stack)["traces"]
    shop.goto(stack.shop_address(shop_form["key"]) + "?utm_source=google&utm_medium=cpc")
    shop.get_by_label("Name").fill("Ines")
    shop.get_by_role("button", name="Send").click()
    shop.get_by_role("heading", name="Thank you").wait_for()
    visitor.close()
    until(lambda: acme(stack)["traces"] == before + 1)
    assert stack.portal_traces()[-1]["source_id"] == (1 if script else 0)


def test_what_was_delivered_stands_on_the_applications_page(page, shop_form, stack):
    requests.post(shop_form["url"], json={"utm_source": "google", "page_url": "https://shop.example.com/"}, timeout=10)
    until(lambda: acme(stack)["traces"])
    until(lambda: stack.counts()["states"]["delivered"])
    application(page).get_by_role("link", name="Submissions").click()
    application(page).get_by_role("cell", name="Delivered").first.wait_for()


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
    "en": ("Create form", "Send test submission", "Delivered", "Finish", "Overview"),
    "ru": ("Создать форму", "Отправить пробную заявку", "Доставлено", "Завершить", "Обзор"),
}


@pytest.mark.parametrize("lang", FIRST_RUN)
def test_a_newcomer_sees_a_test_submission_delivered_by_clicks_alone(page, stack, lang):
    make, send, delivered, finish, overview = FIRST_RUN[lang]
    wait_for_erasure(stack)
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
    frame.locator("h1:focus").wait_for()  # a page that has arrived takes the focus to its heading
    frame.get_by_role("button", name="Move rule 2 up").focus()
    page.keyboard.press("Enter")
    until(lambda: frame.locator(".rules li").first.inner_text().count("second"))
    assert frame.locator("button:focus").get_attribute("id").startswith("up-")
    frame.locator(".rules li").nth(2).drag_to(frame.locator(".rules li").nth(0))
    until(lambda: frame.locator(".rules li").first.inner_text().count("third"))
