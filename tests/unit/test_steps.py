"""What is asked of the portal for one submission, step by step."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b24app.api import errors
from b24app.api.batch import Answer, Command
from traces.compose import steps
from traces.compose.existing import Known
from traces.compose.matching import Matcher
from traces.compose.prepared import FormSettings, prepare
from traces.compose.records import KINDS

ORIGIN = {"ORIGINATOR_ID": "trace-relay", "ORIGIN_ID": "7"}
RECORDS = {"company": {"TITLE": "C"}, "contact": {"NAME": "N"}, "deal": {"TITLE": "D"}}


EMPTY = prepare(FormSettings("key", "Shop", "trace", {}), "7", {}, 0, Matcher(()))


def prepared(kind="deal", **facts):
    records = {name: RECORDS.get(name, {"TITLE": "T"}) for name in KINDS[kind]}
    return replace(EMPTY, **{"kind": kind, "trace": "{}", "records": records, **facts})


def test_a_trace_is_one_step():
    assert steps.next_commands(prepared("trace"), {}) == {"trace": Command("crm.tracking.trace.add", {"TRACE": "{}"})}
    assert steps.next_commands(prepared("trace"), {"trace": 5}) == {}


def test_a_link_names_its_records():
    entities = steps.entities({"ENTITIES": [{"TYPE": "LEAD", "ID": "7", "x": 1}]})
    (command,) = steps.next_commands(prepared("link", entities=entities), {}).values()
    assert command.params["ENTITIES"] == [{"TYPE": "LEAD", "ID": 7}]


def test_a_lead_brings_its_trace_along():
    (command,) = steps.next_commands(prepared("lead"), {}).values()
    assert command == Command("crm.lead.add", {"fields": {"TITLE": "T", **ORIGIN, "TRACE": "{}"}})


def test_a_lead_with_utm_fields_has_no_trace():
    (command,) = steps.next_commands(prepared("lead_utm"), {}).values()
    assert "TRACE" not in command.params["fields"]


def test_a_lead_beside_existing_records_shares_their_trace():
    wanted = prepared("lead", entities=[{"TYPE": "CONTACT", "ID": 1}])
    assert list(steps.next_commands(wanted, {})) == ["trace"]
    assert steps.next_commands(wanted, {"trace": 5})["lead"].params["fields"]["TRACE"] == 5


def test_a_deal_goes_through_its_steps_with_one_trace():
    progress, methods = {}, []
    while commands := steps.next_commands(prepared(), progress):
        methods += [(name, command.method) for name, command in commands.items()]
        progress = steps.after(progress, {name: 10 + len(methods) for name in commands})
    assert methods == [
        ("trace", "crm.tracking.trace.add"),
        ("company", "crm.company.add"),
        ("contact", "crm.contact.add"),
        ("deal", "crm.deal.add"),
        ("bound", "crm.deal.update"),
    ]


def test_a_deal_is_not_given_its_company_when_it_is_made():
    fields = steps.next_commands(prepared(), {"trace": 1, "company": 2, "contact": 3})["deal"].params["fields"]
    assert fields == {"TITLE": "D", **ORIGIN, "TRACE": 1, "CONTACT_ID": 3}


def test_existing_ones_are_looked_for_and_linked_to_the_trace():
    wanted = prepared(known=Known("find", ("1",), ("a@b.example",)))
    assert len(steps.next_commands(wanted, {})) == 4
    look_ups = {"found_contact_phone": 0, "found_contact_email": 9, "found_company_phone": 0, "found_company_email": 0}
    assert steps.next_commands(wanted, look_ups)["trace"].params["ENTITIES"] == [{"TYPE": "CONTACT", "ID": 9}]
    assert steps.made(wanted, {**look_ups, "company": 2, "deal": 3}) == [
        {"TYPE": "COMPANY", "ID": 2},
        {"TYPE": "CONTACT", "ID": 9},
        {"TYPE": "DEAL", "ID": 3},
    ]


def test_what_may_have_been_made_is_looked_for_first():
    progress = steps.unsure({"trace": 1}, ["company"])
    (command,) = steps.next_commands(prepared(), progress).values()
    assert command == Command("crm.company.list", {"filter": ORIGIN, "select": ["ID"], "start": -1})
    assert steps.after(progress, {"look_company": 0}) == {"trace": 1}
    assert steps.after(progress, {"look_company": 4}) == {"trace": 1, "company": 4}


def test_a_quote_cannot_be_looked_for():
    assert steps.unsure({}, ["quote"]) == {}


@pytest.mark.parametrize(
    ("method", "result", "number"),
    [
        ("crm.lead.add", 5, 5),
        ("crm.lead.add", "5", 5),
        ("crm.deal.update", True, 1),
        ("crm.deal.update", "1", 1),
        ("crm.lead.list", [{"ID": "12"}, {"ID": "13"}], 12),
        ("crm.lead.list", [], 0),
        ("crm.duplicate.findbycomm", {"CONTACT": [4, 5]}, 4),
        ("crm.duplicate.findbycomm", [], 0),
    ],
)
def test_a_result_is_a_number(method, result, number):
    assert steps.outcome(Answer({"c0": result}, {}, {}), "c0", Command(method, {})) == number


@pytest.mark.parametrize(
    ("method", "result"),
    [
        ("crm.lead.add", "5x"),
        ("crm.lead.add", "5.0"),
        ("crm.lead.add", "-5"),
        ("crm.lead.add", "0"),
        ("crm.lead.add", True),
        ("crm.lead.add", 0),
        ("crm.deal.update", 0),
        ("crm.lead.list", [{}]),
        ("crm.lead.list", {"ID": 1}),
        ("crm.duplicate.findbycomm", {"CONTACT": ["x"]}),
        ("crm.duplicate.findbycomm", {"CONTACT": 7}),
        ("crm.duplicate.findbycomm", None),
    ],
)
def test_a_result_that_is_none_is_told(method, result):
    outcome = steps.outcome(Answer({"c0": result}, {}, {}), "c0", Command(method, {}))
    assert isinstance(outcome, errors.Ambiguous)


@pytest.mark.parametrize("method", ["crm.tracking.trace.add", "crm.lead.add"])
def test_a_number_that_comes_as_a_text_is_one(method):
    assert steps.outcome(Answer({"c0": "17"}, {}, {}), "c0", Command(method, {})) == 17


@pytest.mark.parametrize("number", [1, "1", 2**40, "007"])
def test_whole_numbers_above_zero_are_ids(number):
    assert steps.entities_fault([{"TYPE": "DEAL", "ID": number}]) == ""


@pytest.mark.parametrize("number", [0, -1, "0", "1.5", 1.5, True, None, "x", "", "١", [1], "9" * 30])
def test_everything_else_is_no_id(number):
    assert "ID" in steps.entities_fault([{"TYPE": "DEAL", "ID": number}])


@given(st.recursive(st.none() | st.integers() | st.text(), lambda c: st.lists(c) | st.dictionaries(st.text(), c)))
def test_anything_can_be_asked_for_its_fault(value):
    assert isinstance(steps.entities_fault(value), str)
