"""Tokens through a year: each is renewed in time, none more often than it must be."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.utils import timezone

from b24app.api import errors
from b24app.models import Portal, PortalUser
from b24app.portal import calls, install, tokens
from tests.fixtures.delivery import drained
from tests.fixtures.forms import make_form

pytestmark = pytest.mark.django_db
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def three(wired, portal):
    """A portal that three administrators opened at the beginning of the year, and the time, which can be moved."""
    with time_machine.travel(BEGIN, tick=False) as time:
        portal.add_user(4, True, "Idle")
        for user in (1, 2, 4):
            row = install.open_frame(install.claim_of_frame(*portal.frame_post(user_id=user))).portal
        yield row, time


def call(row):
    return calls.call(Portal.objects.get(pk=row.pk), "profile", {}).result


def test_row_16_a_year_with_one_dismissed_and_one_idle_administrator(three, portal, sandbox, make_submission):
    """settings/oauth/auto-renewal.md: a refresh token dies when it is not used within 180 days."""
    row, time = three
    form = make_form(row, creates="lead")
    held, oldest = [], timedelta()
    for day in range(1, 366):
        time.move_to(BEGIN + timedelta(days=day))
        now = timezone.now()
        tokens.renew_old(now, 1)
        if day == 200:
            portal.fire_user(1)
        if day % 15 == 0:
            submission = make_submission(form=form)
            drained(submission)
            held += [submission] * (submission.state != "delivered")
        alive = PortalUser.objects.exclude(state="dead").values_list("renewed_at", flat=True)
        oldest = max(oldest, *(now - renewed_at for renewed_at in alive))
    assert (held, Portal.objects.get().state) == ([], "active")
    assert oldest < timedelta(days=120)
    hours = Counter((refresh["user_id"], refresh["at"] // 3600) for refresh in sandbox.refreshes)
    assert max(hours.values()) == 1


def test_row_16_an_idle_fall_back_takes_over_after_200_days(three, portal):
    row, time = three
    for day in range(1, 201):
        time.move_to(BEGIN + timedelta(days=day))
        tokens.renew_old(timezone.now(), 1)
    portal.fire_user(1), portal.fire_user(2)
    assert call(row)["ID"] == "4"


def test_old_tokens_are_renewed_one_after_the_other(three, sandbox):
    _row, time = three
    time.move_to(BEGIN + timedelta(days=91))
    assert [tokens.renew_old(timezone.now(), 1) for _ in range(4)] == [1, 1, 1, 0]
    assert len(sandbox.refreshes) == 3


def test_one_that_fails_does_not_keep_the_others_from_it_and_is_tried_the_next_day(three, sandbox):
    _row, time = three
    time.move_to(BEGIN + timedelta(days=91))
    sandbox.faults.add("html_502", method="oauth/token")
    tokens.renew_old(timezone.now(), 5)
    assert (len(sandbox.refreshes), tokens.renew_old(timezone.now(), 5)) == (2, 0)
    time.shift(timedelta(days=1, minutes=1))
    assert (tokens.renew_old(timezone.now(), 5), len(sandbox.refreshes)) == (1, 3)


def test_a_held_portals_tokens_live_on_and_it_stays_held(three, sandbox):
    _row, time = three
    Portal.objects.update(state="held", hold_code="plan")
    time.move_to(BEGIN + timedelta(days=91))
    tokens.renew_old(timezone.now(), 5)
    assert (len(sandbox.refreshes), Portal.objects.get().state) == (3, "held")


def test_a_refresh_token_that_has_died_is_told(three, portal):
    _row, time = three
    time.move_to(BEGIN + timedelta(days=91))
    portal.refresh.clear()
    tokens.renew_old(timezone.now(), 5)
    assert set(PortalUser.objects.values_list("state", "dead_code")) == {("dead", "invalid_grant")}


def test_a_token_that_the_portal_does_not_know_is_renewed_once_an_hour(three, portal, sandbox):
    row, time = three
    for minutes in (0, 20, 20):
        time.shift(timedelta(minutes=minutes))
        sandbox.faults.add("error", times=2, method="profile", code="invalid_token", status=401)
        with pytest.raises(errors.PortalError):
            call(row)
        sandbox.faults.clear()
    assert len(sandbox.refreshes) == 1


def test_an_answer_is_the_proof_of_a_token(three):
    row, time = three
    time.shift(timedelta(minutes=59))
    call(row)
    assert PortalUser.objects.get(user_id=1).proved_at == BEGIN
    time.shift(timedelta(minutes=2))
    call(row)
    assert PortalUser.objects.get(user_id=1).proved_at > BEGIN
    assert PortalUser.objects.get(user_id=4).proved_at == BEGIN


def test_the_chosen_one_is_the_installer_until_another_is_chosen(three, portal):
    row, _time = three
    assert (Portal.objects.get().chosen_user_id, call(row)["ID"]) == (1, "1")
    assert tokens.choose(row, 4)
    assert (Portal.objects.get().chosen_user_id, call(row)["ID"]) == (4, "4")


def test_where_the_chosen_one_is_removed_the_next_is_chosen(three):
    row, _time = three
    tokens.forget(row, 1)
    assert Portal.objects.get().chosen_user_id == 2
