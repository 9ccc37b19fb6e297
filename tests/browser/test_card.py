"""The tab in a card of the sandbox portal's CRM, in a real browser."""

import json

import pytest
import requests

from tests.fixtures.browser import BROWSER, acme, application, install
from tests.fixtures.waiting import until, until_on

pytestmark = BROWSER
TRACE = {
    "url": "https://shop.example/bikes",
    "tags": {"ts": 1790000000, "list": {"utm_source": "fair", "utm_campaign": "autumn"}},
    "pages": {"list": [["https://shop.example/bikes", 1790000000, "Bikes of the year"]]},
}


@pytest.fixture
def lead(page, stack):
    """The number of a lead that the application has made; its page shows the card of it."""
    install(page)
    stack.member_id = acme(stack)["member_id"]
    form = stack.create_form("Shop", "lead")
    before = len(stack.portal_traces())
    requests.post(form["url"], json={"name": "Ines", "TRACE": json.dumps(TRACE)}, timeout=10).raise_for_status()
    until(lambda: len(stack.portal_traces()) > before)
    ((_kind, number),) = stack.portal_traces()[-1]["entities"]
    page.goto(f"{stack.portal_page}?card=lead/{number}")


@pytest.mark.parametrize(("lang", "tab"), [("en", "Visitor journey"), ("ru", "Путь посетителя")])
def test_a_salesman_sees_the_visitors_path_in_the_card_of_a_lead(page, lead, lang, tab):
    page.get_by_label("User").select_option("3")
    page.get_by_label("Language").select_option(lang)
    page.get_by_text(tab, exact=True).first.wait_for()
    application(page).get_by_text("Bikes of the year").wait_for()
    for text in ("Ines", "fair · autumn"):
        assert application(page).get_by_text(text, exact=True).first.is_visible()


def test_who_may_not_read_the_lead_sees_nothing_of_it(page, context, stack, lead):
    stack.sandbox("POST", "/portals/acme/set_user", id=3, denied=["crm.lead.get"])
    page.get_by_label("User").select_option("3")
    application(page).get_by_text("You don't have access to this record.").wait_for()
    assert application(page).get_by_text("Ines").count() == application(page).get_by_text("Bikes").count() == 0
    until_on(page, lambda: context.complaints)
    assert all("status of 403" in context.complaints.pop() for _ in list(context.complaints))
    stack.sandbox("POST", "/portals/acme/set_user", id=3, denied=[])


def test_a_lead_is_a_small_card_on_the_portals_page_that_opens_its_own(page, lead):
    number = page.url.rpartition("/")[2]
    page.goto(page.url.partition("?")[0])
    card = page.locator("#records").get_by_role("link", name=f"Lead {number}")
    card.wait_for()
    assert "Ines" in card.inner_text()
    card.click()
    application(page).get_by_text("Bikes of the year").wait_for()
    assert "Ines" in page.locator("#record").inner_text()
