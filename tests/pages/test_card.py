"""The tab in a card of the CRM."""

import json

import pytest

from b24app.frame import session
from b24app.models import Portal
from b24app.portal.install import Opening
from traces.delivery import drain
from traces.models import CrmRecord, SourceRule

pytestmark = pytest.mark.django_db
TRACE = {
    "url": "https://shop.example/bikes",
    "tags": {"ts": 1790000000, "list": {"utm_source": "fair", "utm_campaign": "autumn"}},
    "pages": {"list": [["https://shop.example/bikes", 1790000000, "Bikes of the year"]]},
}
BODY = {"name": "Ines", "phone": "+33170000000", "TRACE": json.dumps(TRACE)}


@pytest.fixture
def delivered(installed, form, make_submission):
    """A submission that has become a lead on the portal."""
    form.creates = "lead"
    form.save()
    row = make_submission(body=BODY)
    drain.drain(installed.pk)
    row.refresh_from_db()
    assert row.state == "delivered"
    return row


@pytest.fixture
def card(client, portal, installed):
    """Open a card's tab as a user of the portal."""

    def card(number, kind="LEAD", user=3, **changes):
        query, body = portal.frame_post(user, placement=f"CRM_{kind}_DETAIL_TAB")
        body |= {"PLACEMENT_OPTIONS": json.dumps({"ID": str(number)}), **changes}
        path = f"/b24/app/card/?DOMAIN={query['DOMAIN']}&PROTOCOL=0&LANG=en&APP_SID=x"
        return client.post(path, body)

    return card


def lead_of(row):
    return next(one["ID"] for one in row.entities if one["TYPE"] == "LEAD")


def test_an_ordinary_user_who_may_read_the_record_sees_the_path_and_what_came(card, delivered):
    answer = card(lead_of(delivered))
    assert answer.status_code == 200
    assert [text for text in ("Ines", "Bikes of the year", "fair · autumn") if text not in answer.text] == []
    assert "Overview" not in answer.text


@pytest.mark.parametrize("change", [{"crm": False}, {"denied": {"crm.lead.get"}}])
def test_who_may_not_read_the_record_sees_nothing_of_it(card, delivered, portal, change):
    for name, value in change.items():
        setattr(portal.users[3], name, value)
    answer = card(lead_of(delivered))
    assert answer.status_code == 403
    assert "Ines" not in answer.text and "Bikes" not in answer.text


def test_a_forged_token_shows_nothing(card, delivered):
    answer = card(lead_of(delivered), AUTH_ID="forged")
    assert answer.status_code == 403 and "Ines" not in answer.text


def test_another_record_shows_none_of_it(card, delivered, ask):
    answer = card(ask("crm.lead.add", fields={}).json()["result"])
    assert "Ines" not in answer.text and "No submission from your website" in answer.text


def test_a_record_that_only_says_it_came_of_a_submission_shows_none_of_it(card, delivered, ask):
    claimed = {"ORIGINATOR_ID": "trace-relay", "ORIGIN_ID": str(delivered.pk)}
    assert "Ines" not in card(ask("crm.contact.add", fields=claimed).json()["result"], "CONTACT").text


def test_a_deal_that_came_of_the_lead_shows_it_too(card, delivered, ask):
    deal = ask("crm.deal.add", fields={"LEAD_ID": lead_of(delivered)}).json()["result"]
    assert "Ines" in card(deal, "DEAL").text


def test_a_contact_that_was_found_shows_it_too(card, delivered):
    delivered.entities = [{"TYPE": "CONTACT", "ID": 3}]
    delivered.save()
    assert "Ines" in card(3, "CONTACT").text


def test_it_says_which_rule_decided_in_words(card, delivered, installed):
    SourceRule.objects.create(
        portal=installed, position=1, field="utm_source", operator="equals", value="fair", utm_source="Fairs"
    )
    text = card(lead_of(delivered)).text
    assert "Rule 1 set the source to “Fairs”: utm_source is “fair”" in text


def test_after_the_visitors_data_is_gone_it_says_what_is_left(card, delivered, form):
    number = lead_of(delivered)
    CrmRecord.objects.create(
        portal=form.portal, record="lead", number=number, form=form, came_at=delivered.received_at,
        looked_at=delivered.received_at,
    )  # fmt: skip
    delivered.delete()
    text = card(number).text
    assert form.name in text and "have been deleted here" in text


def test_a_submission_that_was_emptied_shows_what_became_of_it(card, delivered):
    delivered.body, delivered.emptied_at = {}, delivered.received_at
    delivered.save()
    text = card(lead_of(delivered)).text
    assert "Delivered" in text and "fair (UTM tag)" in text and "have been deleted here" in text


def test_where_it_is_turned_off_nothing_is_shown(card, delivered, installed):
    Portal.objects.filter(pk=installed.pk).update(places=False)
    assert "tab is off" in card(lead_of(delivered)).text


@pytest.mark.parametrize("options", ["", "x", "[]", '{"ID":"-1"}', '{"ID":"1' + "0" * 400 + '"}', "[" * 5000])
def test_options_of_any_kind_are_put_up_with(card, delivered, options):
    assert card(0, PLACEMENT_OPTIONS=options).status_code == 200


def test_the_tab_of_a_portal_that_does_not_answer_says_so(card, delivered, sandbox):
    sandbox.faults.add("html_502", method="crm.lead.get")
    assert card(lead_of(delivered)).status_code == 503


@pytest.fixture
def failed(delivered, card):
    """The submission failed later on; returns how the tab's button sends it again."""
    delivered.state, delivered.code, delivered.due_at = "failed", "error_core", None
    delivered.save()
    return card(lead_of(delivered)).text


def again(client, page, **headers):
    token = page.split('name="card" value="')[1].split('"')[0]
    opened = page.split('name="frame-session" content="')[1].split('"')[0]
    headers = {"X-Frame-Session": opened, "HX-Request": "true", **headers}
    return client.post("/b24/app/card/again/", {"card": token}, headers=headers)


def test_a_failed_one_is_sent_again_from_the_card(client, failed, delivered):
    answer = again(client, failed)
    delivered.refresh_from_db()
    assert (answer.status_code, delivered.state) == (200, "queued")
    assert "Sending again…" in answer.text


def test_another_user_cannot_use_what_a_card_was_given(client, failed, delivered, installed, portal):
    opened = session.begin(Opening(installed, 4, False), "en")
    answer = again(client, failed, **{"X-Frame-Session": session.token(opened)})
    delivered.refresh_from_db()
    assert (answer.status_code, delivered.state) == (403, "failed")


def test_the_sessions_of_a_card_open_no_page(client, failed):
    opened = failed.split('name="frame-session" content="')[1].split('"')[0]
    assert client.get("/b24/app/submissions/", headers={"X-Frame-Session": opened}).status_code == 403


def test_an_address_that_is_only_looked_at_answers(client, db):
    assert client.head("/b24/app/card/").status_code == 200
