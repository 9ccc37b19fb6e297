"""What an attempt keeps of what was asked and answered: enough to find a fault, and nothing of a visitor."""

import json

import pytest

from b24app.api import errors
from b24app.api.batch import Command
from traces.delivery import exchange
from traces.models import Attempt

LEAD = Command(
    "crm.lead.add",
    {
        "fields": {
            "TITLE": "Planted from shop.example",
            "PHONE": [{"VALUE": "+4930123456", "VALUE_TYPE": "WORK"}],
            "UF_CRM_1": 7,
            "OPPORTUNITY": 12.5,
            "SOURCE_ID": "WEB",
            "ORIGIN_ID": "019aca00-0000-7000-8000-000000000001",
            "ASSIGNED_BY_ID": 4,
            "TRACE": '{"url":"https://shop.example/?planted"}',
        }
    },
)


def kept(command, outcome):
    return json.loads(exchange.text_of(command, outcome))


def test_fields_are_named_and_their_values_are_told_by_their_kind():
    assert kept(LEAD, 17)["asked"]["fields"] == {
        "TITLE": "text(25)",
        "PHONE": [{"VALUE": "text(11)", "VALUE_TYPE": "WORK"}],
        "UF_CRM_1": "int",
        "OPPORTUNITY": "float",
        "SOURCE_ID": "WEB",
        "ORIGIN_ID": "019aca00-0000-7000-8000-000000000001",
        "ASSIGNED_BY_ID": 4,
        "TRACE": "text(39)",
    }


def test_what_was_made_is_told_by_its_number():
    assert kept(LEAD, 17)["answered"] == {"status": 200, "result": 17}


def test_an_error_is_told_by_its_code_and_status_and_not_by_its_words():
    error = errors.Refused("error_core", "Planted is no name", status=400)
    assert kept(LEAD, error)["answered"] == {"status": 400, "error": "error_core", "description": "text(18)"}


@pytest.mark.parametrize("value", ["Ann Smith", "+4930123456", "a@b.example", "Анна", "79991234567", "x" * 41])
def test_what_looks_like_no_code_is_told_by_its_kind_in_any_field(value):
    assert kept(Command("m", {"SOURCE_ID": value}), 1)["asked"] == {"SOURCE_ID": f"text({len(value)})"}


@pytest.mark.parametrize(
    "params",
    [
        {"fields": {f"UF_CRM_{number}_{'x' * 80}": ["text"] * 200 for number in range(500)}},
        {"a" * 20_000: "b"},
        {"fields": {f"ё{number}": {"VALUE": "ё"} for number in range(5000)}},
    ],
)
def test_however_much_is_asked_little_is_kept(params):
    assert len(exchange.text_of(Command("crm.lead.add", params), 1).encode()) <= exchange.MAX_BYTES


def test_a_deep_value_ends_somewhere():
    value: object = "planted"
    for _ in range(500):
        value = {"a": value}
    assert "planted" not in exchange.text_of(Command("m", {"a": value}), 1)


def test_each_attempt_of_a_step_gets_its_own_command():
    by_phone = Command("crm.duplicate.findbycomm", {"type": "PHONE", "values": ["1"]})
    by_email = Command("crm.duplicate.findbycomm", {"type": "EMAIL", "values": ["2", "3"]})
    commands = {"found_contact": by_phone, "found_company": by_email}
    outcomes = {("found_contact", by_phone.method): 0, ("found_company", by_email.method): errors.Transient("busy")}
    attempts = [
        Attempt(method=by_phone.method, outcome="done"),
        Attempt(method=by_phone.method, outcome="retry", code="busy"),
    ]
    first, second = (json.loads(attempt.exchange) for attempt in exchange.noted(attempts, commands, outcomes))
    assert (len(first["asked"]["values"]), first["answered"]["result"]) == (1, 0)
    assert (len(second["asked"]["values"]), second["answered"]["error"]) == (2, "busy")


def test_it_can_be_read_again():
    asked, answered = exchange.read(exchange.text_of(LEAD, 17))
    assert ('"crm.lead.add"' in asked, '"result": 17' in answered) == (True, True)
    assert exchange.read(None) == ("", "")
