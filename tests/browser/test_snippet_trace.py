"""What the website snippet collects, in a real browser: what the portal's tracker does, if the visitor allows it."""

import json
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.fixtures.browser import BROWSER
from tests.fixtures.website import FAILURE, KEY, NAME, NEVER, SHOP, STAYS, TAG, document, form, walk

pytestmark = BROWSER
RECORDINGS = json.loads((Path(__file__).parents[1] / "data" / "tracker_recordings.json").read_text())
PORTALS = """<script>window.calls = 0; window.b24Tracker = { guest: {
    getTrace() { calls += 1; return '{"gid":"portal"}'; } } };</script>"""


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


NOTHING = ASKING.replace("<script", '<script data-without-consent="nothing"', 1)
TICK = '<input type="checkbox" name="agree" id="agree">'
TICKED = "<script>window.agreed = () => document.querySelector('#agree').checked</script>"


@pytest.mark.parametrize("attributes", ["", "action"])
def test_where_the_site_says_so_nothing_at_all_is_sent_without_consent(site, attributes):
    action = f'method="post" action="{site.intake}"' if attributes else f'method="post" {STAYS}'
    site.html = document(script=TICKED + NOTHING, form=form(NAME + TICK, action))
    site.open("/?utm_source=google")
    site.press()
    assert site.told("withheld")["form"] == KEY
    assert (site.posts, site.page.evaluate("localStorage.length"), urlsplit(site.page.url).netloc) == (
        [],
        0,
        "shop.example",
    )


def test_the_tick_of_the_form_itself_is_a_consent(site):
    site.html = document(script=TICKED + NOTHING, form=form(NAME + TICK))
    site.open()
    site.press()
    site.told("withheld")
    site.page.locator("#agree").check()
    assert site.submit()["agree"] == "on"


def test_what_was_kept_is_sent_only_while_the_visitor_agrees(site):
    site.html = document(script="<script>window.agreed = () => window.yes !== false</script>" + NOTHING)
    site.statuses = [FAILURE]
    site.open()
    site.submit()
    site.told("kept")
    site.html = document(script="<script>window.agreed = () => false</script>" + NOTHING)
    site.open()
    site.press()
    site.told("withheld")
    assert (len(site.posts), len(site.kept())) == (1, 1)


@pytest.mark.parametrize("wish", ["doNotTrack: { value: '1' }", "globalPrivacyControl: { value: true }"])
@pytest.mark.parametrize("heeded", [True, False])
def test_the_wish_not_to_be_tracked_is_heeded_unless_it_is_switched_off(site, wish, heeded):
    tag = TAG if heeded else TAG.replace("<script", '<script data-respect-dnt="off"', 1)
    site.html = document(script=f"<script>Object.defineProperties(navigator, {{ {wish} }})</script>{tag}")
    site.open()
    assert ("TRACE" in site.submit(), bool(site.stored())) == (not heeded, not heeded)
