"""What an operator's monitoring asks: health, readiness and figures."""

from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from b24app.models import Portal
from tests.fixtures.forms import make_form
from traces.models import ShownState, Submission
from traces.monitoring import metrics

pytestmark = pytest.mark.django_db


@pytest.fixture
def without_database(monkeypatch):
    def away(*args, **kwargs):
        raise OperationalError("could not connect to db.internal")

    monkeypatch.setattr(connection, "cursor", away)
    yield
    monkeypatch.undo()


def waiting(seconds):
    return timezone.now() - timedelta(seconds=seconds)


def test_the_process_is_well_whatever_else_is(client, without_database):
    assert client.get("/healthz").json() == {"status": "ok"}


def test_without_redis_submissions_can_still_be_taken(client):
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok", "database": "ok", "redis": "down"})


def test_with_all_there_readiness_says_so(client, redis):
    assert client.get("/readyz").json() == {"status": "ok", "database": "ok", "redis": "ok"}


def test_without_a_database_no_submission_can_be_taken(client, without_database):
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["database"]) == (503, "down")
    assert b"db.internal" not in answer.content


def test_the_figures_count_by_state(client, make_submission):
    make_submission(), make_submission(state="failed")
    lines = client.get("/metrics").content.decode().splitlines()
    assert 'trace_relay_submissions{state="queued"} 1.0' in lines
    assert 'trace_relay_submissions{state="failed"} 1.0' in lines
    assert 'trace_relay_portals{state="active"} 1.0' in lines
    assert "trace_relay_redis_up 0.0" in lines


def test_each_state_is_counted_even_where_there_is_nothing(client, db):
    text = client.get("/metrics").content.decode()
    assert [state for state in ShownState.values if f'state="{state}"}} 0.0' not in text] == []


def test_the_figures_name_no_visitor_and_no_portal(client, make_submission):
    body = {"NAME": "Planted-Name", "TRACE": '{"url":"https://shop.example/planted"}'}
    make_submission(body=body, params={"words": "Planted-Name is refused"}, idempotency_key="planted-key")
    text = client.get("/metrics").content.decode()
    assert [word for word in ("lanted", "acme", "Shop", "token") if word in text] == []


def test_the_oldest_wait_is_told(make_submission):
    make_submission(due_at=waiting(5)), make_submission(due_at=waiting(60))
    assert 60 <= metrics.oldest_due_seconds() < 70


def test_a_row_whose_worker_died_waits_too(make_submission):
    make_submission(state="sending", due_at=waiting(60))
    assert metrics.oldest_due_seconds() >= 60


@pytest.mark.parametrize("state", ["queued", "sending"])
def test_a_row_whose_time_has_not_come_does_not_wait(make_submission, state):
    make_submission(state=state, due_at=waiting(-60))
    assert metrics.oldest_due_seconds() == 0.0


@pytest.mark.parametrize("state", ["delivered", "failed"])
def test_a_row_that_has_ended_does_not_wait(make_submission, state):
    make_submission(state=state, due_at=None)
    assert metrics.oldest_due_seconds() == 0.0


def test_a_held_portals_rows_do_not_raise_the_alarm(make_submission):
    make_submission(due_at=waiting(60))
    Portal.objects.update(state="held")
    assert metrics.oldest_due_seconds() == 0.0


def test_the_figures_cost_the_same_however_many_portals(client, acme, other, django_assert_num_queries):
    for portal in (acme, other):
        Submission.objects.create(portal=portal, form=make_form(portal), body={}, body_hash="0")
    with django_assert_num_queries(4):
        client.get("/metrics")


def test_the_submissions_are_not_counted_anew_for_every_asker(client, make_submission, django_assert_num_queries):
    make_submission()
    client.get("/metrics")
    with django_assert_num_queries(3):
        assert 'trace_relay_submissions{state="queued"} 1.0' in client.get("/metrics").text


def test_without_a_database_there_are_no_figures(client, without_database):
    answer = client.get("/metrics")
    assert (answer.status_code, b"db.internal" in answer.content) == (503, False)


def test_an_answer_that_is_missing_is_counted(client, acme):
    now = timezone.now()
    acme.batches.create(lease_id="0" * 32, sent_at=now, lease_until=now, code="timeout", state="lost")
    acme.batches.create(lease_id="0" * 32, sent_at=now, lease_until=now, state="sent")
    assert "trace_relay_answers_missing 1.0" in client.get("/metrics").content.decode()
