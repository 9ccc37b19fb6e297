"""A message that the portal breaks over, or turns away, while it takes others."""

from collections import Counter
from datetime import timedelta

import pytest
from django.utils import timezone

from b24app.models import Portal
from b24app.portal import hold, install
from tests.fixtures.delivery import drain_for, outcomes
from traces.delivery import drain
from traces.models import Form, Submission

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("installed", "no_sentence_stored")]

# What makes a request be answered so, by the fault of the sandbox.
BAD = {"html_403": "union select", "html_500": "crash-me", "close_before": "cut-me"}
REASONS = {"html_403": "poison_forbidden", "html_500": "poison_error", "close_before": "poison_silent"}


@pytest.fixture
def poisoned(sandbox):
    """Requests with one of the bad texts are answered so, for ever."""
    for kind, text in BAD.items():
        sandbox.faults.add(kind, times=0, containing=text)


@pytest.fixture
def leads(form):
    """A form that makes leads: what is on the portal can be counted by their titles."""
    Form.objects.update(creates="lead")
    form.refresh_from_db()
    return form


def store(form, count, text="good"):
    """So many submissions, whose message has this text."""
    facts = {"portal": form.portal, "form": form, "body_hash": "0" * 64}
    bodies = ({"message": f"{text} {number}"} for number in range(count))
    return Submission.objects.bulk_create(Submission(body=body, **facts) for body in bodies)


def on_portal(portal):
    """How often each message stands on the portal."""
    return Counter(fields["COMMENTS"] for fields in portal.entities.values() if "COMMENTS" in fields)


@pytest.mark.parametrize("kind", BAD)
def test_one_among_others_fails_alone_with_its_reason(leads, portal, poisoned, kind):
    store(leads, 30)
    store(leads, 1, BAD[kind])
    store(leads, 30)
    drain_for(leads.portal_id, 60, step=120)
    assert Counter(Submission.objects.values_list("state", "code")) == {
        ("delivered", ""): 60,
        ("failed", REASONS[kind]): 1,
    }
    assert (len(on_portal(portal)), sum(on_portal(portal).values())) == (30, 60)


def test_one_of_each_kind_among_three_hundred(leads, portal, poisoned):
    for text in BAD.values():
        store(leads, 75)
        store(leads, 1, text)
    store(leads, 75)
    refused = Form.objects.create(portal=leads.portal, name="Link", secret_hash="0" * 64, creates="link")
    (row,) = store(refused, 1)
    Submission.objects.filter(pk=row.pk).update(body={"ENTITIES": [{"TYPE": "LEAD", "ID": 900001}]})
    Portal.objects.update(tariff="unlimited")
    drain_for(leads.portal_id, 60, step=120)
    states = Counter(Submission.objects.values_list("state", flat=True))
    assert states == {"delivered": 300, "failed": 4}
    assert sum(on_portal(portal).values()) == 300


def test_the_others_go_on_at_once(leads, portal, poisoned, settings):
    settings.TURN_SECONDS = 60  # on a slow machine all of it is one turn, too
    store(leads, 1, "union select")
    store(leads, 60)
    before = len(portal.hits)
    drain.drain(leads.portal_id)
    assert Submission.objects.filter(state="delivered").count() == 60
    assert len(portal.hits) - before < 20


def test_a_row_that_is_sent_apart_goes_behind_the_others(leads, portal):
    (suspect,) = store(leads, 1, "suspect")
    Submission.objects.update(isolated=True)
    store(leads, 3)
    drain.drain(leads.portal_id)
    assert [fields["COMMENTS"].split()[-2] for fields in portal.entities.values() if "COMMENTS" in fields] == [
        *["good"] * 3,
        "suspect",
    ]
    suspect.refresh_from_db()
    assert (suspect.state, suspect.isolated) == ("delivered", False)


def test_looking_something_up_clears_a_row_of_nothing(make_submission, form, sandbox):
    Form.objects.update(creates="deal", repeats="find")
    row = make_submission(body={"name": "Ada Byron", "phone": "+15550100200"}, isolated=True)
    sandbox.faults.add("error", method="batch", code="CONNECTION_ERROR", status=401)
    drain.drain(row.portal_id)
    row.refresh_from_db()
    assert (row.isolated, sorted(row.progress)) == (True, ["found_contact_phone"])


def test_it_may_be_sent_again_by_hand(leads, sandbox, poisoned):
    (row,) = store(leads, 1, "union select")
    drain_for(leads.portal_id, 5)
    row.refresh_from_db()
    assert (row.state, row.code) == ("failed", "poison_forbidden")
    assert outcomes(row) == [("retry", "poison_forbidden")] * 2 + [("refused", "poison_forbidden")]
    assert "blocks this submission" in row.reason


def test_a_portal_that_turns_all_away_is_held(leads, installed, sandbox, portal):
    sandbox.faults.add("html_403", times=0)
    store(leads, 200)
    drain_for(leads.portal_id, 1, step=10)
    installed.refresh_from_db()
    assert (installed.state, installed.hold_code) == ("held", "forbidden")
    assert len([hit for hit in portal.hits if hit.error == "html_403"]) == 3
    sandbox.faults.clear()
    hold.resume(installed)
    drain_for(leads.portal_id, 2, step=10)
    assert set(Submission.objects.values_list("state", flat=True)) == {"delivered"}


def test_a_lone_row_of_a_portal_that_turns_all_away_is_no_poison(leads, installed, sandbox):
    sandbox.faults.add("html_403", times=0)
    (row,) = store(leads, 1)
    drain_for(leads.portal_id, 5)
    row.refresh_from_db()
    installed.refresh_from_db()
    assert (row.state, installed.state, installed.hold_code) == ("queued", "held", "forbidden")


def test_a_held_portal_is_probed_with_another_row_after_one_that_failed(leads, installed, poisoned):
    store(leads, 1, "union select")
    store(leads, 3)
    Portal.objects.update(state="held", hold_code="forbidden", probe_at=timezone.now())
    drain.drain(leads.portal_id)
    installed.refresh_from_db()
    assert installed.state == "held"
    Portal.objects.update(probe_at=timezone.now(), paused_until=None)
    drain.drain(leads.portal_id)
    installed.refresh_from_db()
    assert (installed.state, Submission.objects.filter(state="delivered").count()) == ("active", 3)


def test_opening_the_application_is_not_undone_by_the_poison(leads, installed, portal, poisoned):
    store(leads, 1, "union select")
    store(leads, 3)
    Portal.objects.update(state="held", hold_code="forbidden", probe_at=timezone.now() + timedelta(hours=1))
    install.open_frame(install.claim_of_frame(*portal.frame_post()))
    drain_for(leads.portal_id, 5)
    installed.refresh_from_db()
    assert installed.state == "active"
    assert Counter(Submission.objects.values_list("state", flat=True)) == {"delivered": 3, "failed": 1}


def test_a_crash_in_the_middle_makes_nothing_twice(leads, installed, portal, sandbox):
    """The receipt is asked for at once; what was made before the crash is found by its origin."""
    store(leads, 6)
    sandbox.faults.add("html_500", method="batch", after=1)
    sandbox.faults.add("partial_batch", method="batch", commands=4)
    drain_for(leads.portal_id, 3, step=10)
    assert (len(on_portal(portal)), set(on_portal(portal).values())) == (6, {1})
