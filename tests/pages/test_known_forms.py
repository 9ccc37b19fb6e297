"""A form is remembered for a moment: what changes is seen at once here, and soon by other processes."""

import pytest
from django.db import connection

from b24app.models import Portal
from traces.intake import known_forms
from traces.intake.problems import Problem
from traces.models import Form

pytestmark = pytest.mark.django_db


@pytest.fixture
def known(form):
    """The form, after it was asked for."""
    return known_forms.find(form.key)


def is_known(form):
    try:
        known_forms.find(form.key)
    except Problem as problem:
        return problem.status != 404
    return True


def test_it_is_read_once(known, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert known_forms.find(known.key) is known


def save(form):
    form = Form.objects.get(pk=form.pk)
    form.active = False
    form.save()


@pytest.mark.parametrize(
    "change",
    [
        save,
        lambda form: Form.objects.update(active=False),
        lambda form: form.portal.forms.update(active=False),
        lambda form: Form.objects.all().delete(),
        lambda form: Portal.objects.all().delete(),
    ],
    ids=["saved", "updated", "updated by its portal", "deleted", "portal deleted"],
)
def test_what_this_process_changes_is_seen_at_once(known, change):
    change(known)
    assert not is_known(known)


def test_an_uninstalled_portal_is_seen_at_once(known):
    Portal.objects.update(state=Portal.State.UNINSTALLED)
    assert known_forms.find(known.key).portal.state == Portal.State.UNINSTALLED


def test_what_another_process_changes_is_seen_within_seconds(known, monkeypatch):
    with connection.cursor() as cursor:
        cursor.execute("UPDATE traces_form SET active = %s", [False])
    assert is_known(known)
    monkeypatch.setattr(known_forms, "FRESH_SECONDS", -1.0)  # they are over
    assert not is_known(known)


def test_what_was_read_before_a_change_is_not_remembered(form):
    def change_meanwhile(execute, *arguments):
        answer = execute(*arguments)
        known_forms.forget()
        return answer

    with connection.execute_wrapper(change_meanwhile):
        known_forms.find(form.key)
    assert known_forms._known.forms == {}


def test_an_unknown_form_is_not_remembered(db):
    for _ in range(2):
        with pytest.raises(Problem):
            known_forms.find("nothing")
    assert known_forms._known.forms == {}
