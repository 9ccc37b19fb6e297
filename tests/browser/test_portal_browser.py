"""What people see of the product on the sandbox portal's pages, in a real browser."""

import re

import pytest
import requests

from tests.fixtures.browser import BROWSER, acme, application, install, menu
from tests.fixtures.waiting import until_on

pytestmark = BROWSER


def test_the_frame_is_as_high_as_its_page_at_1280_pixels(page):
    install(page)
    for lang, entry in (("ru", "Заявки"), ("en", "Submissions")):
        page.get_by_label("Language").select_option(lang)
        application(page).get_by_role("link", name=entry).wait_for()
        frame = page.frames[-1]
        until_on(page, lambda: page.frames[-1].evaluate("typeof window.B24Js?.initializeB24Frame") == "function")
        until_on(
            page,
            lambda: page.frames[-1].evaluate("innerHeight == Math.ceil(document.body.getBoundingClientRect().height)"),
        )
        wide = "[...document.querySelectorAll('html, .scroll')].filter((e) => e.scrollWidth > e.clientWidth).length"
        assert frame.evaluate(wide) == 0


def test_an_ordinary_user_is_told_to_wait_for_an_administrator(page, stack):
    stack.sandbox("POST", "/portals/acme/install")
    page.get_by_label("User").select_option("3")
    page.get_by_text("an administrator has to open it first").wait_for()
    assert page.locator("iframe").count() == 0


@pytest.mark.parametrize(
    ("lang", "text"),
    [("en", "Only a Bitrix24 administrator can"), ("ru", "только администратор портала")],
)
def test_an_ordinary_user_is_no_administrator_to_the_application_either(page, context, stack, lang, text):
    page.get_by_label("User").select_option("3")
    page.get_by_label("Language").select_option(lang)
    stack.sandbox("POST", "/portals/acme/install")
    stack.sandbox("POST", "/portals/acme/finish_install")  # without our page having seen an administrator
    page.get_by_role("button", name="Reload").click()
    application(page).get_by_text(re.compile(text, re.IGNORECASE)).wait_for()
    until_on(page, lambda: context.complaints)
    assert all("status of 403" in context.complaints.pop() for _ in list(context.complaints))


def test_what_a_visitor_sends_appears_on_the_portals_page_and_goes_with_the_data(page, stack, chromium):
    install(page)
    stack.member_id = acme(stack)["member_id"]
    form = stack.create_form("Shop", "trace")
    visitor = chromium.new_context()
    shop = visitor.new_page()
    shop.goto(stack.shop_address(form["key"]) + "?utm_source=google&utm_medium=cpc&utm_campaign=autumn")
    for label, text in {"Name": "Ines", "Phone": "+49 30 1", "E-mail": "ines@shop.example", "Comment": "Two"}.items():
        shop.get_by_label(label).fill(text)
    shop.get_by_role("button", name="Send").click()
    shop.get_by_role("heading", name="Thank you").wait_for()
    visitor.close()
    row = page.get_by_role("row", name="google · cpc · autumn").first
    row.wait_for()
    assert row.get_by_role("cell", name="Google Ads").is_visible()

    page.get_by_label("delete data").check()
    page.get_by_role("button", name="Uninstall").click()
    page.get_by_text("not installed on this portal").wait_for()
    until_on(page, lambda: requests.options(form["url"], timeout=10).status_code == 404)
    assert stack.counts()["total"] == 0


def test_a_session_that_is_over_is_begun_anew_by_itself(page, context):
    install(page)
    opening = page.locator("iframe").get_attribute("name")
    until_on(page, lambda: page.frames[-1].evaluate("Boolean(window.htmx && window.B24Js)"))
    page.frames[-1].evaluate(
        "document.addEventListener('htmx:configRequest', (e) => { e.detail.headers['X-Frame-Session'] = 'forged' })"
    )
    application(page).get_by_role("link", name="Settings", exact=True).click()
    until_on(page, lambda: page.locator("iframe").get_attribute("name") != opening)
    menu(page).wait_for()
    assert all("status of 401" in context.complaints.pop() for _ in list(context.complaints))
