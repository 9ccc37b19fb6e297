"""Visitors whom the CRM knows: what is found, what is joined, and that nothing is doubled when answers are lost."""

import pytest
from django.db.models import Q

from tests.fixtures.delivery import finish, lose_answer
from tests.fixtures.forms import make_form
from traces.compose import steps
from traces.delivery import requeue
from traces.models import Submission

pytestmark = pytest.mark.django_db

BODY = {"NAME": "Ines", "PHONE": "+33 1 70 00 00 00", "EMAIL": "ines@mail.example", "message": "Call me", "TRACE": "{}"}
PHONE = [{"VALUE": "+33170000000"}]
EMAIL = [{"VALUE": "INES@mail.example"}]
NUMBERS = {"LEAD": 1, "DEAL": 2, "CONTACT": 3, "COMPANY": 4}


@pytest.fixture
def submit(installed):
    """Store a submission of a new form, and deliver it."""

    def submit(kind, repeats, body=BODY, **facts):
        form = make_form(installed, creates=kind, repeats=repeats, **facts)
        row = Submission.objects.create(portal=installed, form=form, body=body, body_hash="0" * 64)
        finish(row)
        assert row.state == "delivered", row.reason
        return row

    return submit


@pytest.fixture
def there(ask):
    """Make a record on the portal, as somebody else did; returns its number."""
    return lambda kind, **fields: ask(f"crm.{kind}.add", fields={"TITLE": "Old", **fields}).json()["result"]


def made(row):
    return [(entity["TYPE"], entity["ID"]) for entity in row.entities]


def joined(portal, kind, number):
    """Whether the latest trace is linked to the record, and what stands in the record's timeline."""
    said = [one["COMMENT"] for one in portal.comments if (one["ENTITY_TYPE"], one["ENTITY_ID"]) == (kind, str(number))]
    return [NUMBERS[kind.upper()], number] in portal.traces[-1].entities, said


@pytest.mark.parametrize("contacts", [{"PHONE": PHONE}, {"EMAIL": EMAIL}, {"PHONE": [{"VALUE": "+33170000000#12"}]}])
def test_an_open_lead_is_joined(submit, there, portal, contacts):
    number = there("lead", **contacts)
    row = submit("lead", "join")
    linked, (comment,) = joined(portal, "lead", number)
    assert (made(row), linked) == ([("LEAD", number)], True)
    assert [portal.entities.get(("LEAD", number + 1)), "message: Call me" in comment.split("\n")] == [None, True]


@pytest.mark.parametrize("status", ["JUNK", "CONVERTED"])
def test_a_lead_that_is_closed_is_not_joined(submit, there, portal, status):
    number = there("lead", PHONE=PHONE, STATUS_ID=status)
    row = submit("lead", "join")
    assert (made(row), portal.comments) == ([("LEAD", number + 1)], [])


def test_of_several_leads_the_newest_open_one_is_joined(submit, there):
    there("lead", PHONE=PHONE)
    number = there("lead", EMAIL=EMAIL)
    there("lead", PHONE=PHONE, STATUS_ID="JUNK")
    assert made(submit("lead", "join")) == [("LEAD", number)]


def test_the_open_deal_of_a_contact_is_joined(submit, there, portal):
    contact = there("contact", PHONE=PHONE)
    there("deal", CONTACT_ID=contact, STAGE_ID="WON")
    number = there("deal", CONTACT_ID=contact, STAGE_ID="C1:NEW")
    row = submit("deal", "join")
    assert (made(row), joined(portal, "deal", number)[0], len(portal.comments)) == ([("DEAL", number)], True, 1)


@pytest.mark.parametrize(("kind", "other"), [("lead", "deal"), ("deal", "lead")])
def test_a_form_joins_the_other_kind_where_its_own_is_not_open(submit, there, kind, other):
    contact = there("contact", PHONE=PHONE)
    fields = {"CONTACT_ID": contact} if other == "deal" else {"PHONE": PHONE}
    number = there(other, **fields)
    assert made(submit(kind, "join")) == [(other.upper(), number)]


def test_a_new_lead_belongs_to_the_contact_and_company_that_are_there(submit, there, portal):
    contact, company = there("contact", PHONE=PHONE), there("company", EMAIL=EMAIL)
    row = submit("lead", "find")
    lead = portal.entities[made(row)[0]]
    assert (lead["CONTACT_ID"], lead["COMPANY_ID"], lead["NAME"]) == (str(contact), str(company), "Ines")


def test_a_mapped_contact_of_a_lead_has_precedence(submit, there, portal):
    there("contact", PHONE=PHONE)
    row = submit("lead", "find", mapping={"lead": {"CONTACT_ID": 3}})
    assert portal.entities[made(row)[0]]["CONTACT_ID"] == "3"


@pytest.mark.parametrize("kind", ["contact", "company"])
def test_a_second_contact_or_company_is_not_made(submit, portal, kind):
    first = submit(kind, "find", {**BODY, "COMPANY": "Moreau SARL"})
    second = submit(kind, "find", {**BODY, "COMPANY": "Moreau SARL", "message": "Again"})
    assert made(second) == made(first)
    linked, (comment,) = joined(portal, kind, made(first)[0][1])
    assert (linked, "message: Again" in comment) == (True, True)


def test_a_mapped_number_is_looked_for_too(submit, there):
    number = there("contact", PHONE=[{"VALUE": "0711000"}])
    mapping = {"contact": {"PHONE": {"field": "ref"}}}
    assert made(submit("contact", "find", {"ref": "0711000", "TRACE": "{}"}, mapping=mapping)) == [("CONTACT", number)]


@pytest.mark.parametrize("kind", ["lead", "deal", "contact", "company"])
def test_always_new_asks_for_nothing(submit, there, portal, kind):
    there("lead", PHONE=PHONE)
    there("contact", PHONE=PHONE)
    submit(kind, "new")
    assert portal.comments == []


def test_what_looks_like_a_mark_up_is_a_text_in_a_timeline(submit, there, portal):
    there("lead", PHONE=PHONE)
    submit("lead", "join", {**BODY, "message": "[user=1]Look[/user] [1]"})
    assert "[\u200buser=1]Look[\u200b/user] [1]" in portal.comments[0]["COMMENT"]


def test_a_text_like_a_reference_joins_as_well(submit, there, portal):
    number = there("lead", PHONE=PHONE)
    submit("lead", "join", {**BODY, "message": "$result[c0]"})
    assert joined(portal, "lead", number)[0] and "$result[" in portal.comments[0]["COMMENT"]


@pytest.mark.parametrize(("kind", "repeats"), [("lead", "join"), ("deal", "find"), ("contact", "find")])
def test_of_a_backlog_by_one_visitor_the_first_is_found_by_the_others(installed, portal, kind, repeats):
    form = make_form(installed, creates=kind, repeats=repeats)
    numbers = ["+33170000000", "+33 1 70 00 00 00", "+33170000001", "+33 (1) 70000000"]
    rows = [
        Submission.objects.create(portal=installed, form=form, body={"PHONE": number}, body_hash="0" * 64)
        for number in numbers
    ]
    for row in rows:
        finish(row)
    known = "CONTACT" if kind == "deal" else kind.upper()
    assert [row.state for row in rows] == ["delivered"] * 4
    assert len([number for other, number in portal.entities if other == known]) == 1 + 2


@pytest.mark.parametrize(("kind", "repeats"), [("lead", "join"), ("deal", "join"), ("contact", "find")])
def test_where_the_record_is_gone_meanwhile_sending_again_makes_a_new_one(
    installed, there, portal, monkeypatch, kind, repeats
):
    contact = there("contact", PHONE=PHONE)
    deal, lead = there("deal", CONTACT_ID=contact), there("lead", PHONE=PHONE)
    number = {"lead": lead, "deal": deal, "contact": contact}[kind]
    form = make_form(installed, creates=kind, repeats=repeats)
    row = Submission.objects.create(portal=installed, form=form, body=BODY, body_hash="0" * 64)
    original = steps.next_commands

    def next_commands(prepared, progress):
        commands = original(prepared, progress)
        if "comment" in commands:
            portal.entities.pop((kind.upper(), number), None)
        return commands

    monkeypatch.setattr(steps, "next_commands", next_commands)
    finish(row)
    assert row.state == "failed"
    requeue.send_again(Q(pk=row.pk))
    finish(row)
    assert (row.state, made(row)[-1]) == ("delivered", (kind.upper(), number + 1))


def test_a_long_text_is_cut_and_told(submit, there, portal):
    there("lead", PHONE=PHONE)
    row = submit("lead", "join", {**BODY, "message": "x" * 70_000})
    assert (len(portal.comments[0]["COMMENT"]), "value_shortened" in row.repairs) == (60_000, True)


@pytest.mark.parametrize("lost", range(5))
@pytest.mark.parametrize("kind", ["lead", "deal", "contact"])
def test_a_lost_answer_doubles_nothing(submit, there, portal, monkeypatch, kind, lost):
    contact = there("contact", PHONE=PHONE)
    if kind == "lead":
        there("lead", PHONE=PHONE)
    elif kind == "deal":
        there("deal", CONTACT_ID=contact)
    before, traces = set(portal.entities), len(portal.traces)
    lose_answer(monkeypatch, lost)
    submit(kind, "find" if kind == "contact" else "join")
    assert (set(portal.entities), len(portal.comments), len(portal.traces)) == (before, 1, traces + 1)
