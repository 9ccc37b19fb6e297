"""Each kind of form: the records, links and sources on the portal, also after a crash or a lost answer at any step."""

import json

import pytest
from django.core.management import call_command
from django.db import DatabaseError

from b24app.models import Portal
from tests.fixtures.delivery import finish, finish_though_dying, lose_answer
from tests.fixtures.forms import make_form
from traces.delivery import unmatched
from traces.models import Attempt, SourceRule, Submission

pytestmark = pytest.mark.django_db

BODY = {
    "NAME": "Ines",
    "LAST_NAME": "Moreau",
    "PHONE": "+33170000000",
    "EMAIL": "ines@mail.example",
    "COMPANY": "Moreau SARL",
    "TRACE": '{"url":"https://shop.example/?utm_source=fb","tags":{"ts":1,"list":{"utm_source":"fb"}}}',
}
# What a kind leaves: its records, and what its trace is linked to.
LEFT = {
    "trace": ([], []),
    "lead": (["LEAD"], ["LEAD"]),
    "lead_utm": (["LEAD"], ["LEAD"]),
    "contact": (["CONTACT"], ["CONTACT"]),
    "company": (["COMPANY"], ["COMPANY"]),
    "quote": (["QUOTE"], ["QUOTE"]),
    "deal": (["COMPANY", "CONTACT", "DEAL"], ["COMPANY", "CONTACT", "DEAL"]),
}
TYPES = {1: "LEAD", 2: "DEAL", 3: "CONTACT", 4: "COMPANY", 7: "QUOTE"}


@pytest.fixture
def submit(installed):
    """Store a submission of a new form that makes a kind."""

    def submit(kind, body=BODY, **facts):
        form = make_form(installed, creates=kind, **facts)
        return Submission.objects.create(portal=installed, form=form, body=body, body_hash="0" * 64)

    return submit


def left(portal, before):
    """The new records, each trace's links, and the sources."""
    new = {key: fields for key, fields in portal.entities.items() if key not in before}
    # The same pair linked twice is one link on a portal (fact sheet on TRACE); the sandbox notes it twice.
    links = [sorted(TYPES[kind] for kind, _ in set(map(tuple, trace.entities))) for trace in portal.traces]
    return sorted(kind for kind, _ in new), links, [trace.source_id for trace in portal.traces]


@pytest.mark.parametrize("kind", LEFT)
def test_a_kind_makes_its_records_with_one_trace(submit, portal, kind):
    before = dict(portal.entities)
    row = submit(kind)
    finish(row)
    records, linked = LEFT[kind]
    assert (row.state, *left(portal, before)) == ("delivered", records, [linked], [2])
    assert sorted(entity["TYPE"] for entity in row.entities) == records


@pytest.mark.parametrize("dying", range(5))
@pytest.mark.parametrize("kind", LEFT)
def test_a_worker_that_dies_before_its_commit_changes_nothing(submit, portal, monkeypatch, kind, dying):
    before = dict(portal.entities)
    row = submit(kind)
    finish_though_dying(monkeypatch, row, dying)
    records, linked = LEFT[kind]
    assert (row.state, *left(portal, before)) == ("delivered", records, [linked], [2])


@pytest.mark.parametrize("lost", range(5))
@pytest.mark.parametrize("kind", LEFT)
def test_a_lost_answer_changes_nothing(submit, portal, monkeypatch, kind, lost):
    before = dict(portal.entities)
    lose_answer(monkeypatch, lost)
    row = submit(kind)
    finish(row)
    records, linked = LEFT[kind]
    assert (row.state, *left(portal, before)) == ("delivered", records, [linked], [2])


@pytest.mark.parametrize("lost", range(4))
@pytest.mark.parametrize("kind", ["lead", "contact", "company", "deal"])
def test_without_receipts_what_may_have_been_made_is_looked_for(submit, portal, monkeypatch, kind, lost):
    Portal.objects.update(receipt_option_sets=0)
    before = dict(portal.entities)
    lose_answer(monkeypatch, lost, "call")
    row = submit(kind)
    finish(row)
    assert (row.state, left(portal, before)[0]) == ("delivered", LEFT[kind][0])


def test_a_deals_company_is_not_linked_as_a_contact(submit, portal):
    row = submit("deal")
    finish(row)
    company = next(entity["ID"] for entity in row.entities if entity["TYPE"] == "COMPANY")
    deal = next(entity["ID"] for entity in row.entities if entity["TYPE"] == "DEAL")
    assert portal.entities["DEAL", deal]["COMPANY_ID"] == str(company)
    assert all(kind == 4 for trace in portal.traces for kind, number in trace.entities if number == company)


def test_an_existing_contact_is_found_and_linked(submit, portal):
    finish(submit("contact"))
    before = dict(portal.entities)
    row = submit("deal", {**BODY, "COMPANY": ""}, repeats="find")
    finish(row)
    assert left(portal, before)[0] == ["DEAL"]
    assert left(portal, before)[1][-1] == ["CONTACT", "DEAL"]


def test_a_lead_for_a_portal_without_leads_is_delivered_and_becomes_a_deal(submit, portal):
    portal.simple_crm = True
    before = dict(portal.entities)
    row = submit("lead")
    finish(row)
    assert (row.state, left(portal, before)[0]) == ("delivered", ["CONTACT", "DEAL", "LEAD"])


def test_a_rule_gives_the_source_of_the_trace_and_of_the_record(submit, portal, installed):
    facts = {"field": "utm_source", "value": "fb", "utm_source": "google", "crm_source": "ADVERTISING"}
    SourceRule.objects.create(portal=installed, position=1, crm_description="By rule", **facts)
    row = submit("lead")
    finish(row)
    lead = portal.entities["LEAD", row.entities[0]["ID"]]
    assert (lead["SOURCE_ID"], lead["SOURCE_DESCRIPTION"]) == ("ADVERTISING", "By rule")
    assert portal.traces[0].tags["UTM_SOURCE"] == "google"


def test_a_lead_with_utm_fields_only_has_them(submit, portal):
    row = submit("lead_utm")
    finish(row)
    assert portal.entities["LEAD", row.entities[0]["ID"]]["UTM_SOURCE"] == "fb"


def test_records_say_which_submission_made_them(submit, portal):
    row = submit("deal")
    finish(row)
    records = [portal.entities[entity["TYPE"], entity["ID"]] for entity in row.entities]
    assert {fields["ORIGIN_ID"] for fields in records} == {str(row.pk)}


def test_steps_are_told_apart_from_the_delivery(submit, portal):
    row = submit("deal")
    finish(row)
    outcomes = list(Attempt.objects.values_list("method", "outcome"))
    assert outcomes == [
        ("crm.tracking.trace.add", "done"),
        ("crm.company.add", "done"),
        ("crm.contact.add", "done"),
        ("crm.deal.add", "done"),
        ("crm.deal.update", "delivered"),
    ]


OLD = {
    "SOURCE_ID": "6",
    "SOURCE_DESC": "Sales",
    "PAGES": [{"URL": "https://shop.example/", "DATE": "2026-01-05T10:00:00"}],
}


@pytest.mark.parametrize("kind", ["trace", "lead"])
def test_the_old_example_reaches_its_source_by_a_rule(submit, portal, installed, kind):
    call_command("source_rule_add", portal=installed.member_id, match="source_id", value="6", utm_source="direct-sale")
    finish(submit(kind, {"TRACE": json.dumps(OLD)}))
    stored = portal.traces[0].as_golden()
    assert (stored["source_id"], stored["pages"]) == (
        6,
        [{"URL": "https://shop.example/", "DATE_INSERT": 1767607200, "TITLE": None}],
    )


def test_what_no_rule_knows_is_counted_for_the_week(submit, portal, installed):
    SourceRule.objects.create(portal=installed, position=1, field="source", value="fair", utm_source="fair")
    finish(submit("lead"))
    finish(submit("deal"))
    finish(submit("lead", {**BODY, "source": "fair"}))
    assert list(installed.unmatched.values_list("field", "value", "count")) == [("utm_source", "fb", 2)]


def test_counting_that_fails_stops_no_delivery(submit, monkeypatch):
    def fail(*args):
        raise DatabaseError

    monkeypatch.setattr(unmatched, "count", fail)
    row = submit("lead")
    finish(row)
    assert row.state == "delivered"
