"""Storing what arrives at the same time: each submission has the answer that it would have alone."""

import time

import pytest
from django.db import DataError, IntegrityError, OperationalError, connection

from traces.intake import inserts
from traces.models import Submission

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def candidate(form):
    """A submission of the form that is to be stored."""

    def candidate(key=None, **facts):
        facts = {"body": {"NAME": "Ines"}, "body_hash": "0" * 64, "form": form, "portal": form.portal, **facts}
        return inserts.Candidate(Submission(idempotency_key=key, **facts))

    return candidate


def kinds(answers):
    return [type(one) if isinstance(one, Exception) else one.created for one in answers]


def test_many_are_stored_by_one_statement(candidate, django_assert_num_queries):
    with django_assert_num_queries(1):
        answers = inserts._insert_all([candidate() for _ in range(inserts.MAX_TOGETHER)])
    assert kinds(answers) == [True] * inserts.MAX_TOGETHER
    assert Submission.objects.count() == inserts.MAX_TOGETHER


def test_what_is_stored_is_what_was_given(candidate):
    given = candidate("k", repairs=["file_left_out"], sender="tilda", sender_form_name="Заявка", code="spam")
    inserts._insert_all([given])
    stored = Submission.objects.get()
    facts = [field.attname for field in Submission._meta.concrete_fields]
    assert {name: getattr(stored, name) for name in facts} == {name: getattr(given.submission, name) for name in facts}


def test_a_form_that_is_gone_costs_its_neighbours_nothing(candidate):
    answers = inserts._insert_all([candidate(), candidate(form_id=0, form=None), candidate()])
    assert kinds(answers) == [True, IntegrityError, True]
    assert Submission.objects.count() == 2


def test_content_that_is_refused_costs_its_neighbours_nothing(candidate, monkeypatch):
    run_insert = inserts._run_insert

    def refuse(rows):
        if any(row.sender == "bad" for row in rows):
            raise DataError
        return run_insert(rows)

    monkeypatch.setattr(inserts, "_run_insert", refuse)
    answers = inserts._insert_all([candidate(), candidate(sender="bad"), candidate()])
    assert kinds(answers) == [True, DataError, True]
    assert Submission.objects.count() == 2


def test_of_two_with_one_key_the_second_is_the_first(candidate):
    first, second = candidate("k"), candidate("k")
    answers = inserts._insert_all([first, second])
    assert kinds(answers) == [True, False]
    assert answers[1].stored == first.submission


def test_an_insert_whose_answer_was_lost_is_made_once(candidate, monkeypatch):
    run_insert, tries = inserts._run_insert, []

    def lose_first(rows):
        created = run_insert(rows)
        tries.append(created)
        if len(tries) == 1:
            raise OperationalError("server closed the connection unexpectedly")
        return created

    monkeypatch.setattr(inserts, "_run_insert", lose_first)
    monkeypatch.setattr(inserts, "_was_cut", lambda: True)
    answers = inserts._insert_all([candidate(), candidate("k")])
    assert (kinds(answers), [len(created) for created in tries]) == ([True, True], [2, 0])
    assert Submission.objects.count() == 2


def test_what_failed_for_another_reason_is_not_tried_again(candidate, monkeypatch):
    tries = []

    def fail(rows):
        tries.append(rows)
        raise OperationalError("disk I/O error")

    monkeypatch.setattr(inserts, "_run_insert", fail)
    assert kinds(inserts._insert_all([candidate(), candidate()])) == [OperationalError, OperationalError]
    assert len(tries) == 1


def test_a_connection_that_has_ended_is_opened_anew(candidate, monkeypatch):
    look, tries = inserts._stored_before, []

    def fail_first(candidates):
        tries.append(candidates)
        if len(tries) == 1:
            raise OperationalError("terminating connection due to administrator command")
        return look(candidates)

    monkeypatch.setattr(inserts, "_stored_before", fail_first)
    monkeypatch.setattr(inserts, "_was_cut", lambda: True)
    assert kinds(inserts._insert_all([candidate()])) == [True]


def test_what_the_visitors_wait_for_no_longer_is_not_stored(candidate, monkeypatch):
    monkeypatch.setattr(inserts.writer, "ends_at", time.monotonic() + inserts.STEP_SECONDS / 2)
    with pytest.raises(OperationalError, match="too long"):
        inserts._insert_all([candidate()])
    assert not Submission.objects.exists()


def test_the_database_has_the_time_that_the_visitors_have_left(candidate, monkeypatch):
    monkeypatch.setattr(inserts.writer, "ends_at", time.monotonic() + 3.05)
    inserts._insert_all([candidate()])
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout" if connection.vendor == "sqlite" else "SHOW statement_timeout")
        limit = str(cursor.fetchone()[0])
    connection.close()  # with its limit
    assert limit in ("3000", "3s")
