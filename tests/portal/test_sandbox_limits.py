"""The sandbox' two limiters: the bucket of requests, and the operating time of a method."""

import itertools
from types import SimpleNamespace

import pytest
import requests
from requests.adapters import HTTPAdapter

from tests.sandbox.limits import PLANS, Leaky, Operating

NOW = 1_790_000_000.0
_numbers = itertools.count(1)


@pytest.fixture
def limited(sandbox):
    """A portal of a plan, whose time stands still but for what `sandbox.clock.advance` gives it."""

    def limited(plan="standard"):
        portal = sandbox.add_portal(f"limited{next(_numbers)}", plan=plan)
        portal.active = portal.installed = True
        portal.clock = SimpleNamespace(now=lambda: NOW + sandbox.clock.ahead, sleep=sandbox.clock.sleep)
        return portal

    return limited


def ask(portal, method="profile", session=requests, **params):
    params.setdefault("auth", portal.issue_tokens()["access_token"])
    return session.post(portal.rest_url + method, json=params)


# --- Requests -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("plan", "burst", "drain"), [("standard", 50, 2), ("enterprise", 250, 5)])
def test_a_bucket_takes_its_burst_and_then_drains_evenly(plan, burst, drain):
    bucket = Leaky(*PLANS[plan])
    assert [bucket.take(NOW) for _ in range(burst + 1)] == [True] * burst + [False]
    assert [bucket.take(NOW + 1 + second) for second in range(10) for _ in range(drain + 1)].count(True) == 10 * drain


def test_a_refused_request_does_not_fill_the_bucket():
    bucket = Leaky(1, 1)
    assert [bucket.take(NOW + step / 2) for step in range(5)] == [True, False, True, False, True]


def test_a_clock_that_is_set_back_does_not_fill_the_bucket():
    bucket = Leaky(2, 1)
    bucket.take(NOW)
    assert bucket.take(NOW - 1000)


@pytest.mark.parametrize(("plan", "burst"), [("standard", 50), ("enterprise", 250)])
def test_a_portal_lets_its_plans_burst_in(limited, plan, burst):
    portal = limited(plan)
    with requests.Session() as session:
        statuses = [ask(portal, session=session, auth="junk").status_code for _ in range(burst + 1)]
    assert statuses == [401] * burst + [503]


def full(portal, address="127.0.0.1"):
    while portal.let_in(address):
        pass
    return portal


def test_the_refusal_names_the_limit(limited):
    answer = ask(full(limited()))
    assert (answer.status_code, answer.json()["error"]) == (503, "QUERY_LIMIT_EXCEEDED")


def test_requests_are_let_in_again_with_time(limited, sandbox):
    portal = full(limited())
    sandbox.clock.advance(0.5)
    assert [ask(portal).status_code for _ in range(2)] == [200, 503]


def test_an_unknown_method_counts_too(limited):
    assert ask(full(limited()), "no.such").status_code == 503


def test_portals_do_not_share_a_bucket(limited):
    full(limited())
    assert ask(limited()).ok


def test_addresses_do_not_share_a_bucket(limited):
    class Elsewhere(HTTPAdapter):
        def init_poolmanager(self, *args, **kwargs):
            super().init_poolmanager(*args, source_address=("127.0.0.2", 0), **kwargs)

    portal = full(limited())
    with requests.Session() as session:
        session.mount("http://", Elsewhere())
        assert ask(portal, session=session).ok
    assert set(portal.buckets) == {"127.0.0.1", "127.0.0.2"}


def test_a_batch_is_one_request(limited):
    portal = limited()
    ask(portal, "batch", cmd={f"c{number}": "profile" for number in range(50)})
    assert portal.buckets["127.0.0.1"].level == 1


def test_a_portal_without_a_plan_has_no_limit(portal):
    assert all(portal.let_in("127.0.0.1") for _ in range(1000))


# --- Operating time -----------------------------------------------------------------------------------------


def test_calls_of_a_tenth_of_a_second_are_not_counted():
    operating = Operating(480)
    operating.add(0.1, NOW)
    assert operating.used(NOW) == 0


def test_the_last_ten_minutes_are_counted():
    operating = Operating(480)
    for minute in range(12):
        operating.add(1, NOW + 60 * minute)
    assert operating.used(NOW + 11 * 60) == 10


def test_a_method_is_blocked_above_its_limit_not_at_it():
    operating = Operating(10)
    operating.add(10, NOW)
    assert not operating.is_blocked(NOW)
    operating.add(0.2, NOW)
    assert operating.is_blocked(NOW)


def test_the_reset_is_ten_minutes_after_the_first_call_that_counts():
    operating = Operating(10)
    operating.add(1, NOW + 7)
    operating.add(1, NOW + 90)
    assert operating.reset_at(NOW + 90) == NOW + 607


@pytest.fixture
def slow(limited):
    """A portal on which a call costs 300 of the 480 seconds."""
    portal = limited(None)
    portal.operating_seconds = 300
    return portal


def test_the_call_that_crosses_the_limit_still_runs(slow):
    assert [ask(slow).status_code for _ in range(3)] == [200, 200, 429]


def test_the_block_is_told_without_a_time(slow):
    answers = [ask(slow) for _ in range(3)]
    text = "Method is blocked due to operation time limit."
    assert answers[2].json() == {"error": "OPERATION_TIME_LIMIT", "error_description": text}


def test_each_answer_tells_what_is_used_and_when_it_is_given_back(slow):
    figures = ask(slow).json()["time"]
    assert (figures["operating"], figures["operating_reset_at"]) == (300, NOW + 600)


def test_a_method_is_free_again_after_ten_minutes(slow, sandbox):
    for _ in range(3):
        ask(slow)
    sandbox.clock.advance(600)
    assert ask(slow).ok


def test_other_methods_are_not_blocked(slow):
    for _ in range(3):
        ask(slow)
    assert ask(slow, "scope").ok


def test_a_webhook_has_its_own_account(slow):
    for _ in range(3):
        ask(slow)
    assert requests.get(f"{slow.webhook_url}profile").ok


def test_a_block_counts_for_one_portal(slow, portal):
    for _ in range(3):
        ask(slow)
    assert ask(portal).ok


def test_a_limit_that_is_lowered_counts_at_once(slow):
    ask(slow)
    slow.operating_limit = 100
    assert ask(slow).status_code == 429


def test_in_a_batch_only_the_blocked_method_fails(slow):
    for _ in range(2):
        ask(slow)
    answer = ask(slow, "batch", cmd={"a": "profile", "b": "scope"})
    assert answer.status_code == 200
    assert answer.json()["result"]["result_error"]["a"]["error"] == "OPERATION_TIME_LIMIT"
    assert list(answer.json()["result"]["result"]) == ["b"]


def test_a_batch_is_counted_by_its_methods_not_as_a_batch(limited):
    portal = limited(None)
    portal.operating_seconds = 0.06
    answer = ask(portal, "batch", cmd={"a": "profile", "b": "profile", "c": "scope"})
    assert portal.operating_of("profile").used(NOW) == pytest.approx(0.12)
    assert (portal.operating_of("scope").used(NOW), answer.json()["time"]["operating"]) == (0, 0)


def test_each_command_tells_what_its_method_has_used(limited):
    portal = limited(None)
    portal.operating_seconds = 1
    times = ask(portal, "batch", cmd={"a": "profile", "b": "profile"}).json()["result"]["result_time"]
    assert [times[key]["operating"] for key in "ab"] == [1, 2]


def test_a_slow_portal_costs_operating_time_by_itself(limited):
    portal = limited(None)
    portal.command_seconds = 0.11
    ask(portal)
    assert 0.11 <= portal.operating_of("profile").used(NOW) < 0.2
