"""One portal never sees, counts or moves what belongs to another."""

import json

import pytest
from django.core.management import call_command
from django.db.models import Q

from b24app.portal import hold
from tests.fixtures.forms import make_form
from traces.delivery import drain
from traces.delivery.next import NOT_NEEDED
from traces.history import erasure
from traces.models import Submission
from traces.monitoring import metrics

pytestmark = pytest.mark.django_db


@pytest.fixture
def row(make_submission):
    """A submission of acme's."""
    return make_submission()


def test_figures_are_a_portals_own(row, other):
    assert sum(metrics.states(Q(portal=other)).values()) == 0


def test_the_command_counts_one_portal(row, other, capsys):
    call_command("submissions", "--portal", "other", "--json")
    assert json.loads(capsys.readouterr().out)["total"] == 0


def test_another_portals_form_does_not_know_the_submission(client, row, other):
    form = make_form(other)
    answer = client.get(f"/in/{form.key}/{row.pk}/", headers={"Authorization": f"Bearer {form.secret}"})
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_submission")


def test_another_forms_secret_opens_nothing(client, row, other):
    make_form(other, secret_hash="0" * 64)
    answer = client.get(f"/in/{row.form.key}/{row.pk}/", headers={"Authorization": "Bearer another"})
    assert answer.status_code == 401


def test_a_drain_sends_its_own_portals_rows_only(row, other, answers):
    assert drain.drain(other.pk) == NOT_NEEDED
    assert answers.calls == []


def test_a_drain_asks_its_own_portal_with_its_own_token(row, other, answers):
    answers.say({"result": {"result": {"c0": 7, "receipt": True}, "result_error": []}})
    drain.drain(row.portal_id)
    ((_, url, request),) = answers.calls
    assert (url, request["json"]["auth"]) == ("https://acme.example/rest/batch", "acme-access-token")


def test_holding_one_portal_holds_no_other(row, other):
    hold.hold(other, "plan")
    row.portal.refresh_from_db()
    assert row.portal.state == "active"


def test_erasing_one_portal_leaves_the_other(row, other, settings):
    settings.CLEAN_GRACE_DAYS = 0
    Submission.objects.create(portal=other, form=make_form(other), body={}, body_hash="0")
    other.state, other.clean_requested_at = "uninstalled", other.installed_at
    other.save()
    erasure.erase_requested()
    assert list(Submission.objects.all()) == [row]
