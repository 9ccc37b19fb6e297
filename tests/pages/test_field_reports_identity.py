"""What happened to others on real portals: opening the application by another name, and with another member_id.

The numbers are the rows of the collection of field reports; the sources stand beside them.
"""

from datetime import timedelta

import pytest
from django.utils import timezone

from b24app.models import Portal
from b24app.portal import event_bindings, install
from tests.fixtures.forms import make_form
from tests.fixtures.product import Frame
from traces.delivery import drain
from traces.models import Batch, Form, Preferences, SourceRule, Submission, Unmatched
from traces.setup import takeover

pytestmark = pytest.mark.django_db
NOW = timezone.now()


def open_page(client, portal, path="/b24/app/", **facts):
    """The answer to an opening of the application by the portal's page."""
    query, body = portal.frame_post(**facts)
    return client.post(path, body, query_params=query)


def policy(answer):
    """The sources of each of the answer's directives."""
    parts = (part.split() for part in answer["Content-Security-Policy"].split(";"))
    return {part[0]: part[1:] for part in parts}


ALIASES = {
    "another port": "127.0.0.1:8080",
    "no port": "127.0.0.1",
    "an alias": "intranet.local",
    "the scheme's own port": "127.0.0.1:443",
    "a last dot": "portal.example.",
    "www": "www.portal.example",
    "upper case": "PORTAL.EXAMPLE",
    "letters": "портал.рф",
    "none": "",
    "nonsense": "a b; script-src *",
}


@pytest.mark.parametrize("path", ["/b24/install/", "/b24/app/"])
@pytest.mark.parametrize("domain", ALIASES.values(), ids=ALIASES)
def test_row_18_the_application_opens_by_any_name_of_the_portal(wired, portal, client, path, domain):
    """bitrix-core-business app.layout/component.php (058b7c9): DOMAIN is the Host header and the server's port."""
    query, body = portal.frame_post()
    assert client.post(path, body, query_params={**query, "DOMAIN": domain}).status_code == 200
    row = Portal.objects.get()
    assert (row.client_endpoint, row.domain) == (portal.rest_url, portal.domain)


@pytest.mark.parametrize(
    ("domain", "more"),
    [
        ("intranet.local", ["http://intranet.local"]),
        ("Portal.Example.:8080", ["http://portal.example:8080", "http://portal.example"]),
        ("bücher.example", ["http://xn--bcher-kva.example"]),
        ("a b; script-src *", []),
        ("*", []),
    ],
)
def test_row_18_the_page_may_be_framed_by_the_name_that_was_opened(wired, portal, client, domain, more):
    sources = policy(open_page(client, portal, domain=domain))
    assert sources["frame-ancestors"] == [f"http://{portal.domain}", *more]
    assert sources["connect-src"] == ["'self'", f"http://{portal.domain}", *more]
    assert sources["script-src"] == ["'self'"]


def test_row_18_an_unproven_opening_names_nobody_who_may_frame_it(wired, portal, client):
    query, body = portal.frame_post(domain="evil.example")
    answer = client.post("/b24/app/", {**body, "AUTH_ID": "invented"}, query_params=query)
    assert (answer.status_code, "evil" in answer["Content-Security-Policy"]) == (403, False)


def test_row_18_a_token_of_another_portal_is_still_refused(wired, portal, sandbox, client):
    query, body = portal.frame_post()
    stranger = sandbox.add_portal("stranger-18", plan=None)
    stranger.activate()
    token = stranger.issue_tokens()["access_token"]
    assert client.post("/b24/app/", {**body, "AUTH_ID": token}, query_params=query).status_code == 403
    assert not Portal.objects.exists()


@pytest.fixture
def anew(installed, portal, make_submission):
    """A portal that has used the application, and registered anew since; the row of the new registration."""
    Portal.objects.update(installed_at=NOW - timedelta(days=90), tariff="enterprise")
    form = make_form(installed, creates="lead", agreement_id=19)
    SourceRule.objects.create(portal=installed, position=1, field="utm_source", value="fair", utm_source="google")
    SourceRule.objects.create(portal=installed, position=2, field="any", utm_source="other")
    Preferences.objects.create(portal=installed, retention_days=33, welcomed=True)
    Unmatched.objects.create(portal=installed, week=NOW.date(), field="utm_source", value="radio", last_at=NOW)
    for state in ("queued", "delivered", "failed"):
        make_submission(form=form, state=state, due_at=NOW if state == "queued" else None)
    portal.register_anew()
    return install.open_frame(install.claim_of_frame(*portal.frame_post())).portal


@pytest.fixture
def reader(client, anew):
    """The new portal's administrator with the application open."""
    return Frame(client, anew)


OFFER = "Transfer forms and submissions"


@pytest.mark.parametrize("path", ["overview/", "start/"])
def test_row_22_taking_over_the_former_portal_is_offered(reader, path):
    """The server's rest/lib/oauthservice.php: member_id = md5(client id), a new one after a new registration."""
    assert OFFER in reader.get(f"/b24/app/{path}").text


def test_row_22_it_is_offered_when_the_application_is_opened(anew, portal, client):
    assert OFFER in open_page(client, portal).text


def test_row_22_one_click_brings_all_that_the_former_portal_had(reader, anew, installed):
    page = reader.post(f"/b24/app/takeover/{installed.pk}/").text
    assert ("are here now" in page, OFFER in page) == (True, False)
    assert [table.objects.get().portal_id for table in (Form, Preferences, Unmatched)] == [anew.pk] * 3
    assert list(anew.source_rules.values_list("position", "field")) == [(1, "utm_source"), (2, "any")]
    assert Form.objects.get().agreement_id is None  # a number of the former portal's
    assert set(Submission.objects.values_list("portal_id", flat=True)) == {anew.pk}
    installed.refresh_from_db(), anew.refresh_from_db()
    assert (installed.state, installed.users.count(), anew.tariff) == ("uninstalled", 0, "enterprise")


def test_row_22_what_waited_is_delivered_and_the_form_goes_on(reader, anew, installed, client):
    waiting = Submission.objects.get(state="queued")
    reader.post(f"/b24/app/takeover/{installed.pk}/")
    drain.drain(anew.pk)
    waiting.refresh_from_db()
    assert waiting.state == "delivered"
    client.post(f"/in/{Form.objects.get().key}/", {"NAME": "Ann"}, content_type="application/json")
    drain.drain(anew.pk)
    assert Submission.objects.filter(state="delivered", portal=anew).count() == 3


def test_row_22_the_row_of_the_former_portal_goes_in_the_end(reader, installed):
    reader.post(f"/b24/app/takeover/{installed.pk}/")
    takeover.go_on(timezone.now())
    assert Portal.objects.filter(pk=installed.pk).exists()  # something may be on its way to its form
    takeover.go_on(timezone.now() + takeover.EMPTY_FOR + timedelta(minutes=1))
    assert not Portal.objects.filter(pk=installed.pk).exists()
    assert Submission.objects.count() == 3


def test_row_22_a_long_queue_follows_in_parts(reader, anew, installed, monkeypatch):
    monkeypatch.setattr(takeover, "CHUNK", 1)
    monkeypatch.setattr(takeover, "CHUNKS_AT_ONCE", 2)
    reader.post(f"/b24/app/takeover/{installed.pk}/")
    assert Submission.objects.filter(portal=anew).count() == 2
    takeover.go_on(timezone.now())
    assert Submission.objects.filter(portal=anew).count() == 3


def in_batch(installed, **facts):
    """The waiting submission in a batch of the former portal."""
    batch = Batch.objects.create(portal=installed, lease_id=Batch().pk, **facts)
    Submission.objects.filter(state="queued").update(state="sending", batch=batch, due_at=None)
    return Submission.objects.get(state="sending")


def test_row_22_a_submission_in_flight_is_settled_first(reader, installed):
    row = in_batch(installed, state="sent", lease_until=NOW + timedelta(hours=1))
    reader.post(f"/b24/app/takeover/{installed.pk}/")
    row.refresh_from_db()
    assert (row.state, row.portal_id) == ("sending", installed.pk)


@pytest.mark.parametrize(("state", "history"), [("claimed", []), ("sent", ["unknown"]), ("lost", ["unknown"])])
def test_row_22_a_batch_that_nobody_settles_is_given_up(reader, anew, installed, state, history):
    row = in_batch(installed, state=state, lease_until=NOW - timedelta(seconds=1))
    reader.post(f"/b24/app/takeover/{installed.pk}/")
    row.refresh_from_db()
    assert (row.state, row.portal_id, row.batch_id) == ("queued", anew.pk, None)
    assert list(row.attempts.values_list("outcome", flat=True)) == history
    assert not Batch.objects.exists()


def test_row_22_numbers_of_the_former_crm_are_not_used_in_the_new_one(reader, installed):
    Submission.objects.filter(state="queued").update(progress={"contact": 55})
    reader.post(f"/b24/app/takeover/{installed.pk}/")
    assert Submission.objects.get(state="queued").progress == {}


def test_row_22_the_rules_and_preferences_of_the_new_portal_stay(reader, anew, installed):
    anew.source_rules.create(position=1, field="any", utm_source="mine")
    Preferences.objects.create(portal=anew, retention_days=7)
    reader.post(f"/b24/app/takeover/{installed.pk}/")
    assert list(anew.source_rules.values_list("position", "utm_source")) == [(1, "google"), (2, "mine")]
    chosen = Preferences.objects.get(portal=anew)
    assert (chosen.retention_days, chosen.welcomed) == (7, True)


def test_row_22_what_needs_no_rule_moves_and_is_there_once(reader, anew, installed):
    for row in (installed, anew):
        row.known_values.create(field="utm_source", value="google")
    installed.known_values.create(field="referrer", value="partner.example")
    reader.post(f"/b24/app/takeover/{installed.pk}/")
    assert list(anew.known_values.values_list("value", flat=True)) == ["partner.example", "google"]


def test_row_22_nothing_is_offered_to_another_address(installed, portal, sandbox, client, anew):
    stranger = sandbox.add_portal("stranger-22", plan=None)
    row = install.open_frame(install.claim_of_frame(*stranger.frame_post())).portal
    reader = Frame(client, row)
    assert OFFER not in reader.get("/b24/app/overview/").text
    assert reader.post(f"/b24/app/takeover/{installed.pk}/").status_code == 404
    assert Form.objects.get().portal_id == installed.pk


def test_row_22_nothing_is_offered_to_who_only_claims_the_address(installed, portal, sandbox, client, anew):
    stranger = sandbox.add_portal("claims-22", plan=None)
    answer = open_page(client, stranger, domain=portal.domain)
    assert (answer.status_code, OFFER in answer.text) == (200, False)


def test_row_22_a_portal_that_the_oauth_server_does_not_confirm_takes_nothing_over(reader, installed, sandbox):
    sandbox.faults.add("html_502", method="app.info")
    answer = reader.post(f"/b24/app/takeover/{installed.pk}/")
    assert (answer.status_code, "nothing was changed" in answer.text) == (422, True)
    assert Form.objects.get().portal_id == installed.pk


def test_row_22_an_address_that_has_changed_meanwhile_takes_nothing_over(reader, installed, portal, sandbox):
    sandbox.rename(portal)
    assert reader.post(f"/b24/app/takeover/{installed.pk}/").status_code == 404
    assert Form.objects.get().portal_id == installed.pk


@pytest.mark.parametrize("facts", [{"clean_requested_at": NOW}, {"webhook_url": "https://x.example/rest/1/x/"}])
def test_row_22_what_is_to_be_deleted_or_is_no_installation_is_not_offered(reader, installed, facts):
    Portal.objects.filter(pk=installed.pk).update(**facts)
    assert OFFER not in reader.get("/b24/app/overview/").text


def test_row_22_the_former_one_is_not_offered_the_new_one(anew, installed, client):
    make_form(anew)
    assert OFFER not in Frame(client, installed).get("/b24/app/overview/").text


def test_a_portal_without_a_former_one_is_offered_nothing(frame, form, other):
    assert OFFER not in frame.get("/b24/app/overview/").text


def test_ten_openings_leave_room_for_deliveries(wired, sandbox, client):
    """Also seen: ten openings within seconds emptied the bucket of 50 requests, and the eleventh was turned away."""
    portal = sandbox.add_portal("opened-often", plan="standard")
    answers = [open_page(client, portal) for _ in range(25)]
    assert {answer.status_code for answer in answers} == {200}
    later = [hit.method for hit in portal.hits][-10:]
    assert later == ["profile"] * 10


def test_events_are_looked_for_again_after_an_hour_and_after_an_update(installed, portal, sandbox):
    portal.bindings.clear()
    install.open_frame(install.claim_of_frame(*portal.frame_post()))
    assert portal.bindings == []
    sandbox.update(portal, 2)
    install.open_frame(install.claim_of_frame(*portal.frame_post()))
    assert len(portal.bindings) == len(event_bindings.EVENTS)
    portal.bindings.clear()
    Portal.objects.update(events_bound_at=NOW - timedelta(hours=2))
    install.open_frame(install.claim_of_frame(*portal.frame_post()))
    assert len(portal.bindings) == len(event_bindings.EVENTS)
