"""Which rows a worker claims, and what becomes of them when it is gone: against the sandbox."""

from contextlib import nullcontext
from datetime import timedelta

import pytest
from django.utils import timezone

from b24app.models import Portal
from b24app.pace import wakeups
from tests.fixtures.delivery import drained, outcomes
from traces.delivery import claims
from traces.delivery.next import AT_ONCE, NOT_NEEDED
from traces.delivery.turn import Turn
from traces.models import Batch
from traces.setup import rulebook

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("installed")]


def test_no_row_is_in_two_batches(make_submission):
    row = make_submission()
    (claimed,) = claims.claim(row.portal, timezone.now(), 10)
    assert claims.claim(row.portal, timezone.now(), 10) == []
    (prepared,) = claims.prepare([claimed], rulebook.load(row.portal_id), 10)
    assert prepared.rows == [row]


def test_what_is_released_is_due_again(make_submission):
    rows = [make_submission(), make_submission()]
    claimed = claims.claim(rows[0].portal, timezone.now(), 10)
    (prepared,) = claims.prepare(claimed, rulebook.load(rows[0].portal_id), 10)
    prepared = claims.release_all_but(prepared, prepared.items[:1])
    assert (prepared.rows, list(claims.due(timezone.now()))) == ([rows[0]], [rows[1]])


def test_rows_whose_worker_died_before_it_sent_them_are_due_again(make_submission):
    row = make_submission()
    (claimed,) = claims.claim(row.portal, timezone.now(), 10)
    Batch.objects.update(lease_until=timezone.now())
    drained(row)
    assert (row.state, outcomes(row)) == ("delivered", [("delivered", "")])
    assert claims.prepare([claimed], rulebook.load(row.portal_id), 10) == []


def test_without_a_free_lane_nothing_is_done(make_submission, monkeypatch):
    monkeypatch.setattr(wakeups, "lane", lambda *_: nullcontext(0))
    row = make_submission()
    assert drained(row) == NOT_NEEDED
    assert row.state == "queued"


def test_a_row_stored_at_the_last_moment_is_seen(make_submission, monkeypatch):
    row = make_submission()
    monkeypatch.setattr(Turn, "run", lambda _: NOT_NEEDED)
    assert drained(row) == AT_ONCE


def test_a_held_portal_is_left_alone_until_its_probe(make_submission, installed, portal):
    Portal.objects.update(state="held", hold_code="plan", probe_at=timezone.now() + timedelta(hours=1))
    before = len(portal.hits)
    drained(make_submission())
    assert len(portal.hits) == before
