"""What a fault of the portal, of the network or of ours leaves in a submission and its attempt: codes, no sentence."""

from datetime import timedelta

import pytest
from django.db.models import Q
from django.utils import timezone

from b24app.models import Portal
from traces.delivery import drain, requeue
from traces.models import Attempt

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_sentence_stored")]
METHOD, WORDS = "crm.tracking.trace.add", "The moon is full."


@pytest.fixture(autouse=True)
def without_receipts(installed):
    """So a lost answer is settled at once."""
    Portal.objects.update(receipt_option_sets=0)


def error(code, status, words=""):
    return {"kind": "error", "code": code, "status": status, "description": words}


@pytest.mark.parametrize(
    ("fault", "code", "params"),
    [
        (error("ERROR_CORE", 400, WORDS), "error_core", {"words": WORDS}),
        (error("", 400, WORDS), "refused", {"words": WORDS}),
        (error("MOON_PHASE", 400, WORDS), "moon_phase", {"words": WORDS}),
        (error("CONNECTION_ERROR", 401), "connection_error", {"status": 401}),
        (error("PAYMENT_REQUIRED", 401), "payment_required", {"status": 401}),
        ({"kind": "html_502"}, "unreadable", {"status": 502}),
        ({"kind": "html_500"}, "unreadable", {"status": 500}),
        ({"kind": "empty"}, "unreadable", {}),
        ({"kind": "close_before"}, "connection_lost", {}),
        ({"kind": "hang", "seconds": 1.0}, "timeout", {}),
    ],
)
def test_a_fault_leaves_its_code_and_what_the_portal_said(make_submission, sandbox, settings, fault, code, params):
    settings.B24_HTTP_TIMEOUT = 0.5
    sandbox.faults.add(method=METHOD, **fault)
    row = make_submission()
    drain.drain(row.portal_id)
    row.refresh_from_db()
    assert (row.code, row.params) == (code, params)
    assert list(Attempt.objects.values_list("code", "params")) == [(code, params)]


def test_after_three_days_it_is_stored_that_it_was_given_up(make_submission, sandbox):
    sandbox.faults.add(method=METHOD, **error("MOON_PHASE", 400, WORDS))
    row = make_submission(trying_since=timezone.now() - timedelta(days=3, minutes=1))
    drain.drain(row.portal_id)
    row.refresh_from_db()
    assert (row.state, row.params) == ("failed", {"words": WORDS, "gave_up": True})
    assert Attempt.objects.get().params == {"words": WORDS}


def test_a_fault_of_ours_leaves_its_code(make_submission, monkeypatch):
    monkeypatch.setattr("traces.setup.rulebook.Rulebook.prepare", lambda *_: 1 / 0)
    row = make_submission()
    drain.drain(row.portal_id)
    row.refresh_from_db()
    assert (row.code, row.params) == ("internal_error", {})


def test_sending_again_forgets_the_reason(make_submission, sandbox):
    sandbox.faults.add(method=METHOD, **error("ERROR_CORE", 400, WORDS))
    row = make_submission()
    drain.drain(row.portal_id)
    assert requeue.send_again(Q(pk=row.pk)) == 1
    row.refresh_from_db()
    assert (row.state, row.code, row.params) == ("queued", "", {})
