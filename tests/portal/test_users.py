"""An administrator whose token does not do for a command inside a batch."""

import pytest

from b24app.models import PortalUser
from b24app.portal import install
from tests.fixtures.delivery import drained, outcomes
from traces.models import Attempt, Form, Submission

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("installed")]


@pytest.fixture
def rows(form, make_submission):
    """Leads, of which several travel in one batch."""
    Form.objects.update(creates="lead")
    return [make_submission() for _ in range(3)]


@pytest.fixture
def second(installed, portal):
    """A second administrator has opened the application."""
    install.open_frame(install.claim_of_frame(*portal.frame_post(user_id=2)))


def users():
    return list(PortalUser.objects.order_by("user_id").values_list("state", "dead_code"))


def test_the_next_one_is_asked_in_the_same_turn(rows, second, portal):
    portal.users[1].crm = False  # whose token is used first, since this one has installed it
    drained(rows[0])
    assert set(Submission.objects.values_list("state", "tries")) == {("delivered", 1)}
    assert outcomes(rows[0]) == [("retry", "no_rights"), ("delivered", "")]
    assert PortalUser.objects.get(user_id=1).state == "barred"


def test_where_none_is_left_the_portal_is_held_with_that_reason(rows, second, installed, portal):
    portal.users[1].crm = portal.users[2].crm = False
    drained(rows[0])
    installed.refresh_from_db()
    assert (installed.state, installed.hold_code) == ("held", "no_rights")
    assert users() == [("barred", "no_rights")] * 2
    assert set(Submission.objects.values_list("state", "tries")) == {("queued", 0)}


def test_a_held_portal_is_not_taken_for_well_by_a_batch_without_rights(rows, installed, portal):
    portal.users[1].crm = False
    drained(rows[0])
    since = type(installed).objects.get().held_since
    type(installed).objects.update(probe_at=since)
    drained(rows[0])
    installed.refresh_from_db()
    assert (installed.state, installed.held_since) == ("held", since)


def test_what_others_of_the_batch_got_is_kept(rows, second, installed, portal, make_submission):
    trace = make_submission(form=Form.objects.create(portal=installed, name="Trace", secret_hash="0" * 64))
    portal.users[1].crm = portal.users[2].crm = False
    drained(trace)
    assert (trace.state, Attempt.objects.filter(submission=trace).count()) == ("delivered", 1)
