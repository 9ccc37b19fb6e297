"""Delivery against the sandbox: hits, turns, and what each error does to the row and to the portal."""

from contextlib import nullcontext
from datetime import timedelta

import pytest
from django.db import DatabaseError
from django.utils import timezone

from b24app.models import Portal
from b24app.pace import limits, wakeups
from b24app.portal import event_bindings, events, install
from tests.pages.test_events import event_body
from tests.sandbox.events import WITH_TOKENS
from traces import tasks
from traces.compose import trace
from traces.delivery import claims, drain, wake
from traces.delivery.next import AT_ONCE, NOT_NEEDED, Next
from traces.delivery.turn import Turn
from traces.history import erasure
from traces.models import Attempt, Batch, Form, Submission
from traces.setup import rulebook

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_sentence_stored")]


@pytest.fixture
def form(installed):
    return Form.objects.create(portal=installed, name="Shop", secret_hash="0" * 64)


@pytest.fixture
def make(form):
    def make(**facts):
        facts = {"body": {"TRACE": '{"url":"https://shop.example/"}'}, "body_hash": "0" * 64, **facts}
        return Submission.objects.create(portal=form.portal, form=form, **facts)

    return make


def drained(row):
    following = drain.drain(row.portal_id)
    row.refresh_from_db()
    return following


def outcomes(row):
    return list(row.attempts.values_list("outcome", "code"))


def make_due(row, **facts):
    Submission.objects.filter(pk=row.pk).update(due_at=timezone.now() - timedelta(seconds=1), **facts)


def test_a_submission_is_delivered_with_its_trace_id(make, portal):
    row = make()
    assert drained(row) == NOT_NEEDED
    assert (row.state, row.trace_id, row.batch) == ("delivered", 1, None)
    assert portal.traces[0].channels == [["site-domain", "shop.example"]]
    assert outcomes(row) == [("delivered", "")]


def test_an_attempt_tells_its_method_and_duration(make, portal):
    portal.command_seconds = 0.02
    row = make()
    drained(row)
    attempt = row.attempts.get()
    assert attempt.method == "crm.tracking.trace.add"
    assert 20 <= attempt.milliseconds < 3000


def test_a_link_names_its_records(make, form, portal):
    Form.objects.update(creates="link")
    row = make(body={"TRACE": "{}", "ENTITIES": [{"TYPE": "LEAD", "ID": "1"}]})
    drained(row)
    assert portal.traces[0].entities == [[1, 1]]
    assert row.entities == [{"TYPE": "LEAD", "ID": 1}]


def test_a_method_whose_time_is_used_up_is_left_to_the_sweep(make, installed, redis, portal):
    limits.note_blocked(installed, "crm.tracking.trace.add")
    assert drained(make()) == NOT_NEEDED
    assert [hit for hit in portal.hits if hit.method == "batch"] == []


def test_the_oldest_goes_first(make, portal):
    now = timezone.now()
    rows = [
        make(body={"page_url": f"https://{n}.example/"}, received_at=now - timedelta(n), due_at=now - timedelta(n))
        for n in range(3)
    ]
    drain.drain(rows[0].portal_id)
    assert [trace.channels[0][1] for trace in portal.traces] == ["2.example", "1.example", "0.example"]


ODD = [
    "$result[c0]",
    "a $RESULT[mark] b",
    "$error[c1][error]x",
    "$total[a]",
    "$Next[b] ",
    "$time[receipt]",
    "$result[]",
]


@pytest.mark.parametrize("backlog", [0, 3])
@pytest.mark.parametrize("text", ODD)
def test_what_looks_like_a_reference_arrives_as_it_was_posted(make, form, portal, text, backlog):
    trace = {
        "url": f"https://shop.example/?q={text}",
        "tags": {"list": {"utm_source": text, "utm_campaign": text}},
        "pages": {"list": [[f"https://shop.example/{text}", 1790000000, text]]},
    }
    fields = dict.fromkeys(("NAME", "PHONE", "EMAIL", "COMMENTS", "source", "utm_term", text), text)
    for number in range(backlog):
        make(body={"page_url": f"https://other.example/{number}"})
    row = make(body={"TRACE": trace, "utm_content": text, **fields})
    drained(row)
    stored = next(one for one in portal.traces if one.id == row.trace_id)
    wanted = {"UTM_SOURCE": text, "UTM_CAMPAIGN": text}
    assert {name: stored.tags[name] for name in wanted} == wanted
    assert [(page["URL"], page["TITLE"]) for page in stored.pages][:1] == [(f"https://shop.example/{text}", text)]


def test_what_cannot_travel_in_a_batch_goes_by_itself(make, portal, monkeypatch):
    Form.objects.update(creates="lead")
    rows = [make(body={"NAME": name}) for name in ["a", "$Error[x]", "b"]]
    drained(rows[0])
    assert [(hit.method, hit.commands) for hit in portal.hits[-2:]] == [("batch", 4), ("crm.lead.add", 0)]
    assert Submission.objects.filter(state="delivered").count() == 3


def test_an_error_that_nobody_knows_is_logged(make, sandbox, caplog):
    sandbox.faults.add("error", method="batch", code="SOMETHING_NEW")
    drained(make())
    assert "something_new is not a known one" in caplog.text


def test_no_row_is_in_two_batches(make):
    row = make()
    (claimed,) = claims.claim(row.portal, timezone.now(), 10)
    assert claims.claim(row.portal, timezone.now(), 10) == []
    (prepared,) = claims.prepare([claimed], rulebook.load(row.portal_id), 10)
    assert prepared.rows == [row]


def test_what_is_released_is_due_again(make):
    rows = [make(), make()]
    claimed = claims.claim(rows[0].portal, timezone.now(), 10)
    (prepared,) = claims.prepare(claimed, rulebook.load(rows[0].portal_id), 10)
    prepared = claims.release_all_but(prepared, prepared.items[:1])
    assert (prepared.rows, list(claims.due(timezone.now()))) == ([rows[0]], [rows[1]])


@pytest.mark.parametrize(
    ("fault", "outcome", "tries"),
    [
        ({"kind": "throttle"}, ("waited", "query_limit_exceeded"), 0),
        ({"kind": "redirect", "url": "https://elsewhere.example/"}, ("held", "moved"), 0),
        ({"kind": "error", "code": "CONNECTION_ERROR", "status": 401}, ("retry", "connection_error"), 1),
        ({"kind": "error", "code": "SOMETHING_NEW"}, ("retry", "something_new"), 1),
    ],
)
def test_what_passes_is_tried_again_later(make, sandbox, fault, outcome, tries):
    sandbox.faults.add(**fault, method="batch")
    row = make()
    drained(row)
    assert (row.state, row.tries, outcomes(row)) == ("queued", tries, [outcome])


@pytest.mark.parametrize("kind", ["throttle", "expired_token"])
def test_it_is_delivered_when_the_fault_is_over(make, sandbox, kind):
    sandbox.faults.add(kind, method="batch")
    row = make()
    drained(row)
    Portal.objects.update(paused_until=None)
    make_due(row)
    drained(row)
    assert row.state == "delivered"


def test_throttling_pauses_the_whole_portal(make, sandbox, portal):
    sandbox.faults.add("throttle", method="batch")
    rows = [make() for _ in range(3)]
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
def test_a_stop_holds_the_portal_and_loses_nothing(make, sandbox, installed, code, status, held):
    sandbox.faults.add("error", method="batch", code=code, status=status)
    rows = [make(), make()]
    assert drained(rows[0]) == NOT_NEEDED
    installed.refresh_from_db()
    assert (installed.state, installed.hold_code) == ("held", held)
    assert set(Submission.objects.values_list("state", "tries")) == {("queued", 0)}


def test_a_held_portal_is_left_alone_until_its_probe(make, installed, portal):
    Portal.objects.update(state="held", hold_code="plan", probe_at=timezone.now() + timedelta(hours=1))
    before = len(portal.hits)
    drained(make())
    assert len(portal.hits) == before


def test_a_probe_that_succeeds_resumes_the_queue(make, installed):
    rows = [make(), make()]
    Portal.objects.update(state="held", hold_code="plan", probe_at=timezone.now())
    assert drain.due_portals(timezone.now()) == [installed.pk]
    drained(rows[0])
    installed.refresh_from_db()
    assert installed.state == "active"
    assert Submission.objects.filter(state="delivered").count() == 2


def test_a_probe_that_fails_sends_one_row_only(make, sandbox, installed, portal):
    for _ in range(3):
        make()
    Portal.objects.update(state="held", hold_code="plan", probe_at=timezone.now())
    sandbox.faults.add("error", times=0, method="batch", code="ACCESS_DENIED", status=401)
    drain.drain(installed.pk)
    assert Attempt.objects.count() == 1


def test_a_refusal_fails_the_row_with_the_portals_reason(make, form):
    Form.objects.update(creates="link")
    row = make(body={"ENTITIES": [{"TYPE": "LEAD", "ID": 900001}]})
    drained(row)
    assert (row.state, row.code) == ("failed", "error_core")
    assert "no access" in row.params["words"]


def test_a_refused_row_does_not_stop_the_others(make, form):
    Form.objects.update(creates="link")
    bad = make(body={"ENTITIES": [{"TYPE": "LEAD", "ID": 900001}]})
    good = make(body={"ENTITIES": [{"TYPE": "LEAD", "ID": 1}]})
    drained(bad)
    good.refresh_from_db()
    assert (bad.state, good.state) == ("failed", "delivered")


def test_after_three_days_it_is_given_up(make, sandbox):
    sandbox.faults.add("error", method="batch", code="CONNECTION_ERROR", status=401)
    row = make(trying_since=timezone.now() - timedelta(days=3, minutes=1))
    drained(row)
    assert row.state == "failed"


def test_an_uninstalled_portal_gets_nothing(make, installed, portal):
    events.receive(event_body(portal, "ONAPPUNINSTALL", {"CLEAN": "0"}))
    before = len(portal.hits)
    row = make()
    drained(row)
    assert (row.state, len(portal.hits)) == ("queued", before)


def test_a_portal_that_comes_back_gets_what_waited(make, portal):
    row = make()
    events.receive(event_body(portal, "ONAPPUNINSTALL", {"CLEAN": "0"}))
    install.open_frame(install.claim_of_frame(*portal.frame_post()))
    drained(row)
    assert row.state == "delivered"


def test_data_is_erased_where_the_administrator_asked_for_it(make, portal):
    make()
    events.receive(event_body(portal, "ONAPPUNINSTALL", {"CLEAN": "1"}))
    erasure.erase_requested()
    assert not Submission.objects.exists()
    assert not Portal.objects.exists()


def test_data_is_kept_where_the_application_came_back_in_time(make, portal):
    make()
    events.receive(event_body(portal, "ONAPPUNINSTALL", {"CLEAN": "1"}))
    install.open_frame(install.claim_of_frame(*portal.frame_post()))
    erasure.erase_requested()
    assert Submission.objects.count() == 1


def test_data_is_kept_where_nobody_asked(make, portal):
    make()
    events.receive(event_body(portal, "ONAPPUNINSTALL", {"CLEAN": "0"}))
    erasure.erase_requested()
    assert Submission.objects.count() == 1


@pytest.fixture
def sent(monkeypatch):
    """The countdowns of the wake-ups that were sent."""
    countdowns: list[float | None] = []
    monkeypatch.setattr(wake, "_publish", lambda portal_id, seconds: countdowns.append(seconds))
    return countdowns


def test_a_turn_that_ended_is_followed_by_another(monkeypatch, sent):
    monkeypatch.setattr(drain, "drain", lambda _: AT_ONCE)
    tasks.drain_portal(7)
    assert sent == [0.0]


def test_only_one_returns_later(monkeypatch, sent):
    monkeypatch.setattr(drain, "drain", lambda _: Next(5.0))
    answers = iter([True, False])
    monkeypatch.setattr(wakeups, "first_to_return", lambda portal_id, seconds: next(answers))
    tasks.drain_portal(7)
    tasks.drain_portal(7)
    assert sent == [5.0]


def test_a_broker_that_is_away_ends_no_task(monkeypatch, caplog):
    def fail(*args, **kwargs):
        raise ConnectionError

    monkeypatch.setattr(drain, "drain", lambda _: AT_ONCE)
    monkeypatch.setattr(wake, "_publish", fail)
    tasks.drain_portal(7)
    assert "a wake-up was not sent (ConnectionError)" in caplog.text


def test_a_failing_database_is_told_without_the_row_that_it_quotes(monkeypatch, caplog, sent):
    def fail(*_):
        raise DatabaseError("Failing row contains (Planted-Name)")

    monkeypatch.setattr(drain, "drain", fail)
    tasks.drain_portal(7)
    assert "the database failed" in caplog.text
    assert ("Planted-Name" in caplog.text, sent) == (False, [])


def test_rows_whose_worker_died_before_it_sent_them_are_due_again(make):
    row = make()
    (claimed,) = claims.claim(row.portal, timezone.now(), 10)
    Batch.objects.update(lease_until=timezone.now())
    drained(row)
    assert (row.state, outcomes(row)) == ("delivered", [("delivered", "")])
    assert claims.prepare([claimed], rulebook.load(row.portal_id), 10) == []


def test_without_a_free_lane_nothing_is_done(make, monkeypatch):
    monkeypatch.setattr(wakeups, "lane", lambda *_: nullcontext(0))
    row = make()
    assert drained(row) == NOT_NEEDED
    assert row.state == "queued"


def test_a_row_stored_at_the_last_moment_is_seen(make, monkeypatch):
    row = make()
    monkeypatch.setattr(Turn, "run", lambda _: NOT_NEEDED)
    assert drained(row) == AT_ONCE


def test_a_row_that_brings_out_a_fault_of_ours_does_not_stop_the_others(make, monkeypatch, caplog):
    bad, good = make(body={"TRACE": "Planted-Name"}), make()
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


def test_the_sweep_wakes_each_portal_with_due_rows(make, installed, monkeypatch):
    make()
    woken: list[int] = []
    monkeypatch.setattr(wake, "wake", woken.append)
    tasks.sweep()
    assert woken == [installed.pk]


def test_the_product_and_the_sandbox_know_the_same_events():
    assert {"ONAPPINSTALL", "ONSUBSCRIPTIONRENEW"} <= WITH_TOKENS & set(event_bindings.EVENTS)
