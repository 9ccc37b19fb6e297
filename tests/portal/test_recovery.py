"""Answers that were lost and workers that died: what the portal's receipt says, and what is done without one."""

from datetime import timedelta

import pytest
from django.db.models import F
from django.utils import timezone

from b24app.api import receipts
from b24app.models import Portal
from b24app.portal import install
from tests.fixtures.forms import make_form
from traces.delivery import drain, results
from traces.models import Attempt, Batch, Submission

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("installed", "no_sentence_stored")]


@pytest.fixture(autouse=True)
def patience(wired, settings):
    """How long the portal may be at a request is as in use."""
    settings.B24_HTTP_TIMEOUT = 65.0


@pytest.fixture
def rows(make_submission):
    """Three submissions that travel together."""
    return [make_submission(body={"page_url": f"https://shop.example/{number}"}) for number in range(3)]


def let_pass(seconds):
    """What was to happen in so many seconds is due now."""
    ago = timedelta(seconds=seconds)
    Batch.objects.update(lease_until=F("lease_until") - ago, sent_at=F("sent_at") - ago)
    Submission.objects.exclude(state="delivered").update(due_at=F("due_at") - ago)
    Portal.objects.update(paused_until=None)


def drain_for(seconds, portal_id, step=5):
    for _ in range(0, seconds, step):
        let_pass(step)
        drain.drain(portal_id)


def states():
    return sorted(Submission.objects.values_list("state", flat=True))


def outcomes():
    return sorted(set(Attempt.objects.values_list("outcome", "code")))


@pytest.mark.parametrize("number", [1, 3])
@pytest.mark.parametrize("kind", ["close_after", "empty"])
def test_a_lost_answer_is_settled_by_the_receipt(rows, portal, sandbox, number, kind):
    Submission.objects.exclude(pk__in=[row.pk for row in rows[:number]]).delete()
    sandbox.faults.add(kind, method="batch")
    drain.drain(rows[0].portal_id)
    assert states() == ["sending"] * number
    drain_for(70, rows[0].portal_id)
    assert states() == ["delivered"] * number
    assert len(portal.traces) == number


def test_what_is_settled_by_a_receipt_has_its_own_number(rows, portal, sandbox):
    sandbox.faults.add("close_after", method="batch")
    drain.drain(rows[0].portal_id)
    drain_for(5, rows[0].portal_id)
    assert [row.trace_id for row in Submission.objects.order_by("received_at")] == [one.id for one in portal.traces]
    assert outcomes() == [("delivered", "receipt")]


def test_a_receipt_is_found_though_another_administrator_came(rows, portal, sandbox):
    sandbox.faults.add("close_after", method="batch")
    drain.drain(rows[0].portal_id)
    install.open_frame(install.claim_of_frame(*portal.frame_post(user_id=2)))
    drain_for(10, rows[0].portal_id)
    assert (states(), len(portal.traces), outcomes()) == (["delivered"] * 3, 3, [("delivered", "receipt")])


def test_one_that_failed_in_a_lost_batch_is_sent_again_and_then_fails_with_its_reason(rows, portal, sandbox):
    Submission.objects.filter(pk=rows[1].pk).update(body={"ENTITIES": [{"TYPE": "LEAD", "ID": 900001}]})
    rows[1].form.creates = "link"
    rows[1].form.save()
    Submission.objects.exclude(pk=rows[1].pk).update(body={"ENTITIES": [{"TYPE": "LEAD", "ID": 1}]})
    sandbox.faults.add("close_after", method="batch")
    drain.drain(rows[0].portal_id)
    drain_for(60, rows[0].portal_id)
    assert (states(), len(portal.traces)) == (["delivered", "delivered", "failed"], 2)
    rows[1].refresh_from_db()
    assert "no access" in rows[1].params["words"]


def test_a_connection_that_broke_before_the_work_is_found_out_after_the_portals_time(rows, portal, sandbox):
    sandbox.faults.add("close_before", method="batch")
    drain.drain(rows[0].portal_id)
    drain_for(55, rows[0].portal_id)
    assert (states(), outcomes()) == (["sending"] * 3, [])
    drain_for(60, rows[0].portal_id)
    assert (states(), len(portal.traces)) == (["delivered"] * 3, 3)
    assert ("unknown", "connection_lost") in outcomes()


def test_an_unknown_outcome_is_told_in_the_log(rows, sandbox, caplog):
    sandbox.faults.add("close_before", method="batch")
    drain.drain(rows[0].portal_id)
    drain_for(70, rows[0].portal_id)
    assert "may have been sent twice" in caplog.text
    assert str(rows[2].pk) in caplog.text


def test_a_batch_that_the_portal_cut_off_is_not_taken_as_not_run(rows, portal, sandbox):
    sandbox.faults.add("partial_batch", method="batch", commands=2)
    drain.drain(rows[0].portal_id)
    assert len(portal.traces) == 1
    drain_for(150, rows[0].portal_id)
    assert (states(), len(portal.traces)) == (["delivered"] * 3, 4)
    assert Attempt.objects.filter(outcome="unknown").count() == 3


def test_what_came_back_unknown_travels_alone(rows, portal, sandbox):
    sandbox.faults.add("close_before", method="batch")
    drain.drain(rows[0].portal_id)
    drain_for(100, rows[0].portal_id)
    assert [hit.commands for hit in portal.hits if (hit.method, hit.status) == ("batch", 200)] == [2, 2, 2]


def test_a_receipt_that_cannot_be_read_now_is_read_later(rows, portal, sandbox):
    sandbox.faults.add("close_after", method="batch")
    sandbox.faults.add("html_502", times=3, method="user.option.get")
    drain.drain(rows[0].portal_id)
    drain_for(60, rows[0].portal_id)
    assert (states(), len(portal.traces)) == (["delivered"] * 3, 3)


def test_a_receipt_survives_that_the_portal_is_held_meanwhile(rows, portal, sandbox):
    sandbox.faults.add("close_after", method="batch")
    drain.drain(rows[0].portal_id)
    portal.payment_ended = True
    drain_for(20, rows[0].portal_id)
    assert Portal.objects.get().state == "held"
    portal.payment_ended = False
    Portal.objects.update(probe_at=timezone.now())
    let_pass(6 * 3600)
    drain.drain(rows[0].portal_id)
    assert (states(), len(portal.traces)) == (["delivered"] * 3, 3)


def test_a_worker_that_died_before_writing_is_made_good_by_the_receipt(rows, portal, monkeypatch):
    with monkeypatch.context() as dying:
        dying.setattr(results, "save", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            drain.drain(rows[0].portal_id)
    drain_for(20, rows[0].portal_id)
    assert (states(), len(portal.traces), outcomes()) == (["delivered"] * 3, 3, [("delivered", "receipt")])


def test_without_receipts_the_worker_that_died_is_told(rows, portal, installed, monkeypatch):
    Portal.objects.update(receipt_option_sets=0)
    with monkeypatch.context() as dying:
        dying.setattr(results, "save", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            drain.drain(installed.pk)
    drain_for(60, installed.pk)
    assert (states(), len(portal.traces)) == (["delivered"] * 3, 6)
    assert ("unknown", "worker_lost") in outcomes()


def test_a_frozen_worker_writes_nothing_over_anothers_result(rows, portal, monkeypatch):
    original = results.save

    def thaw(batch, *rest):
        Batch.objects.filter(pk=batch.pk).update(lease_id="0" * 32)
        return original(batch, *rest)

    monkeypatch.setattr(results, "save", thaw)
    let_pass(1)
    drain.drain(rows[0].portal_id)
    assert (states(), Attempt.objects.count(), Batch.objects.count()) == (["sending"] * 3, 0, 1)


def test_a_store_that_may_not_be_written_is_used_no_more(rows, portal, installed, monkeypatch):
    monkeypatch.setattr(receipts, "OPTION_SETS", ("no.such.option", "app.option"))
    drain.drain(installed.pk)
    installed.refresh_from_db()
    assert (states(), installed.receipt_option_sets) == (["delivered"] * 3, 0)


def test_opening_the_application_tries_the_stores_again(portal, installed):
    Portal.objects.update(receipt_option_sets=0)
    install.open_frame(install.claim_of_frame(*portal.frame_post()))
    installed.refresh_from_db()
    assert installed.receipt_option_sets == 2


def test_a_portal_by_webhook_gets_its_rows_without_receipts(wired, portal, make_submission):
    row = Portal.objects.create(member_id="webhook-1", domain=portal.domain, webhook_url=portal.webhook_url)
    form, before = make_form(row), len(portal.hits)
    for _ in range(3):
        make_submission(form=form)
    drain.drain(row.pk)
    assert (states(), [hit.commands for hit in portal.hits[before:]]) == (["delivered"] * 3, [3])


def test_a_batch_of_an_erased_portal_goes_with_it(rows, installed, sandbox):
    sandbox.faults.add("close_after", method="batch")
    drain.drain(installed.pk)
    installed.delete()
    assert not Batch.objects.exists()
