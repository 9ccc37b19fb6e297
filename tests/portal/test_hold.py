"""When a portal is left alone: for seconds, or until somebody acts."""

import math

import pytest

from b24app.api import errors
from b24app.portal import hold

METHOD = "crm.tracking.trace.add"


def test_holding_and_resuming(installed):
    hold.hold(installed, "plan")
    installed.refresh_from_db()
    assert (installed.state, installed.hold_code) == ("held", "plan")
    hold.resume(installed)
    installed.refresh_from_db()
    assert (installed.state, installed.hold_code, installed.probe_at) == ("active", "", None)


def test_pauses_in_a_row_grow(installed):
    first = hold.pause(installed, 1.0)
    installed.refresh_from_db()
    assert hold.pause(installed, 1.0) > first


def test_a_stop_holds_the_portal(installed):
    assert hold.obey(installed, errors.Stop("plan"), METHOD) == math.inf
    installed.refresh_from_db()
    assert (installed.state, installed.hold_code) == ("held", "plan")


@pytest.mark.parametrize(
    "error", [errors.Refused("error_argument"), errors.Wait("operation_time_limit", seconds=60.0, method=METHOD)]
)
def test_what_concerns_one_message_or_method_pauses_nothing_else(installed, error):
    assert hold.obey(installed, error, METHOD) == 0.0
    installed.refresh_from_db()
    assert (installed.state, installed.paused_until) == ("active", None)


def test_a_portal_that_answers_is_paused_shortly_again(installed):
    hold.pause(installed, 1.0)
    installed.refresh_from_db()
    hold.mark_healthy(installed)
    installed.refresh_from_db()
    assert installed.pauses == 0
