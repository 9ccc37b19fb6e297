"""Every fault that can be ordered from the sandbox, and how it is narrowed."""

import contextlib
import time
from urllib.parse import urlencode

import pytest
import requests

from tests.sandbox.faults import KINDS, Faults


@pytest.fixture
def add(portal):
    token = portal.issue_tokens()["access_token"]

    def add(method="crm.tracking.trace.add", **options):
        return requests.post(portal.rest_url + method, json={"auth": token, "TRACE": "{}"}, **options)

    return add


@pytest.mark.parametrize(
    ("fault", "status", "error"),
    [
        ({"kind": "throttle"}, 503, "QUERY_LIMIT_EXCEEDED"),
        ({"kind": "operation_time_limit"}, 429, "OPERATION_TIME_LIMIT"),
        ({"kind": "expired_token"}, 401, "expired_token"),
        ({"kind": "error", "code": "ERROR_CORE"}, 400, "ERROR_CORE"),
        ({"kind": "error", "code": "", "status": 403}, 403, ""),
    ],
)
def test_an_error_takes_the_place_of_the_work(add, portal, sandbox, fault, status, error):
    sandbox.faults.add(**fault)
    answer = add()
    assert (answer.status_code, answer.json()["error"], portal.traces) == (status, error, [])


@pytest.mark.parametrize("status", [403, 404, 500, 502])
def test_a_page_of_a_web_server_takes_its_place(add, portal, sandbox, status):
    sandbox.faults.add(f"html_{status}")
    answer = add()
    assert (answer.status_code, answer.headers["Content-Type"], portal.traces) == (status, "text/html", [])


def test_an_empty_answer_takes_its_place(add, sandbox):
    sandbox.faults.add("empty")
    answer = add()
    assert (answer.status_code, answer.content) == (200, b"")


def test_a_redirect_takes_its_place(add, portal, sandbox):
    sandbox.faults.add("redirect", url="http://elsewhere.example/rest/")
    answer = add(allow_redirects=False)
    assert (answer.status_code, answer.headers["Location"]) == (302, "http://elsewhere.example/rest/")
    assert portal.traces == []


@pytest.mark.parametrize(
    ("fault", "done"),
    [
        ({"kind": "close_before"}, 0),
        ({"kind": "close_after"}, 1),
        ({"kind": "hang", "seconds": 0.05}, 0),
    ],
)
def test_a_lost_connection_tells_nothing_of_the_work(add, portal, sandbox, fault, done):
    sandbox.faults.add(**fault)
    with pytest.raises(requests.ConnectionError):
        add()
    assert len(portal.traces) == done


def test_a_hanging_answer_outlasts_a_clients_patience(add, sandbox):
    sandbox.faults.add("hang", seconds=0.2)
    with pytest.raises(requests.ReadTimeout):
        add(timeout=0.05)


def test_a_slow_answer_is_a_good_one(add, sandbox):
    sandbox.faults.add("slow", seconds=0.05)
    began = time.perf_counter()
    assert add().ok
    assert time.perf_counter() - began >= 0.05


@pytest.mark.parametrize(
    ("fault", "hit"),
    [
        ({"kind": "throttle"}, (503, "QUERY_LIMIT_EXCEEDED")),
        ({"kind": "error", "code": "OVERLOAD_LIMIT", "status": 401}, (401, "OVERLOAD_LIMIT")),
        ({"kind": "html_502"}, (502, "html_502")),
        ({"kind": "close_before"}, (0, "close_before")),
        ({"kind": "close_after"}, (200, "")),
    ],
)
def test_a_request_that_met_a_fault_is_a_hit_as_well(add, portal, sandbox, fault, hit):
    sandbox.faults.add(**fault)
    with contextlib.suppress(requests.ConnectionError):
        add()
    assert [(one.method, one.status, one.error) for one in portal.hits] == [("crm.tracking.trace.add", *hit)]


def test_a_batch_is_run_in_part(portal, sandbox):
    sandbox.faults.add("partial_batch", commands=1)
    body = {"cmd": ["crm.tracking.trace.add?TRACE={}"] * 3, "auth": portal.issue_tokens()["access_token"]}
    with pytest.raises(requests.ConnectionError):
        requests.post(f"{portal.rest_url}batch", json=body)
    assert len(portal.traces) == 1


def test_every_kind_of_fault_is_tested_here():
    assert set(KINDS) == {
        "throttle", "operation_time_limit", "expired_token", "error", "html_502", "html_500", "html_403", "html_404",
        "empty", "hang", "close_before", "close_after", "partial_batch", "redirect", "slow",
    }  # fmt: skip


@pytest.mark.parametrize(("text", "status"), [("<script>", 403), ("&lt;script", 200)])
def test_a_fault_may_be_narrowed_to_a_text_however_it_travels(portal, sandbox, text, status):
    sandbox.faults.add("html_403", containing="<script>")
    token, query = portal.issue_tokens()["access_token"], urlencode({"TRACE": "{}", "note": text})
    body = {"auth": token, "cmd": {"c0": f"crm.tracking.trace.add?{query}"}}
    assert requests.post(f"{portal.rest_url}batch", json=body).status_code == status


@pytest.mark.parametrize(("times", "statuses"), [(1, [503, 200, 200]), (2, [503, 503, 200]), (0, [503, 503, 503])])
def test_a_fault_strikes_so_many_times(add, sandbox, times, statuses):
    sandbox.faults.add("throttle", times=times)
    assert [add().status_code for _ in range(3)] == statuses


def test_a_fault_can_let_some_requests_pass(add, sandbox):
    sandbox.faults.add("throttle", after=2)
    assert [add().status_code for _ in range(4)] == [200, 200, 503, 200]


def test_a_fault_can_be_of_one_method(add, sandbox):
    sandbox.faults.add("throttle", method="profile")
    assert [add().status_code, add("profile").status_code] == [200, 503]


def test_a_fault_can_be_of_one_portal(add, portal, sandbox):
    sandbox.faults.add("throttle", portal="another")
    sandbox.faults.add("html_502", portal=portal.name)
    assert add().status_code == 502


def test_faults_strike_in_the_order_of_the_script(add, sandbox):
    sandbox.faults.add("throttle")
    sandbox.faults.add("html_502")
    assert [add().status_code for _ in range(3)] == [503, 502, 200]


def test_cleared_faults_do_not_strike(add, sandbox):
    sandbox.faults.add("throttle")
    sandbox.faults.clear()
    assert add().ok


def test_chance_is_the_same_for_the_same_seed():
    def strikes(seed):
        faults = Faults()
        faults.random("throttle", 0.3, seed)
        return [faults.take("m", "p") is not None for _ in range(200)]

    assert strikes(1) == strikes(1) != strikes(2)
    assert 30 < strikes(1).count(True) < 90


@pytest.mark.parametrize("order", [lambda faults: faults.add("no"), lambda faults: faults.random("no", 0.5)])
def test_an_unknown_kind_is_refused(order):
    with pytest.raises(ValueError, match="no such fault"):
        order(Faults())


# --- The control interface of the sandbox as a process ------------------------------------------------------


@pytest.fixture
def control(sandbox):
    return lambda verb, path, **body: requests.request(verb, f"{sandbox.oauth_url}/_sandbox{path}", json=body or None)


def test_faults_are_ordered_and_cleared_by_the_control_interface(control, add, portal):
    control("POST", "/faults", kind="throttle", times=0, portal=portal.name)
    assert add().status_code == 503
    control("DELETE", "/faults")
    assert add().ok


def test_the_clock_is_moved_by_the_control_interface(control, add):
    control("POST", "/clock", advance=3601)
    assert add().json()["error"] == "expired_token"


def test_a_portals_facts_are_set_by_the_control_interface(control, add, portal):
    control("POST", f"/portals/{portal.name}/set", blocked=True)
    assert add().json()["error"] == "OVERLOAD_LIMIT"


def test_a_users_facts_are_set_by_the_control_interface(control, add, portal):
    control("POST", f"/portals/{portal.name}/set_user", id=1, allowed=False)
    assert add().json()["error"] == "user_access_error"


@pytest.mark.parametrize(
    ("verb", "path", "body", "status"),
    [
        ("GET", "/nothing", {}, 404),
        ("POST", "/portals/PORTAL/nothing", {}, 404),
        ("POST", "/portals/nobody/install", {}, 400),
        ("POST", "/faults", {"kind": "no"}, 400),
        ("POST", "/clock", {}, 400),
    ],
)
def test_a_wrong_order_is_answered_and_nothing_more(control, portal, verb, path, body, status):
    assert control(verb, path.replace("PORTAL", portal.name), **body).status_code == status
    assert control("GET", "/state").json()["portals"][portal.name]["active"] is True
