"""The website snippet in a real browser: what it sends, keeps and collects, the last as the portal's tracker does."""

import json
import os
from pathlib import Path

import pytest

from tests.browser import test_operator_browser as browser
from tests.browser.test_portal_browser import until
from tests.snippet_site import (
    FAILURE,
    KEY,
    LISTENING,
    NAME,
    NEVER,
    SHOP,
    SILENCE,
    STAYS,
    TAG,
    Site,
    document,
    form,
    walk,
)

pytestmark = [
    pytest.mark.skipif(not os.environ.get("BROWSER_TESTS"), reason="BROWSER_TESTS=1 runs these; they need Chromium"),
    pytest.mark.timeout(120),
]
chromium = browser.chromium
stack = browser.stack

RECORDINGS = json.loads((Path(__file__).parents[1] / "data" / "tracker_recordings.json").read_text())
PORTALS = """<script>window.calls = 0; window.b24Tracker = { guest: {
    getTrace() { calls += 1; return '{"gid":"portal"}'; } } };</script>"""


@pytest.fixture(scope="module")
def shared_site(chromium):
    context = chromium.new_context()
    yield Site(context)
    context.close()


@pytest.fixture
def site(shared_site):
    """A browser that has never been here; a fault that reaches one of its pages fails the test."""
    shared_site.forget()
    yield shared_site
    assert shared_site.complaints == []


# --- The same trace as the portal's tracker --------------------------------------------------------------


def sent_trace(site):
    return json.loads(site.submit(len(site.posts) + 1)["TRACE"])


@pytest.mark.parametrize("case", RECORDINGS["cases"], ids=lambda case: case["name"])
def test_it_traces_as_the_portals_tracker_does(site, case):
    assert walk(site, case, TAG, sent_trace) == case["traces"]
    if case.get("local_storage", True):
        assert site.stored() == case["stored"]


def test_the_portals_tracker_is_asked_once_and_nothing_else_is_collected(site):
    site.html = document(script=PORTALS + TAG)
    site.open()
    body = site.submit()
    assert (body["TRACE"], body["_tracker"]) == ('{"gid":"portal"}', "portal")
    assert (site.page.evaluate("calls"), site.stored()) == (1, {})


def test_a_tracker_that_comes_late_has_the_page_to_itself(site):
    late = PORTALS.replace("<script>", """<script>addEventListener("load", () => {""", 1)
    site.html = document(script=TAG + late.replace("</script>", "});</script>"))
    site.open()
    assert json.loads(site.submit()["TRACE"]) == {"gid": "portal"}
    assert site.stored() == {}


def test_a_trace_that_the_form_brings_itself_is_left_alone(site):
    site.html = document(script=PORTALS + TAG, form=form('<input name="TRACE" value="{}">'))
    site.open()
    assert site.submit()["TRACE"] == "{}"
    assert site.page.evaluate("calls") == 0


def test_a_page_that_is_left_before_it_has_loaded_belongs_to_the_visit(site):
    site.html = document(script=f'{TAG}<img src="{NEVER}">', h1="First")
    site.page.goto(f"{SHOP}/first", wait_until="domcontentloaded")
    site.page.wait_for_function("window.traceRelay")
    site.html = document(h1="Second")
    site.open("/second")
    assert [title for _, _, title in site.stored()["b24_crm_guest_pages"]] == ["First", "Second"]


# --- What the visitor allows -----------------------------------------------------------------------------

ASKING = TAG.replace("<script", '<script data-consent="agreed"', 1)


def test_without_consent_nothing_is_stored_and_the_submission_goes_without_a_trace(site):
    site.html = document(script=f"<script>window.agreed = () => false</script>{ASKING}")
    site.statuses = [FAILURE]
    site.open("/?utm_source=google")
    assert site.submit() == {"NAME": "Ines"}
    site.told("failed")
    assert site.page.evaluate("localStorage.length") == 0


def test_consent_on_the_way_counts_from_then_on(site):
    site.html = document(script=ASKING)
    site.open("/?utm_source=google")
    assert site.stored() == {}
    site.page.evaluate("window.agreed = () => true")
    site.open("/contact")
    assert site.stored()["b24_crm_guest_utm"]["list"] == {"utm_source": "google"}


@pytest.mark.parametrize("wish", ["doNotTrack: { value: '1' }", "globalPrivacyControl: { value: true }"])
@pytest.mark.parametrize("heeded", [True, False])
def test_the_wish_not_to_be_tracked_is_heeded_unless_it_is_switched_off(site, wish, heeded):
    tag = TAG if heeded else TAG.replace("<script", '<script data-respect-dnt="off"', 1)
    site.html = document(script=f"<script>Object.defineProperties(navigator, {{ {wish} }})</script>{tag}")
    site.open()
    assert ("TRACE" in site.submit(), bool(site.stored())) == (not heeded, not heeded)


# --- What is sent ----------------------------------------------------------------------------------------


def test_a_submission_goes_with_its_page_referrer_and_key(site):
    site.open("/contact?a=1", referer="https://blog.example/")
    body = site.submit()
    assert body.pop("TRACE")
    assert body == {"NAME": "Ines", "page_url": f"{SHOP}/contact?a=1", "referrer": "https://blog.example/"}
    detail = {"form": KEY, "key": site.posts[0][0], "status": 202, "id": "1f"}
    assert (len(detail["key"]), site.told("sent"), site.kept()) == (32, detail, [])


def test_a_forms_own_way_goes_on(site):
    site.html = document(form=form(attributes='method="post" action="/thanks"'))
    site.pages["/thanks"] = document(title="Thanks", form="")
    site.open()
    with site.page.expect_request(f"{SHOP}/thanks") as own:
        site.press()
    site.page.wait_for_url(f"{SHOP}/thanks")
    until(site.page, lambda: site.posts and not site.kept())
    assert own.value.post_data == "NAME=Ines"
    assert len({key for key, _ in site.posts}) == 1  # what was under way when the page was left may come twice


def test_a_form_that_posts_to_the_relay_gets_the_trace_and_goes_by_itself(site):
    site.html = document(form=form(attributes=f'method="post" action="{site.intake}"'))
    site.open("/?utm_source=google")
    body = site.submit()
    assert json.loads(body["TRACE"])["tags"]["list"] == {"utm_source": "google"}
    assert (body["NAME"], body["page_url"], len(site.posts)) == ("Ines", f"{SHOP}/?utm_source=google", 1)
    assert site.posts[0][0] is None


def test_fields_are_sent_as_text_without_files_passwords_and_tokens(site):
    site.html = document(
        script=TAG.replace("<script", '<script data-form=".lead"', 1),
        form=form(
            """<input name="topic" value="a"><input name="topic" value="b"><input name="action" value="ask">
            <input name="matches" value="2"><input name="csrf_token" value="x"><input type="file" name="cv">
            <input type="password" name="new" value="x"><input name="unchecked" type="checkbox">""",
            f'class="lead" {STAYS}',
            '<button name="plan" value="pro">Send</button>',
        ),
    )
    site.open()
    body = {name: value for name, value in site.submit().items() if name not in {"TRACE", "page_url"}}
    assert body == {"topic": "a, b", "action": "ask", "matches": "2", "plan": "pro"}


LEFT_ALONE = [
    form(f'{NAME}<input type="password" name="p">'),
    form(f'{NAME}<input name="p" autocomplete="current-password">'),
    form(f'{NAME}<input name="card_number">'),
    form(f'{NAME}<input name="n" autocomplete="cc-number">'),
    form(attributes=f'method="post" data-trace-relay="off" {STAYS}'),
    form(attributes=f'method="get" {STAYS}'),
    form(attributes=f'action="/search" {STAYS}'),
    form(attributes=f'method="post" role="search" {STAYS}'),
]


def test_a_form_that_logs_in_pays_or_searches_is_left_alone(site):
    site.html = document(form="".join(LEFT_ALONE))
    site.statuses = [SILENCE] * len(LEFT_ALONE)  # one that is sent would still be kept
    site.open()
    site.page.evaluate("for (const button of document.querySelectorAll('button')) button.click()")
    assert (site.kept(), site.posts) == ([], [])


def test_a_form_that_only_a_script_can_send_counts(site):
    site.html = document(form=form(attributes=f'action="#" {STAYS}'))
    site.open()
    assert site.submit()["NAME"] == "Ines"


def test_a_form_counts_that_the_sites_own_script_sends_and_hides(site):
    site.html = document(form=form(attributes='onsubmit="event.preventDefault(); event.stopImmediatePropagation()"'))
    site.open()
    assert site.submit()["NAME"] == "Ines"


@pytest.mark.parametrize(("attributes", "sent"), [("", True), (STAYS, False)])
def test_where_the_sites_own_script_checks_what_it_stops_is_not_sent(site, attributes, sent):
    site.html = document(
        form=form('<input name="NAME" required>', f'method="post" action="/thanks" novalidate {attributes}')
    )
    site.statuses = [SILENCE]
    site.open()
    site.press()
    assert bool(site.kept()) == sent


def test_a_double_click_sends_once_and_a_changed_form_again(site):
    site.open()
    site.page.evaluate("Date.now = (now => () => now)(Date.now())")  # however long the machine takes between the clicks
    site.page.get_by_role("button", name="Send").dblclick()
    site.page.locator("[name=NAME]").fill("Ivo")
    site.submit(2)
    assert [body["NAME"] for _, body in site.posts] == ["Ines", "Ivo"]


@pytest.mark.parametrize(("length", "keepalive"), [(1000, True), (62_000, False)])
def test_a_large_submission_goes_without_keepalive(site, length, keepalive):
    watched = "<script>const all = fetch; fetch = (to, how) => (window.asked = how.keepalive, all(to, how))</script>"
    site.html = document(script=watched + TAG, form=form(f'<input name="NAME" value="{"x" * length}">'))
    site.open()
    site.submit()
    assert site.page.evaluate("asked") is keepalive


@pytest.mark.parametrize(
    "script",
    [
        TAG.replace("<script", '<script data-consent="missing"', 1),
        "<script>window.b24Tracker = { guest: { getTrace() { throw new Error() } } }</script>" + TAG,
        """<script>localStorage.setItem("b24_crm_guest_pages", "[1, {}]");
        localStorage.setItem("b24_crm_guest_utm", "null");
        localStorage.setItem("tracerelay:the-form:1", "{");</script>"""
        + TAG,
        TAG + TAG,
    ],
)
def test_what_is_broken_around_it_stops_no_submission(site, script):
    site.html = document(script=script)
    site.open("/?utm_source=%E0%A4%A&utm_medium=%")
    assert site.submit()["NAME"] == "Ines"


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
    until(site.page, lambda: not site.kept())
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
    until(page, stack.portal_traces)
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
    until(page, lambda: len(stack.portal_traces()) == before + 1)
