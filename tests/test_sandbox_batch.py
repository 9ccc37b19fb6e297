"""Batches on the sandbox: every row of what the portal's own code did with references, and every shape."""

from typing import Any
from urllib.parse import urlencode

import pytest
import requests

from tests.sandbox.batch import substitute

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
    ],
)
def test_references_are_replaced_as_the_portal_does(sent, received):
    assert substitute({"fields": [sent]}, LEFT) == {"fields": [received]}


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


def test_a_form_body_is_decoded_twice(portal):
    body = {
        "cmd[a]": command("crm.lead.add", **{"fields[TITLE]": "a&b"}),
        "auth": portal.issue_tokens()["access_token"],
    }
    requests.post(f"{portal.rest_url}batch", data=body)
    assert portal.entities["LEAD", 2]["TITLE"] == "a&b"
