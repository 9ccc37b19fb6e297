"""The overview's chart and the menu, by mouse, keyboard and finger."""

import pytest
import requests

from tests.fixtures.browser import BROWSER, acme, application, install
from tests.fixtures.waiting import until, until_on

pytestmark = [*BROWSER, pytest.mark.look]
TOUCH = """day => day.dispatchEvent(
    new PointerEvent("click", { bubbles: true, cancelable: true, pointerType: "touch" }))"""


@pytest.fixture
def overview(page, stack):
    """The overview of a portal with a submission of today."""
    install(page)
    stack.member_id = acme(stack)["member_id"]
    form = stack.create_form("Shop", "lead")
    before = stack.counts()["states"]["delivered"]
    requests.post(form["url"], json={"name": "Ines"}, timeout=10)
    until(lambda: stack.counts()["states"]["delivered"] > before)
    frame = application(page)
    frame.get_by_role("link", name="Overview").click()
    frame.locator(".bars li").first.wait_for()
    return frame


def shown(frame):
    return frame.locator(".tip:visible").count()


def test_a_day_shows_its_numbers_and_opens_its_submissions(page, overview):
    today = overview.locator(".bars li").last.locator("a")
    assert shown(overview) == 0
    today.hover()
    assert "Delivered: 0" not in overview.locator(".tip:visible").inner_text()
    today.press("ArrowLeft")
    assert "Delivered: 0" in overview.locator(".bars a:focus .tip").inner_text()
    page.keyboard.press("End")
    assert overview.locator(".bars [tabindex='0']").count() == 1
    page.keyboard.press("Enter")
    overview.get_by_role("heading", name="Submissions", exact=True).wait_for()
    overview.get_by_role("link", name="Ines").first.wait_for()


def test_a_finger_shows_a_day_first_and_opens_it_then(page, overview):
    page.set_viewport_size({"width": 360, "height": 800})
    today = overview.locator(".bars li").last.locator("a")
    today.evaluate(TOUCH)
    until_on(page, lambda: shown(overview) == 1)
    assert overview.get_by_role("heading", name="Overview").is_visible()
    today.evaluate(TOUCH)
    overview.get_by_role("heading", name="Submissions", exact=True).wait_for()


def test_on_a_phone_the_menu_is_one_line_that_unfolds(page, overview):
    page.set_viewport_size({"width": 360, "height": 800})
    fold = overview.get_by_role("button", name="Menu")
    health = overview.get_by_role("link", name="Health", exact=True)
    assert (fold.get_attribute("aria-expanded"), health.is_visible()) == ("false", False)
    assert overview.locator(".menu").evaluate("menu => menu.offsetHeight") < 60
    fold.click()
    health.click()
    overview.get_by_role("heading", name="Health", exact=True).wait_for()
    assert not health.is_visible()
