"""What visitors sent goes before the record of its delivery does; so does what one of them wants gone."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from b24app.models import PortalEvent
from traces.history import erasure, resending
from traces.models import Batch, Preferences, Submission, Unwanted

pytestmark = pytest.mark.django_db
NOW = timezone.now()
BODY = {"NAME": "Ines", "PHONE": "+33170000000"}


def received(days):
    return NOW - timedelta(days=days)


@pytest.mark.parametrize("state", ["delivered", "failed", "test"])
def test_what_a_visitor_sent_is_emptied_first_and_the_record_of_the_delivery_stays(make_submission, state):
    facts = {"trace_id": 5, "entities": [{"TYPE": "LEAD", "ID": 1}], "consent": "given", "code": "error_core"}
    texts = {
        "body": BODY,
        "terms": "abcdefgh",
        "idempotency_key": "k",
        "sender_form_name": "Ines",
        "params": {"words": "x"},
    }
    row = make_submission(state=state, due_at=None, received_at=received(31), source="direct", **facts, **texts)
    row.attempts.create(method="crm.lead.add", outcome="refused", code="error_core", params={"words": "Ines"})
    erasure.empty_old(NOW)
    row.refresh_from_db()
    assert [getattr(row, name) or None for name in texts] == [None] * len(texts)
    assert ({name: getattr(row, name) for name in facts}, row.source_text, row.emptied_at) == (facts, "direct", NOW)
    assert list(row.attempts.values_list("code", "params")) == [("error_core", {})]


@pytest.mark.parametrize(("days", "ago", "left"), [(30, 29, BODY), (3, 4, {}), (0, 999, BODY)])
def test_a_portal_chooses_how_long_it_keeps_what_visitors_sent(make_submission, acme, days, ago, left):
    Preferences.objects.create(portal=acme, fields_days=days)
    row = make_submission(state="delivered", due_at=None, received_at=received(ago), body=BODY)
    erasure.empty_old(NOW)
    row.refresh_from_db()
    assert row.body == left


@pytest.mark.parametrize("facts", [{"state": "queued"}, {"state": "sending", "due_at": None}])
def test_what_has_not_ended_is_not_emptied(make_submission, acme, facts):
    row = make_submission(received_at=received(99), body=BODY, **facts)
    erasure.empty_old(NOW)
    row.refresh_from_db()
    assert row.body == BODY


def test_a_sweep_empties_a_few_chunks_only_and_each_row_once(make_submission, monkeypatch):
    monkeypatch.setattr(erasure, "CHUNK", 2)
    monkeypatch.setattr(erasure, "CHUNKS_A_SWEEP", 2)
    for _ in range(5):
        make_submission(state="delivered", due_at=None, received_at=received(40))
    erasure.erase(NOW, thorough=True)
    assert Submission.objects.exclude(emptied_at=None).count() == 4
    erasure.erase(NOW + timedelta(minutes=1), thorough=True)
    assert Submission.objects.filter(emptied_at=NOW).count() == 4


def test_what_was_emptied_cannot_be_sent_again(make_submission, acme):
    row = make_submission(state="failed", due_at=None, received_at=received(31))
    assert resending.may(row, NOW)
    erasure.empty_old(NOW)
    row.refresh_from_db()
    assert (resending.may(row, NOW), resending.chosen(acme, [row.pk])) == (False, 0)


def test_what_waits_to_be_emptied_is_found_by_its_own_index(acme):
    rows = Submission.objects.filter(due_at=None, batch=None, emptied_at=None, state__in=erasure.ENDED)
    plan = rows.filter(portal=acme, received_at__lt=NOW).order_by("received_at").explain()
    assert "submission_personal" in plan or connection.vendor != "sqlite"


def test_old_entries_of_the_journal_go(acme):
    for days in (199, 201):
        PortalEvent.objects.create(member_id="acme", event="ONAPPUPDATE", at=received(days), digest=str(days))
    erasure.erase(NOW, thorough=True)
    assert list(PortalEvent.objects.values_list("digest", flat=True)) == ["199"]


def test_what_a_visitor_wants_gone_goes_once_it_is_settled(make_submission, acme):
    out = Batch.objects.create(portal=acme, lease_id="0" * 32, lease_until=NOW)
    row = make_submission(state="sending", due_at=None, batch=out)
    Unwanted.objects.create(submission=row)
    erasure.erase(NOW, thorough=False)
    assert Submission.objects.count() == 1
    Submission.objects.update(state="delivered", batch=None)
    erasure.erase(NOW, thorough=False)
    assert not Submission.objects.exists()
