"""People who are responsible in turns: against the sandbox, with several workers, and after a lost answer."""

import threading
from collections import Counter
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from tests.fixtures.delivery import drained, finish
from tests.fixtures.forms import make_form
from traces.delivery import claims
from traces.models import Batch, Form
from traces.setup import rulebook

TURNS = [{"field": "any", "people": [7, 9]}]
BODY = {"name": "Ines Moreau"}


@pytest.fixture
def in_turns(installed):
    """A form whose leads two people have in turns."""
    return make_form(installed, creates="lead", choices=TURNS)


@pytest.fixture
def receive(make_submission, in_turns):
    """Store so many submissions of it, one a second."""

    def receive(number):
        began = timezone.now() - timedelta(seconds=number)
        return [
            make_submission(form=in_turns, body=BODY, received_at=began + timedelta(seconds=n), due_at=began)
            for n in range(number)
        ]

    return receive


def people(rows):
    return [row.progress["responsible"] for row in rows]


@pytest.mark.django_db
def test_the_next_one_is_the_next_persons(receive, portal, in_turns):
    rows = receive(3)
    for row in rows:
        drained(row)
        row.refresh_from_db()
    assert people(rows) == [7, 9, 7]
    leads = [portal.entities["LEAD", row.progress["lead"]] for row in rows]
    assert [int(lead["ASSIGNED_BY_ID"]) for lead in leads] == [7, 9, 7]
    in_turns.refresh_from_db()
    assert in_turns.rota == {"7,9": 3}


@pytest.mark.django_db
def test_whatever_is_tried_again_has_the_same_person(receive, sandbox, in_turns):
    (row,) = receive(1)
    sandbox.faults.add("error", code="INTERNAL_SERVER_ERROR", status=500, times=1)
    finish(row)
    assert row.attempts.count() > 1
    in_turns.refresh_from_db()
    assert (row.state, people([row]), in_turns.rota) == ("delivered", [7], {"7,9": 1})


@pytest.mark.django_db
def test_one_person_alone_has_no_turns(receive, in_turns):
    Form.objects.update(choices=[{"field": "any", "people": [7]}])
    (row,) = receive(1)
    drained(row)
    in_turns.refresh_from_db()
    assert (row.state, in_turns.rota, "responsible" in row.progress) == ("delivered", {}, False)


@pytest.mark.django_db
def test_a_worker_whose_claim_ran_out_uses_up_no_turn(receive, in_turns):
    (row,) = receive(1)
    claimed = claims.claim(row.portal, timezone.now(), 10)
    Batch.objects.all().delete()
    row.__class__.objects.update(batch=None)
    assert claims.prepare(claimed, rulebook.load(row.portal_id), 10) == []
    in_turns.refresh_from_db()
    assert in_turns.rota == {}


@pytest.mark.django_db(transaction=True)
def test_several_workers_give_each_turn_once(receive, in_turns):
    rows = receive(12)
    claimed = claims.claim(rows[0].portal, timezone.now(), 3, 4)
    together = threading.Barrier(len(claimed))

    def work(batch):
        rules = rulebook.load(rows[0].portal_id)
        together.wait()
        claims.prepare([batch], rules, 10)
        connection.close()

    workers = [threading.Thread(target=work, args=[batch]) for batch in claimed]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    for row in rows:
        row.refresh_from_db()
    in_turns.refresh_from_db()
    assert Counter(people(rows)) == {7: 6, 9: 6}
    assert in_turns.rota == {"7,9": 12}
