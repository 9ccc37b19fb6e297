"""The list of submissions in the portal's frame, which is as high as its page: what is new, selected and undone."""

import pytest

from tests.fixtures.browser import BROWSER, acme, application, go_to, install
from tests.fixtures.waiting import until_on

pytestmark = [*BROWSER, pytest.mark.look]
PATIENCE = 30_000  # milliseconds
RECEIVE = """
from b24app.models import Portal
from traces.models import Form, Submission
portal = Portal.objects.get(member_id="{member}")
form = Form.objects.filter(portal=portal).first() or Form.objects.create(portal=portal, name="Website", secret_hash="0")
Submission.objects.bulk_create(
    Submission(portal=portal, form=form, body={{"name": f"{name} {{n}}"}}, body_hash="0", state="failed", due_at=None)
    for n in range({number})
)
"""


def receive(stack, name, number):
    member = acme(stack)["member_id"]
    stack.run("shell", "-v", "0", "-c", RECEIVE.format(member=member, name=name, number=number))


def sight(page, element):
    """The top and the bottom of an element of the frame, where people see them."""
    top = page.locator("iframe").evaluate("frame => frame.getBoundingClientRect().top")
    box = element.evaluate("box => [box.getBoundingClientRect().top, box.getBoundingClientRect().bottom]")
    return [edge + top for edge in box]


@pytest.mark.parametrize("width", [1280, 360])
def test_the_list_as_people_work_with_it(page, stack, width):
    page.set_viewport_size({"width": width, "height": 700})
    install(page)
    receive(stack, "Otto", 60)
    frame = application(page)
    go_to(page, "Submissions")
    rows = frame.locator(".submissions tbody tr")
    rows.first.wait_for()
    wide = frame.locator("html").evaluate("page => page.scrollWidth - page.clientWidth")
    assert (wide, rows.count()) == (0, 50)

    chosen, bar = rows.nth(1).get_by_role("checkbox"), frame.locator(".bulk")
    assert frame.get_by_role("button", name="Delete selected").is_disabled()
    chosen.check()
    until_on(page, lambda: sight(page, bar)[0] >= 0 and sight(page, bar)[1] <= 701)
    frame.get_by_role("button", name="Delete selected").press("Enter")  # a click may miss a bar that is moving
    frame.get_by_role("dialog").get_by_role("button", name="Delete selected").click()
    frame.get_by_role("button", name="Undo").click()
    frame.get_by_text("1 submission restored.").wait_for(timeout=PATIENCE)

    receive(stack, "Ines", 1)
    frame.get_by_role("button", name="1 new – show").click(timeout=PATIENCE)
    frame.locator(".submissions").get_by_role("link", name="Ines 0").focus()
    page.keyboard.press("Enter")
    frame.locator("h1", has_text="Ines").wait_for(timeout=PATIENCE)
    frame.get_by_role("button", name="Older").click()
    frame.locator("h1", has_text="Otto").wait_for(timeout=PATIENCE)
