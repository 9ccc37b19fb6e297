"""A visitor's consent is written into the portal's own list once the records are there, and fails none of them."""

import pytest
from django.core.management import call_command

from b24app.api import errors
from b24app.models import Portal
from b24app.portal import calls
from tests.fixtures.delivery import finish, finish_though_dying, lose_answer, outcomes
from tests.fixtures.forms import make_form
from traces.compose import consent
from traces.delivery import retry
from traces.models import Submission

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_sentence_stored")]
BODY = {"NAME": "Ines", "PHONE": "+33170000000", "agree": "on", "page_url": "https://shop.example/order"}
KINDS = ["trace", "lead", "lead_utm", "deal", "contact"]


@pytest.fixture
def agreeing(installed, portal):
    """The portal has an agreement, and has given the right to write consents."""
    portal.scope += ",userconsent"
    portal.agreements = [{"ID": "19", "NAME": "Personal data", "ACTIVE": "Y", "LANGUAGE_ID": "en"}]
    Portal.objects.update(scope="crm,userconsent")
    installed.refresh_from_db()
    return installed


@pytest.fixture
def submit(agreeing):
    """Store a submission of a form that writes consents."""

    def submit(kind="lead", state=consent.GIVEN, **facts):
        form = make_form(agreeing, **{"creates": kind, "consent_field": "agree", "agreement_id": 19, **facts})
        return Submission.objects.create(portal=agreeing, form=form, body=BODY, body_hash="0" * 64, consent=state)

    return submit


@pytest.mark.parametrize("kind", KINDS)
def test_a_consent_is_written_beside_what_was_made(submit, portal, kind):
    row = submit(kind)
    finish(row)
    (written,) = portal.consents
    about = {"trace": f"TRACE {row.trace_id}"}.get(kind, f"{kind.partition('_')[0].upper()} {portal_id_of(row, kind)}")
    assert (row.state, written["AGREEMENT_ID"], written["ORIGINATOR_ID"]) == ("delivered", "19", about)
    assert (written["URL"], written["IP"]) == ("https://shop.example/order", "0.0.0.0")


def portal_id_of(row, kind):
    name = kind.partition("_")[0].upper()
    return next((entity["ID"] for entity in row.entities if entity["TYPE"] == name), 0)


@pytest.mark.parametrize("lost", range(4))
@pytest.mark.parametrize("kind", ["trace", "lead", "deal"])
def test_a_lost_answer_writes_no_second_one(submit, portal, monkeypatch, kind, lost):
    lose_answer(monkeypatch, lost)
    row = submit(kind)
    finish(row)
    assert (row.state, len(portal.consents)) == ("delivered", 1)


@pytest.mark.parametrize("dying", range(3))
def test_a_worker_that_dies_before_its_commit_writes_no_second_one(submit, portal, monkeypatch, dying):
    row = submit()
    finish_though_dying(monkeypatch, row, dying)
    assert (row.state, len(portal.consents)) == ("delivered", 1)


@pytest.mark.parametrize("state", [consent.MISSING, ""])
def test_without_consent_none_is_written_and_the_records_are_made_all_the_same(submit, portal, state):
    row = submit(state=state)
    finish(row)
    assert (row.state, portal.consents) == ("delivered", [])


@pytest.mark.parametrize("slots", [2, 0])
def test_an_agreement_that_is_gone_costs_no_delivery_and_is_told(submit, portal, agreeing, slots):
    Portal.objects.update(receipt_option_sets=slots)
    portal.agreements = []
    row = submit()
    finish(row)
    agreeing.refresh_from_db()
    assert (row.state, row.repairs, agreeing.state) == ("delivered", ["consent_not_written"], "active")
    assert ("refused", "error_argument") in outcomes(row)


@pytest.mark.parametrize("slots", [2, 0])
@pytest.mark.parametrize("lack", ["method", "scope"])
def test_what_the_portal_lacks_holds_neither_the_portal_nor_the_method(submit, portal, agreeing, lack, slots):
    Portal.objects.update(receipt_option_sets=slots)
    if lack == "method":
        portal.lacks.add(consent.ADD)
    else:
        portal.scope = "crm,placement,im"
    row = submit()
    finish(row)
    agreeing.refresh_from_db()
    assert (row.state, row.repairs) == ("delivered", ["consent_not_written"])
    assert (agreeing.state, agreeing.held_methods) == ("active", {})


def test_where_the_right_was_not_given_the_portal_is_not_asked(submit, portal, agreeing):
    Portal.objects.update(scope="crm")
    row = submit()
    finish(row)
    assert (row.state, row.repairs, portal.consents) == ("delivered", [], [])


def test_a_consent_that_cannot_be_written_for_three_days_ends_delivered(submit, portal, monkeypatch):
    original = calls.call_batch

    def call_batch(portal, commands, *args, **kwargs):
        if any(command.method == consent.ADD for command in commands.values()):
            monkeypatch.setattr(retry, "is_over", lambda *args: True)
            raise errors.Transient("unreachable")
        return original(portal, commands, *args, **kwargs)

    monkeypatch.setattr(calls, "call_batch", call_batch)
    row = submit()
    finish(row)
    assert (row.state, row.repairs) == ("delivered", ["consent_not_written"])


def test_it_stands_among_what_the_portal_is_asked(submit, capsys):
    call_command("explain_submission", str(submit().pk))
    assert consent.ADD in capsys.readouterr().out
