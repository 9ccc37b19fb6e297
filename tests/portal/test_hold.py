"""When a portal is left alone: for seconds, or until somebody acts."""

import math
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from b24app.api import errors
from b24app.models import Portal
from b24app.portal import hold

METHOD = "crm.tracking.trace.add"
NOW = datetime(2026, 11, 30, 9, tzinfo=UTC)


@pytest.fixture
def clock():
    """The time, which stands still until a test moves it."""
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


def stored(portal):
    portal.refresh_from_db()
    return portal


def test_holding_and_resuming(acme):
    hold.hold(acme, "plan")
    assert (stored(acme).state, acme.hold_code) == ("held", "plan")
    hold.resume(acme)
    assert (stored(acme).state, acme.hold_code, acme.probe_at, acme.probes) == ("active", "", None, 0)


def test_a_stop_holds_the_portal(acme):
    assert hold.obey(acme, errors.Stop("plan"), METHOD) == math.inf
    assert (stored(acme).state, acme.hold_code) == ("held", "plan")


def test_the_reason_follows_and_the_beginning_stays(acme, clock):
    hold.hold(acme, "plan")
    clock.shift(timedelta(minutes=10))
    hold.hold(acme, "payment_required")
    assert (stored(acme).hold_code, acme.held_since) == ("payment_required", NOW)


def test_an_uninstalled_portal_is_not_held(acme):
    Portal.objects.update(state="uninstalled", hold_code="not_installed")
    hold.hold(acme, "plan")
    assert (stored(acme).state, acme.hold_code) == ("uninstalled", "not_installed")


# --- Probes -------------------------------------------------------------------------------------


def probes(portal, clock, hours):
    """The minutes after which a held portal was probed, each in vain, within so many hours."""
    ends, times = NOW + timedelta(hours=hours), []
    while (at := stored(portal).probe_at) < ends:
        clock.move_to(at)
        assert hold.take_probe(portal, at)
        times.append((at - NOW).total_seconds() / 60)
    return times


def test_probes_come_less_and_less_often_but_every_hour(acme, clock):
    hold.hold(acme, "plan")
    assert probes(acme, clock, 5) == [1, 3, 7, 15, 31, 63, 123, 183, 243]


def test_one_worker_probes_at_a_time(acme, clock):
    hold.hold(acme, "plan")
    clock.shift(timedelta(minutes=1))
    at = datetime.now(UTC)
    assert [hold.take_probe(stored(acme), at) for _ in range(3)] == [True, False, False]
    assert stored(acme).probe_at - at == timedelta(minutes=2)


def test_probes_begin_anew_after_the_portal_was_well(acme, clock):
    hold.hold(acme, "plan")
    probes(acme, clock, 3)
    hold.mark_healthy(stored(acme))
    hold.hold(acme, "plan")
    assert stored(acme).probe_at - datetime.now(UTC) == timedelta(minutes=1)


def test_a_portal_that_is_not_held_is_not_probed(acme):
    assert not hold.take_probe(acme, NOW)


# --- Whose condition it is ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "error",
    [
        errors.Refused("error_argument"),
        errors.Wait("operation_time_limit", seconds=60.0, method=METHOD),
        errors.Stop("method_missing", method=METHOD),
        errors.OtherUser("no_rights", lasts=False),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_concerns_one_message_method_or_user_pauses_nothing_else(acme, error):
    assert hold.obey(acme, error, METHOD) == 0.0
    assert (stored(acme).state, acme.paused_until) == ("active", None)


def test_a_method_that_is_missing_is_noted_and_released(acme, clock):
    hold.obey(acme, errors.Stop("method_missing", method=METHOD), METHOD)
    minute = (NOW + timedelta(minutes=1)).isoformat()
    noted = {"code": "method_missing", "since": NOW.isoformat(), "probe_at": minute, "probes": 0}
    assert stored(acme).held_methods == {METHOD: noted}
    hold.release_method(acme, METHOD)
    assert stored(acme).held_methods == {}


def test_a_method_that_stays_missing_is_probed_less_and_less_often(acme, clock):
    for _ in range(3):
        hold.obey(acme, errors.Stop("method_missing", method=METHOD), METHOD)
    facts = stored(acme).held_methods[METHOD]
    assert (facts["since"], facts["probe_at"]) == (NOW.isoformat(), (NOW + timedelta(minutes=4)).isoformat())


@pytest.mark.parametrize(
    ("code", "reason"), [("authorization_error", "webhook_owner_gone"), ("no_rights", "no_rights")]
)
def test_a_webhook_has_no_other_user(acme, code, reason):
    acme.webhook_url = "https://acme.example/rest/1/code/"
    assert hold.obey(acme, errors.OtherUser(code), METHOD) == math.inf
    assert stored(acme).hold_code == reason


def test_a_page_that_turns_a_message_away_holds_nothing(acme):
    assert 0.0 < hold.obey(acme, errors.Poison("forbidden", status=403), METHOD) < 1.0
    assert stored(acme).state == "active"


def test_a_page_that_turns_our_own_question_away_holds_the_portal(acme):
    assert hold.obey(acme, errors.Poison("forbidden", status=403), "") == math.inf
    assert (stored(acme).state, acme.hold_code) == ("held", "forbidden")


def test_a_held_portal_that_refuses_one_message_is_well(acme):
    hold.hold(acme, "plan")
    hold.obey(stored(acme), errors.Refused("error_core", status=400), METHOD)
    assert stored(acme).state == "active"


def test_a_refusal_of_our_own_says_nothing_of_a_held_portal(acme):
    hold.hold(acme, "plan")
    hold.obey(stored(acme), errors.Refused("oauth_host"), METHOD)
    assert stored(acme).state == "held"


# --- Pauses -------------------------------------------------------------------------------------


def test_pauses_in_a_row_grow(acme, clock):
    first = hold.pause(acme, 1.0)
    clock.shift(timedelta(seconds=first))
    assert hold.pause(stored(acme), 1.0) > first
    assert stored(acme).pauses == 2


def test_requests_that_fail_together_count_once(acme, clock):
    for _ in range(4):
        hold.obey(acme, errors.Transient("unreachable"), METHOD)
    assert stored(acme).pauses == 1


def test_a_shorter_pause_does_not_end_a_longer_one(acme, clock):
    acme.pauses = 5
    hold.obey(acme, errors.Wait("query_limit_exceeded", seconds=1.0), "batch")
    asked = stored(acme).paused_until
    acme.pauses = 0
    hold.obey(acme, errors.Transient("unreadable"), "batch")
    assert stored(acme).paused_until == asked


def test_a_longer_pause_takes_the_place_of_a_shorter_one(acme, clock):
    hold.pause(acme, 1.0)
    hold.pause(acme, 30.0)
    assert stored(acme).paused_until >= NOW + timedelta(seconds=30)


@pytest.mark.parametrize("pauses", [99, 100, 32767])
def test_the_count_of_pauses_ends(acme, clock, pauses):
    Portal.objects.update(pauses=pauses)
    hold.pause(stored(acme), 1.0)
    assert stored(acme).pauses == 100


def test_a_portal_that_answers_is_paused_shortly_again(acme):
    hold.pause(acme, 1.0)
    hold.mark_healthy(stored(acme))
    assert stored(acme).pauses == 0
