"""Batches on the sandbox: every row of what the portal's own code did with references, and every shape."""

import itertools
import secrets
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

import pytest
import requests

from tests.sandbox.batch import substitute
from tests.sandbox.portal import Token

LEFT: dict[str, dict[str, Any]] = {
    "result": {"lead": 3021, "obj": {"id": 7}},
    "error": {"bad": {"error": "ERROR_CORE"}},
    "total": {"k": 134},
    "next": {"k": 50},
    "time": {"k": {"duration": 0.3}},
}


@pytest.mark.parametrize(
    ("sent", "received"),
    [
        ("$result[lead]", 3021),
        ("$result[nope]", LEFT["result"]),
        ("$result[obj][nope]", {"id": 7}),
        ("a $result[lead] b", "a 3021 b"),
        ("a $result[nope] b", "a $result[nope] b"),
        ("a$result[lead]b", "a3021"),
        ("$result[lead],$result[lead]", 3021),
        ("$result[lead] $result[lead]", "3021 3021"),
        ("$RESULT[lead]", None),
        ("$result", "$result"),
        ('{"a":"\\u0024result[lead]"}', '{"a":"\\u0024result[lead]"}'),
        ("$error[bad][error]", "ERROR_CORE"),
        ("$total[k]", 134),
        ("$next[k]", 50),
        ("$time[k][duration]", 0.3),
        ("a $time[k][duration]", "a 0.3"),
        ("a $error[bad] b", "a $error[bad] b"),
        ("a $RESULT[lead] b", "a $RESULT[lead] b"),
        ("costs $5 [net]", "costs $5 [net]"),
        (7, 7),
    ],
)
def test_references_are_replaced_as_the_portal_does(sent, received):
    assert substitute({"fields": [sent]}, LEFT) == {"fields": [received]}


def test_keys_are_looked_at_as_well():
    assert substitute({"$result[lead]": 1, "$result[nope]": 2}, LEFT) == {"3021": 1, "$result[nope]": 2}


def test_an_unresolved_reference_to_nothing_is_an_empty_list():
    assert substitute("$result[nope]", {"result": {}}) == []


@pytest.fixture
def batch(portal):
    def batch(commands, halt=0, **extra):
        body = {"cmd": commands, "halt": halt, "auth": portal.issue_tokens()["access_token"], **extra}
        return requests.post(f"{portal.rest_url}batch.json", json=body).json()["result"]

    return batch


def command(method, **params):
    return f"{method}?{urlencode(params)}"


GOOD = command("crm.tracking.trace.add", TRACE="{}")
BAD = command("crm.tracking.trace.add", TRACE="not json")


def test_empty_collections_are_lists(batch):
    result = batch({"a": GOOD})
    assert (result["result"], result["result_error"], result["result_total"]) == ({"a": 1}, [], [])


def test_a_failure_turns_lists_into_maps(batch):
    result = batch([BAD, GOOD])
    assert result["result"] == {"1": 1}
    assert [error["error"] for error in result["result_error"]] == ["ERROR_CORE"]


def test_a_full_list_stays_a_list(batch):
    assert batch([GOOD, GOOD])["result"] == [1, 2]


def test_without_commands_all_five_are_empty(batch):
    assert set(map(str, batch({}).values())) == {"[]"}


def test_halt_leaves_later_commands_out(batch):
    result = batch({"a": BAD, "b": GOOD}, halt=1)
    assert (result["result"], list(result["result_error"])) == ([], ["a"])


def test_without_halt_later_commands_run(batch):
    assert batch({"a": BAD, "b": GOOD})["result"] == {"b": 1}


def test_commands_beyond_fifty_fail(batch):
    result = batch({f"c{number}": GOOD for number in range(52)})
    assert len(result["result"]) == 50
    assert {error["error"] for error in result["result_error"].values()} == {"ERROR_BATCH_LENGTH_EXCEEDED"}


@pytest.mark.parametrize("name", ["batch", "download", "upload"])
def test_some_methods_are_not_allowed_inside(batch, name):
    assert batch({"a": name})["result_error"]["a"]["error"] == "ERROR_BATCH_METHOD_NOT_ALLOWED"


def test_an_unknown_method_fails_alone(batch):
    result = batch({"a": "no.such.method", "b": GOOD})
    assert (result["result_error"]["a"]["error"], result["result"]) == ("ERROR_METHOD_NOT_FOUND", {"b": 1})


def test_a_scope_that_is_missing_fails_alone(batch):
    assert batch({"a": "user.current"})["result_error"]["a"] == {"error": "insufficient_scope", "error_description": ""}


def test_an_unresolved_reference_is_refused_as_an_id(batch):
    entities = {"ENTITIES[0][TYPE]": "LEAD", "ENTITIES[0][ID]": "$result[nope]"}
    result = batch({"a": command("crm.tracking.trace.add", TRACE="{}", **entities)})
    assert result["result_error"]["a"]["error_description"] == "Wrong ID in parameter `ENTITIES`."


def test_a_visitors_text_is_replaced_as_well(batch, portal):
    batch({"a": GOOD, "b": command("crm.lead.add", **{"fields[TITLE]": "x", "fields[COMMENTS]": "see $result[a]"})})
    assert portal.entities["LEAD", 2]["COMMENTS"] == "see 1"


def test_a_batch_is_one_hit(batch, portal):
    batch({f"c{number}": GOOD for number in range(10)})
    assert [(hit.method, hit.commands) for hit in portal.hits] == [("batch", 10)]


def test_an_expired_token_runs_nothing(portal):
    token = portal.issue_tokens()["access_token"]
    portal.expire_tokens()
    answer = requests.post(f"{portal.rest_url}batch", json={"cmd": {"a": GOOD}, "auth": token})
    assert (answer.status_code, answer.json()["error"], portal.traces) == (401, "expired_token", [])


def test_a_batch_that_is_cut_off_has_run_in_part(portal, sandbox):
    sandbox.faults.add("partial_batch", commands=3)
    body = {"cmd": {f"c{number}": GOOD for number in range(5)}, "auth": portal.issue_tokens()["access_token"]}
    with pytest.raises(requests.ConnectionError):
        requests.post(f"{portal.rest_url}batch", json=body)
    assert len(portal.traces) == 3


@pytest.mark.parametrize("place", ["data", "params"])
def test_a_form_and_a_url_are_decoded_twice(portal, place):
    body = {
        "cmd[a]": command("crm.lead.add", **{"fields[TITLE]": "a&b"}),
        "auth": portal.issue_tokens()["access_token"],
    }
    requests.post(f"{portal.rest_url}batch", **{place: body})
    assert portal.entities["LEAD", 2]["TITLE"] == "a&b"


@pytest.mark.parametrize("halt", [1, "1", True, "false", "Y"])
def test_whatever_is_true_for_php_halts(batch, halt):
    assert batch({"a": BAD, "b": GOOD}, halt=halt)["result"] == []


@pytest.mark.parametrize("halt", [0, "0", "", False, None])
def test_whatever_is_false_for_php_does_not(batch, halt):
    assert batch({"a": BAD, "b": GOOD}, halt=halt)["result"] == {"b": 1}


def test_the_names_of_its_parameters_count_in_any_case(portal):
    body = {"CMD": {"a": BAD, "b": GOOD}, "Halt": 1, "auth": portal.issue_tokens()["access_token"]}
    assert requests.post(f"{portal.rest_url}batch", json=body).json()["result"]["result"] == []


def test_a_command_that_is_no_text_is_skipped_but_counted(batch):
    result = batch({"none": 5, **{f"c{number}": GOOD for number in range(50)}})
    assert len(result["result"]) == 49
    assert list(result["result_error"]) == ["c49"]


def test_a_method_counts_in_any_case(batch):
    assert batch({"a": GOOD.replace("crm.", "CRM.")})["result"] == {"a": 1}


def test_a_suffix_belongs_to_no_command(batch):
    assert batch({"a": "profile.json"})["result_error"]["a"]["error"] == "ERROR_METHOD_NOT_FOUND"


def test_what_a_list_counted_stands_beside_the_results(batch, portal):
    for number in range(60):
        portal.entities["LEAD", 100 + number] = {"ID": str(100 + number)}
    result = batch({"a": "crm.lead.list?start=0", "b": "crm.lead.list?start=50", "c": "crm.lead.list?start=-1"})
    assert (result["result_total"], result["result_next"]) == ({"a": 61, "b": 61}, {"a": 50})


def test_each_success_has_its_time_and_no_failure_has(batch):
    result = batch({"a": GOOD, "b": BAD})
    assert list(result["result_time"]) == ["a"]
    assert {"start", "finish", "operating", "operating_reset_at"} <= set(result["result_time"]["a"])


def test_no_right_to_the_crm_fails_alone(portal):
    portal.add_user(9, admin=False, name="Ola", crm=False)
    body = {"cmd": {"a": "crm.lead.list"}, "auth": portal.issue_tokens(9)["access_token"]}
    result = requests.post(f"{portal.rest_url}batch", json=body).json()["result"]
    assert result["result_error"]["a"] == {"error": "", "error_description": "Access denied."}


def test_a_type_error_ends_the_whole_batch_after_what_has_run(portal):
    bad = command("crm.tracking.trace.add", TRACE='{"ref":["x"]}')
    body = {"cmd": {"a": GOOD, "b": bad}, "auth": portal.issue_tokens()["access_token"]}
    answer = requests.post(f"{portal.rest_url}batch", json=body)
    assert (answer.status_code, len(portal.traces)) == (500, 1)


def test_dependent_commands_with_halt_link_nobody(batch, portal):
    batch({"lead": BAD, "deal": command("crm.deal.add", **{"fields[CONTACT_ID]": "$result[lead]"})}, halt=1)
    assert ("DEAL", 3) not in portal.entities


def test_without_halt_a_stranger_is_linked(batch, portal):
    portal.entities["CONTACT", 1] = {"ID": "1"}
    batch({"a": GOOD, "lead": BAD, "deal": command("crm.deal.add", **{"fields[CONTACT_ID]": "$result[lead]"})})
    assert [3, 1] in portal.traces[-1].entities


RECEIPT = "user.option.set?options[batch]=7&options[results]=$result[c0] $result[c1]"


def test_a_receipt_can_be_left_as_the_last_command(batch, portal):
    batch({"c0": GOOD, "c1": GOOD, "receipt": RECEIPT})
    assert portal.user_options[1] == {"batch": "7", "results": "1 2"}


@pytest.mark.parametrize("by", ["real time", "the clock"])
def test_a_batch_is_cut_off_at_its_time_in_part_and_leaves_no_receipt(portal, sandbox, monkeypatch, by):
    portal.command_seconds, portal.cut_after = (0.05, 0.12) if by == "real time" else (0.001, 60)
    if by == "the clock":  # each look at it moves the clock on
        times = itertools.count(1_790_000_000, 5)
        monkeypatch.setattr(portal, "clock", SimpleNamespace(now=lambda: next(times), sleep=sandbox.clock.sleep))
    body = {"cmd": {f"c{number}": GOOD for number in range(20)} | {"receipt": RECEIPT}, "halt": 0}
    token = secrets.token_hex(8)
    portal.access[token] = Token(1, 2e9)
    with pytest.raises(requests.ConnectionError):
        requests.post(f"{portal.rest_url}batch", json={**body, "auth": token})
    assert 1 <= len(portal.traces) < 20
    assert portal.user_options == {}
    assert (portal.hits[-1].error, portal.hits[-1].commands) == ("cut", len(portal.traces))
