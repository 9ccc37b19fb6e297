"""Taking a submission: what is stored, what is repaired, and what is refused before anything is written."""

from datetime import timedelta

import pytest
from django.db import Error as DatabaseError
from django.utils import timezone

from tests.fixtures.forms import make_form
from traces.intake import accept
from traces.intake.problems import Problem
from traces.intake.senders import Posted
from traces.models import Form, Submission

pytestmark = pytest.mark.django_db
# A failed insert ends a test's own transaction, and SQLite looks at foreign keys only when it commits.
really_commits = pytest.mark.django_db(transaction=True)


def submit(form, fields, *, key="", trusted=False, **facts):
    return accept.accept(form, Posted(sender="", body=fields, **facts), key=key, trusted=trusted)


def refusal(form, fields, **how):
    with pytest.raises(Problem) as caught:
        submit(form, fields, **how)
    assert not Submission.objects.exists()
    return caught.value.status, caught.value.code


def test_a_submission_belongs_to_its_forms_portal(form, other):
    assert submit(form, {"NAME": "Ines"}).submission.portal == form.portal
    assert not other.submissions.exists()


@pytest.mark.parametrize("key", ["k" * (accept.MAX_KEY_LENGTH + 1), "two\nlines", "a\0b"])
def test_a_key_that_cannot_be_stored_is_refused(form, key):
    assert refusal(form, {}, key=key) == (400, "bad_idempotency_key")


def test_the_longest_key_is_taken(form):
    assert submit(form, {}, key="k" * accept.MAX_KEY_LENGTH).created


def test_a_key_counts_for_its_own_form_only(form, other):
    submit(form, {"a": 1}, key="k")
    assert submit(make_form(other), {"a": 2}, key="k").created


@really_commits
def test_a_repetition_tells_how_the_first_one_goes(form):
    first = submit(form, {}, key="k").submission
    Submission.objects.update(state="delivered")
    again = submit(form, {}, key="k")
    assert (again.created, again.submission.pk, again.submission.state) == (False, first.pk, "delivered")


@really_commits
def test_a_submission_without_a_key_is_never_taken_for_another_one(form):
    submit(form, {"NAME": "Ines"})
    Form.objects.filter(pk=form.pk).delete()
    make_form(form.portal)
    with pytest.raises(DatabaseError):
        submit(form, {"NAME": "Olaf"})


@really_commits
def test_a_form_that_is_deleted_meanwhile_takes_nothing(form):
    Form.objects.filter(pk=form.pk).delete()
    with pytest.raises(DatabaseError):
        submit(form, {}, key="k")
    assert not Submission.objects.exists()


@pytest.mark.parametrize("entry", ["ENTITIES", "entities"])
def test_only_the_documented_name_names_records(form, entry):
    fields = {entry: [{"TYPE": "LEAD", "ID": 1}]}
    if entry == "ENTITIES":
        assert refusal(form, fields) == (403, "secret_required")
    else:
        assert submit(form, fields).created


PERSON = {"name": "Ines", "phone": "+33170000000"}


def earlier(submission, minutes):
    """The submission came so many minutes ago; its key is that of its own time."""
    submission.received_at = timezone.now() - timedelta(minutes=minutes)
    submission.idempotency_key = accept._keys_of_repeat(submission, 10)[0]
    submission.save()


@really_commits
def test_the_same_body_of_the_same_person_is_one_submission(form):
    first = submit(form, PERSON).submission
    again = submit(form, PERSON)
    assert (again.created, again.submission.pk) == (False, first.pk)


@really_commits
@pytest.mark.parametrize(("minutes", "created"), [(9, False), (11, True)])
def test_it_is_one_for_ten_minutes(form, minutes, created):
    earlier(submit(form, PERSON).submission, minutes)
    assert submit(form, PERSON).created is created


@really_commits
@pytest.mark.parametrize("body", [{"message": "Hello"}, {"budget": "5"}])
def test_a_body_that_names_nobody_is_always_a_submission_of_its_own(form, body):
    submit(form, body)
    assert submit(form, body).created


@really_commits
def test_a_form_may_leave_repeats_apart(form):
    form.join_repeats_minutes = 0
    submit(form, PERSON)
    assert submit(form, PERSON).created


@really_commits
def test_a_senders_delivery_that_comes_twice_is_one_submission(form):
    form.join_repeats_minutes = 0
    submit(form, PERSON, delivery_id="17")
    assert not submit(form, PERSON, delivery_id="17").created


@really_commits
def test_a_delivery_id_that_comes_with_another_body_loses_nothing(form):
    submit(form, PERSON, delivery_id="17")
    assert submit(form, {**PERSON, "message": "More"}, delivery_id="17").created


def test_a_probe_is_kept_and_never_sent(form):
    probe = submit(form, {"test": "test"}, is_probe=True).submission
    assert (probe.state, probe.due_at) == ("test", None)
