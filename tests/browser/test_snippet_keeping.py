"""What the website snippet keeps until it can be sent, in a real browser and with the product itself."""

import pytest

from tests.fixtures.browser import BROWSER
from tests.fixtures.waiting import until_on
from tests.fixtures.website import FAILURE, KEY, LISTENING, SHOP, SILENCE, document

pytestmark = BROWSER


# --- What is kept ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [FAILURE, 429, 503])
def test_what_could_not_be_sent_goes_on_the_next_page_with_the_same_key(site, status):
    site.statuses = [status]
    site.open()
    site.submit()
    assert site.told("kept")["status"] == status
    site.open("/next")
    site.told("sent")
    assert (site.posts[0], site.kept()) == (site.posts[1], [])


def test_what_had_no_answer_when_the_page_was_left_goes_on_the_next_one(site):
    site.statuses = [SILENCE]
    site.open()
    site.submit()
    site.open("/next")
    site.told("sent")
    assert (site.posts[0], site.kept()) == (site.posts[1], [])


@pytest.mark.parametrize("status", [400, 404])
def test_what_is_refused_is_not_kept(site, status):
    site.statuses = [status]
    site.open()
    site.submit()
    assert (site.told("failed")["status"], site.kept()) == (status, [])


KEPT = """([count, days]) => { for (let n = 0; n < count; n++) localStorage.setItem("tracerelay:the-form:" + n,
    JSON.stringify({ at: Date.now() - days * 86400e3 + n, body: '{"NAME":"' + n + '"}' })); }"""


def test_at_most_twenty_are_kept_and_the_oldest_goes_first(site):
    site.statuses = [SILENCE]
    site.open()
    site.page.evaluate(KEPT, [20, 1])
    site.press()
    assert (len(site.kept()), f"tracerelay:{KEY}:0" in site.kept()) == (20, False)


def test_what_is_still_under_way_is_not_sent_again(site):
    site.statuses = [SILENCE]
    site.open()
    site.submit()
    site.page.evaluate(KEPT, [1, -1])
    site.page.evaluate("dispatchEvent(new Event('online'))")
    site.told("sent")
    assert [key for key, _ in site.posts][1:] == ["0"]


@pytest.mark.parametrize(("days", "sent"), [(6.9, ["0", "1"]), (7.1, [])])
def test_for_at_most_seven_days(site, days, sent):
    site.open()
    site.page.evaluate(KEPT, [2, days])
    site.open("/next")
    until_on(site.page, lambda: not site.kept())
    assert [body["NAME"] for _, body in site.posts] == sent


# --- With the product itself -----------------------------------------------------------------------------


@pytest.fixture
def visit_shop(chromium, stack):
    """Open a page of a shop with the script of a form made with these options, as the product serves it."""
    if not stack.member_id:
        stack.install()
    contexts = []

    def visit(*options, offline=False):
        made = stack.create_form("Shop", "trace", *options)
        context = chromium.new_context(permissions=["local-network-access"])
        contexts.append(context)
        context.add_init_script(LISTENING)
        html = document(script=f'<script src="{made["url"].rstrip("/")}.js"></script>')
        context.route(f"{SHOP}/**", lambda route: route.fulfill(body=html, content_type="text/html"))
        page = context.new_page()
        page.faults = []
        page.on("pageerror", lambda error: page.faults.append(str(error)))
        page.goto(f"{SHOP}/?utm_source=google")
        context.set_offline(offline)
        page.get_by_role("button", name="Send").click()
        return page

    yield visit
    for context in contexts:
        context.close()


def test_a_submission_reaches_the_portal_with_its_source(visit_shop, stack):
    page = visit_shop("--origin", SHOP)
    page.wait_for_function("told.some(([name]) => name === 'sent')")
    until_on(page, stack.portal_traces)
    assert stack.portal_traces()[-1]["source_id"] == 1


def test_where_the_site_may_not_send_its_page_goes_on_undisturbed(visit_shop):
    page = visit_shop("--origin", "https://other.example")
    page.wait_for_function("told.some(([name]) => name === 'kept')")
    assert page.faults == []


def test_what_is_sent_offline_arrives_once_as_soon_as_there_is_a_network(visit_shop, stack):
    before = len(stack.portal_traces())
    page = visit_shop("--origin", SHOP, offline=True)
    page.wait_for_function("told.some(([name]) => name === 'kept')")
    page.context.set_offline(False)
    page.wait_for_function("told.some(([name]) => name === 'sent')")
    until_on(page, lambda: len(stack.portal_traces()) == before + 1)
