"""What each error does to the row and to the portal, against the sandbox."""

from datetime import timedelta

import pytest
from django.utils import timezone

from b24app.models import Portal
from b24app.pace import limits
from tests.fixtures.delivery import drained, make_due, outcomes
from traces.compose import trace
from traces.delivery import drain
from traces.delivery.next import NOT_NEEDED
from traces.intake import views
from traces.models import Attempt, Form, Submission

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("installed")]


def test_a_method_whose_time_is_used_up_is_left_to_the_sweep(make_submission, installed, redis, portal):
    limits.note_blocked(installed, "crm.tracking.trace.add")
    assert drained(make_submission()) == NOT_NEEDED
    assert [hit for hit in portal.hits if hit.method == "batch"] == []


def test_an_error_that_nobody_knows_is_logged(make_submission, sandbox, caplog):
    sandbox.faults.add("error", method="batch", code="SOMETHING_NEW")
    drained(make_submission())
    assert "something_new is not a known one" in caplog.text


@pytest.mark.parametrize(
    ("fault", "outcome", "tries"),
    [
        ({"kind": "throttle"}, ("waited", "query_limit_exceeded"), 0),
        ({"kind": "redirect", "url": "https://elsewhere.example/"}, ("held", "moved"), 0),
        ({"kind": "error", "code": "CONNECTION_ERROR", "status": 401}, ("retry", "connection_error"), 1),
        ({"kind": "error", "code": "SOMETHING_NEW"}, ("retry", "something_new"), 1),
    ],
)
def test_what_passes_is_tried_again_later(make_submission, sandbox, fault, outcome, tries):
    sandbox.faults.add(**fault, method="batch")
    row = make_submission()
    drained(row)
    assert (row.state, row.tries, outcomes(row)) == ("queued", tries, [outcome])


@pytest.mark.parametrize("kind", ["throttle", "expired_token"])
def test_it_is_delivered_when_the_fault_is_over(make_submission, sandbox, kind):
    sandbox.faults.add(kind, method="batch")
    row = make_submission()
    drained(row)
    Portal.objects.update(paused_until=None)
    make_due(row)
    drained(row)
    assert row.state == "delivered"


def test_waits_in_a_row_are_one_line_of_history(make_submission, sandbox):
    sandbox.faults.add("throttle", times=3, method="batch")
    row = make_submission()
    for _ in range(4):
        drained(row)
        Portal.objects.update(paused_until=None)
    assert outcomes(row) == [("waited", "query_limit_exceeded"), ("delivered", "")]
    wait = row.attempts.first()
    assert wait.params["times"] == 3
    assert wait.reason.endswith("Consecutive failures: 3.")


def test_a_wait_after_something_else_is_a_line_of_its_own(make_submission, sandbox):
    row = make_submission()
    for fault in ({"kind": "throttle"}, {"kind": "error", "code": "CONNECTION_ERROR", "status": 401}) * 2:
        sandbox.faults.add(**fault, method="batch")
        drained(row)
        Portal.objects.update(paused_until=None)
        make_due(row)
    assert [outcome for outcome, _ in outcomes(row)] == ["waited", "retry"] * 2


def test_a_wait_moves_to_the_time_of_the_last(make_submission, sandbox):
    sandbox.faults.add("throttle", times=2, method="batch")
    row = make_submission()
    drained(row)
    first = row.attempts.get().at
    Portal.objects.update(paused_until=None)
    drained(row)
    assert row.attempts.get().at > first


def test_of_a_long_history_the_report_tells_the_end(make_submission):
    row = make_submission()
    Attempt.objects.bulk_create(Attempt(submission=row, outcome="retry", code=f"c{number}") for number in range(60))
    codes = [attempt["code"] for attempt in views.report(row)["attempts"]]
    assert codes == [f"c{number}" for number in range(10, 60)]


def test_throttling_pauses_the_whole_portal(make_submission, sandbox, portal):
    sandbox.faults.add("throttle", method="batch")
    rows = [make_submission() for _ in range(3)]
    again = drained(rows[0])
    assert (set(Attempt.objects.values_list("outcome", flat=True)), portal.traces) == ({"waited"}, [])
    assert 0 < again.seconds < 3
    assert drain.due_portals(timezone.now()) == []


@pytest.mark.parametrize(
    ("code", "status", "held"),
    [
        ("PAYMENT_REQUIRED", 401, "payment_required"),
        ("ACCESS_DENIED", 401, "plan"),
        ("OVERLOAD_LIMIT", 503, "overload_limit"),
        ("PORTAL_DELETED", 500, "portal_deleted"),
        ("insufficient_scope", 403, "insufficient_scope"),
        ("APPLICATION_NOT_FOUND", 401, "not_installed"),
        ("ERROR_OAUTH", 401, "not_installed"),
    ],
)
def test_a_stop_holds_the_portal_and_loses_nothing(make_submission, sandbox, installed, code, status, held):
    sandbox.faults.add("error", method="batch", code=code, status=status)
    rows = [make_submission(), make_submission()]
    assert drained(rows[0]) == NOT_NEEDED
    installed.refresh_from_db()
    assert (installed.state, installed.hold_code) == ("held", held)
    assert set(Submission.objects.values_list("state", "tries")) == {("queued", 0)}


def test_a_probe_that_succeeds_resumes_the_queue(make_submission, installed):
    rows = [make_submission(), make_submission()]
    Portal.objects.update(state="held", hold_code="plan", probe_at=timezone.now())
    assert drain.due_portals(timezone.now()) == [installed.pk]
    drained(rows[0])
    installed.refresh_from_db()
    assert installed.state == "active"
    assert Submission.objects.filter(state="delivered").count() == 2


def test_a_probe_that_fails_sends_one_row_only(make_submission, sandbox, installed, portal):
    for _ in range(3):
        make_submission()
    Portal.objects.update(state="held", hold_code="plan", probe_at=timezone.now())
    sandbox.faults.add("error", times=0, method="batch", code="ACCESS_DENIED", status=401)
    drain.drain(installed.pk)
    assert Attempt.objects.count() == 1


def test_a_refusal_fails_the_row_with_the_portals_reason(make_submission, form):
    Form.objects.update(creates="link")
    row = make_submission(body={"ENTITIES": [{"TYPE": "LEAD", "ID": 900001}]})
    drained(row)
    assert (row.state, row.code) == ("failed", "error_core")
    assert "no access" in row.params["words"]


def test_a_refused_row_does_not_stop_the_others(make_submission, form):
    Form.objects.update(creates="link")
    bad = make_submission(body={"ENTITIES": [{"TYPE": "LEAD", "ID": 900001}]})
    good = make_submission(body={"ENTITIES": [{"TYPE": "LEAD", "ID": 1}]})
    drained(bad)
    good.refresh_from_db()
    assert (bad.state, good.state) == ("failed", "delivered")


def test_after_three_days_it_is_given_up(make_submission, sandbox):
    sandbox.faults.add("error", method="batch", code="CONNECTION_ERROR", status=401)
    row = make_submission(trying_since=timezone.now() - timedelta(days=3, minutes=1))
    drained(row)
    assert row.state == "failed"


def test_a_row_that_brings_out_a_fault_of_ours_does_not_stop_the_others(make_submission, monkeypatch, caplog):
    bad, good = make_submission(body={"TRACE": "Planted-Name"}), make_submission()
    original = trace.prepare

    def prepare(body, *rest):
        if body == bad.body:
            raise RuntimeError(body["TRACE"])
        return original(body, *rest)

    monkeypatch.setattr(trace, "prepare", prepare)
    drained(bad)
    good.refresh_from_db()
    assert (outcomes(bad), good.state) == ([("retry", "internal_error")], "delivered")
    assert "Planted-Name" not in caplog.text
