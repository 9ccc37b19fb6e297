"""A method that a portal lacks, that is blocked or on trial: only what needs it waits."""

from datetime import timedelta

import pytest
from django.db.models import F
from django.utils import timezone

from b24app.api.batch import Operating
from b24app.models import Portal
from b24app.pace import limits
from b24app.portal import hold, install
from tests.fixtures.forms import make_form
from traces.delivery import drain, methods
from traces.models import Submission

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("installed", "no_sentence_stored")]
TRACE, LEAD = "crm.tracking.trace.add", "crm.lead.add"


@pytest.fixture
def rows(installed, make_submission):
    """Three traces and then three leads."""
    traces, leads = make_form(installed), make_form(installed, creates="lead")
    return [make_submission(form=form) for form in (traces, leads) for _ in range(3)]


def let_pass(seconds):
    """What was to happen in so many seconds is due now; so is the next look at a method."""
    ago = timedelta(seconds=seconds)
    Submission.objects.filter(due_at__gt=timezone.now()).update(due_at=F("due_at") - ago)
    row = Portal.objects.get()
    for facts in row.held_methods.values():
        facts["probe_at"] = (timezone.now() - timedelta(seconds=1)).isoformat()
    row.save()


def states(creates):
    return list(Submission.objects.filter(form__creates=creates).values_list("state", flat=True))


def commands(portal):
    """How many commands each request had, the mark and the receipt left out."""
    return [max(1, hit.commands - 2) for hit in portal.hits if hit.method in ("batch", TRACE, LEAD)]


def test_a_method_that_is_missing_holds_what_needs_it_and_nothing_else(rows, installed, portal):
    portal.lacks.add(TRACE)
    drain.drain(installed.pk)
    installed.refresh_from_db()
    assert (installed.state, list(installed.held_methods)) == ("active", [TRACE])
    assert (states("trace"), states("lead")) == (["queued"] * 3, ["delivered"] * 3)


def test_what_waits_for_a_method_is_not_claimed_in_circles(rows, installed, portal):
    portal.lacks.add(TRACE)
    drain.drain(installed.pk)
    assert drain.due_portals(timezone.now()) == []
    assert Submission.objects.filter(state="queued", code="method_missing", due_at__gt=timezone.now()).count() == 3


def test_a_missing_method_is_tried_with_one_command(rows, installed, portal):
    portal.lacks.add(TRACE)
    drain.drain(installed.pk)
    before = len(portal.hits)
    let_pass(7200)
    drain.drain(installed.pk)
    assert [hit.commands - 1 for hit in portal.hits[before:]] == [0]
    assert drain.due_portals(timezone.now()) == []


def test_a_method_that_is_there_again_lets_all_go_on(rows, installed, portal):
    portal.lacks.add(TRACE)
    drain.drain(installed.pk)
    portal.lacks.clear()
    let_pass(7200)
    drain.drain(installed.pk)
    installed.refresh_from_db()
    assert (states("trace"), installed.held_methods) == (["delivered"] * 3, {})


def test_a_portal_that_somebody_has_put_right_goes_on_with_the_next_sweep(rows, installed, portal):
    portal.lacks.add(TRACE)
    drain.drain(installed.pk)
    portal.lacks.clear()
    hold.resume(installed)
    methods.wake_released()
    drain.drain(installed.pk)
    assert states("trace") == ["delivered"] * 3


def test_a_method_on_trial_narrows_no_other_one(redis, later, installed, portal, rows):
    limits.note_answer(installed, TRACE, 0.01, Operating(1, 300))
    limits.note_answer(installed, LEAD, 0.01, Operating(200, 300))
    limits.note_blocked(installed, LEAD)
    later(301)
    Submission.objects.filter(form__creates="lead").update(due_at=timezone.now() + timedelta(hours=1))
    drain.drain(installed.pk)
    assert (states("trace"), commands(portal)) == (["delivered"] * 3, [3])


def test_of_a_method_on_trial_one_command_goes_while_others_go_on(redis, later, installed, portal, rows):
    limits.note_answer(installed, TRACE, 0.01, Operating(1, 300))
    limits.note_answer(installed, LEAD, 0.01, Operating(200, 300))
    limits.note_blocked(installed, LEAD)
    later(301)
    drain.drain(installed.pk)
    assert commands(portal)[0] == 4
    assert states("trace") == ["delivered"] * 3


def test_a_right_that_nobody_has_holds_what_needs_it_and_nothing_else(rows, installed, portal):
    portal.users[1].denied.add(LEAD)
    drain.drain(installed.pk)
    installed.refresh_from_db()
    assert (installed.state, installed.held_methods[LEAD]["code"]) == ("active", "no_rights")
    assert (states("trace"), states("lead")) == (["delivered"] * 3, ["queued"] * 3)
    portal.users[1].denied.clear()
    let_pass(60)
    drain.drain(installed.pk)
    assert states("lead") == ["delivered"] * 3


def test_the_next_administrator_who_has_the_right_is_asked_before(rows, installed, portal):
    install.open_frame(install.claim_of_frame(*portal.frame_post(user_id=2)))
    portal.users[1].denied.add(LEAD)
    drain.drain(installed.pk)
    installed.refresh_from_db()
    assert (states("lead"), installed.held_methods) == (["delivered"] * 3, {})


def test_a_right_that_every_form_needs_holds_the_portal(installed, portal, make_submission):
    portal.users[1].denied.add(LEAD)
    make_submission(form=make_form(installed, creates="lead"))
    drain.drain(installed.pk)
    installed.refresh_from_db()
    assert (installed.state, installed.hold_code) == ("held", "no_rights")


def test_rights_that_are_missing_for_one_after_the_other_hold_the_portal_in_the_end(rows, installed, portal):
    portal.users[1].denied |= {TRACE, LEAD}
    drain.drain(installed.pk)
    installed.refresh_from_db()
    assert (installed.state, installed.hold_code) == ("held", "no_rights")


def test_a_webhooks_owner_without_one_right_holds_what_needs_it(wired, portal, make_submission):
    row = Portal.objects.create(member_id="webhook", domain=portal.domain, webhook_url=portal.webhook_url)
    portal.users[1].denied.add(LEAD)
    for kind in ("lead", "trace", "lead"):
        make_submission(form=make_form(row, creates=kind))
    drain.drain(row.pk)
    row.refresh_from_db()
    assert (row.state, list(row.held_methods), states("trace")) == ("active", [LEAD], ["delivered"])
