"""Where the eye and the keyboard are after each click: the portal's page scrolls, the frame is as high as its page."""

import pytest

from tests.fixtures.browser import BROWSER, acme, application, install
from tests.fixtures.waiting import until_on

pytestmark = [*BROWSER, pytest.mark.look]
RULES = 12
FILL = """
from b24app.models import Portal
from traces.models import SourceRule
portal = Portal.objects.get(member_id="{member}")
portal.source_rules.all().delete()
SourceRule.objects.bulk_create(
    SourceRule(portal=portal, position=n, field="utm_source", operator="equals", value=f"value{{n}}", utm_source="g")
    for n in range(1, {rules} + 1)
)
"""
IN_SIGHT = """(box, top) => { const place = box.getBoundingClientRect(); return place.height > 0
    && place.top + top >= 0 && place.bottom + top <= 700; }"""


@pytest.fixture
def sources(page, stack):
    """The page of a portal's rules, which is higher than what one sees of it."""
    page.set_viewport_size({"width": 1000, "height": 700})
    install(page)
    member = acme(stack)["member_id"]
    stack.run("shell", "-v", "0", "-c", FILL.format(member=member, rules=RULES))
    frame = application(page)
    frame.get_by_role("link", name="Sources").click()
    frame.locator("h1:focus").wait_for()
    return frame


def is_in_sight(page, element):
    """Whether people see an element of the frame without scrolling."""
    top = page.locator("iframe").evaluate("frame => frame.getBoundingClientRect().top")
    return element.evaluate(IN_SIGHT, top)


def focused(frame):
    return frame.locator("body").evaluate("() => document.activeElement.id || document.activeElement.tagName")


def test_a_new_page_is_seen_from_its_top(page, sources):
    page.evaluate("scrollTo(0, 500)")
    sources.locator("body").evaluate("() => document.querySelector('.menu a[href*=settings]').click()")
    sources.get_by_role("heading", name="Settings", exact=True).wait_for()
    until_on(page, lambda: page.evaluate("scrollY") == 0)


def test_the_focus_stays_at_the_rule_one_works_on(page, sources):
    edit = sources.get_by_role("button", name=f"Edit rule {RULES - 1}")
    chosen = edit.get_attribute("id")
    edit.click()
    until_on(page, lambda: focused(sources) == "rule-field")
    sources.get_by_role("button", name="Cancel").click()
    until_on(page, lambda: focused(sources) == chosen)
    edit.click()
    sources.get_by_role("button", name="Save rule").click()
    message = sources.get_by_text("Rule saved.")
    message.wait_for()
    until_on(page, lambda: focused(sources) == chosen and is_in_sight(page, message))


def test_a_new_rule_is_begun_where_one_types(page, sources):
    sources.get_by_role("link", name="Add rule").click()
    until_on(page, lambda: focused(sources) == "rule-field" and is_in_sight(page, sources.locator("#rule-field")))


def test_a_dialog_asks_where_one_looks_and_gives_the_focus_back(page, sources):
    remove = sources.get_by_role("button", name=f"Remove rule {RULES}")
    dialog = sources.get_by_role("dialog", name="Remove this rule?")
    remove.click()
    until_on(page, lambda: is_in_sight(page, dialog))
    page.keyboard.press("Escape")
    dialog.wait_for(state="hidden")
    assert remove.evaluate("button => button === document.activeElement")
    assert sources.locator(".rules > li").count() == RULES
    remove.click()
    dialog.get_by_role("button", name="Remove").click()
    sources.get_by_text("Rule removed.").wait_for()
    assert sources.locator(".rules > li").count() == RULES - 1
    until_on(page, lambda: focused(sources) == "A")  # the button that adds one: there is none after it


def test_a_message_of_trouble_is_in_sight_until_the_next_success(page, context, sources):
    context.set_offline(True)
    sources.get_by_role("button", name=f"Edit rule {RULES}").click()
    toast = sources.locator("#trouble")
    toast.wait_for()
    until_on(page, lambda: is_in_sight(page, toast))
    context.set_offline(False)
    sources.get_by_role("button", name=f"Edit rule {RULES}").click()
    toast.wait_for(state="hidden")
    context.complaints.clear()
