"""An existing installation takes the new version: nothing that it has stored is lost, and what waited is delivered."""

import uuid
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from b24app.models import Portal
from tests.fixtures.soak import SOAK
from traces.delivery import drain
from traces.models import Batch, Preferences, Submission

pytestmark = pytest.mark.django_db(transaction=True)
FORMER = [("b24app", "0002_pacing"), ("traces", "0007_embedded_application")]
ADD = "crm.tracking.trace.add"
REFUSAL = "TRACE: the portal's own words."


def migrate(targets=None):
    """Bring the database to these migrations, or to the newest ones, and give its models."""
    executor = MigrationExecutor(connection)
    targets = targets or executor.loader.graph.leaf_nodes()
    executor.migrate(targets)
    return MigrationExecutor(connection).loader.project_state(targets).apps


@pytest.fixture
def former(executor):
    """The models of the former release, and its tables."""
    return migrate(FORMER)


@pytest.fixture
def old_portal(former, wired, portal):
    """A portal with its administrator, as the former release has stored them."""
    row = former.get_model("b24app", "Portal").objects.create(
        member_id=portal.member_id,
        domain=portal.domain,
        client_endpoint=portal.rest_url,
        oauth_host=wired.oauth_url,
        application_token=portal.application_token,
        plan="enterprise",
    )
    tokens = portal.issue_tokens(1)
    tokens = {name: tokens[name] for name in ("access_token", "refresh_token")}
    former.get_model("b24app", "PortalUser").objects.create(portal=row, user_id=1, **tokens)
    return row


@pytest.fixture
def old_rows(former, old_portal, portal):
    """The ids of submissions in each state, by what became of them."""
    now = timezone.now()
    form = former.get_model("traces", "Form").objects.create(portal=old_portal, name="Shop", most_per_minute=4321)
    rule = {"position": 1, "match": "source", "value": "Fair", "utm_source": "google"}
    former.get_model("traces", "SourceRule").objects.create(portal=old_portal, **rule)
    ids = {}

    def store(name, attempts=(), **facts):
        body = {"page_url": f"https://shop.example/{name}", "source": "Fair"}
        facts = {"body": body, "body_hash": "0" * 64, "received_at": now - timedelta(minutes=5), **facts}
        row = former.get_model("traces", "Submission").objects.create(portal=old_portal, form=form, **facts)
        ids[name] = row.pk
        for outcome, code, reason in attempts:
            row.attempts.create(method=ADD, outcome=outcome, code=code, reason=reason)

    def store_in_batch(name, **facts):
        batch = former.get_model("traces", "Batch")(portal=old_portal, holder=uuid.uuid4(), look_at=now, **facts)
        batch.save()
        store(name, batch=batch, state="sending", due_at=None)
        batch.commands = [[str(ids[name]), "trace", ADD]]
        batch.save()
        return batch

    retried = [("retry", "html", "The portal answered with a page instead of data."), ("waited", "", "")]
    store("waiting", retried, code="html", reason=retried[0][2], tries=1, due_at=now)
    store_in_batch("claimed")
    sent = store_in_batch("sent", sent_at=now - timedelta(minutes=1), store=0)
    portal.user_options[1] = {"trace_relay_receipt_0": f"{sent.pk} done 701"}
    lost = store_in_batch("lost", sent_at=now - timedelta(minutes=1), store=1, code="timeout")
    portal.app_options = {"trace_relay_receipt_0": f"{lost.pk} done 702"}
    refused = [("refused", "error_core", REFUSAL)]
    store("refused", refused, state="failed", code="error_core", reason=REFUSAL, due_at=None)
    store("done", [("delivered", "", "")], state="delivered", trace_id=700, delivered_at=now, due_at=None)
    return ids


def states(rows):
    return {name: Submission.objects.get(pk=pk).state for name, pk in rows.items()}


def test_what_waited_is_delivered_and_what_was_sent_is_not_sent_again(old_rows, portal):
    migrate()
    for _ in range(2 * len(old_rows)):
        drain.drain(Portal.objects.get().pk)
    assert states(old_rows) == {**dict.fromkeys(old_rows, "delivered"), "refused": "failed"}
    assert {trace.channels[0][1] for trace in portal.traces} == {"shop.example"}
    assert [trace.source_id for trace in portal.traces] == [1, 1]
    assert [Submission.objects.get(pk=old_rows[name]).trace_id for name in ("sent", "lost", "done")] == [701, 702, 700]
    assert not Batch.objects.exists()


def test_what_was_told_can_still_be_read(old_rows, capsys):
    migrate()
    call_command("explain_submission", str(old_rows["refused"]))
    assert REFUSAL in capsys.readouterr().out
    history = Submission.objects.get(pk=old_rows["waiting"]).attempts
    assert list(history.values_list("outcome", "code")) == [("retry", "html"), ("waited", "")]


def test_what_the_administrator_has_chosen_is_kept(old_rows):
    newest = migrate()
    assert "enterprise" in newest.get_model("b24app", "Portal").objects.values_list().get()
    assert 4321 in newest.get_model("traces", "Form").objects.values_list().get()
    assert "google" in newest.get_model("traces", "SourceRule").objects.values_list().get()


@SOAK
def test_an_update_can_be_taken_back(former, old_portal):
    newest = migrate()
    assert newest.get_model("b24app", "Portal").objects.filter(member_id=old_portal.member_id).exists()
    assert migrate(FORMER).get_model("b24app", "Portal").objects.get().plan == "enterprise"


@pytest.mark.parametrize(("before", "after"), [("", "portal"), ("email", "email")])
def test_somebody_is_told_where_nobody_had_chosen_a_way(former, old_portal, before, after):
    former.get_model("traces", "Preferences").objects.create(portal=old_portal, notify=before)
    migrate()
    chosen = Preferences.objects.get()
    assert (chosen.notify, chosen.tell_of, chosen.notices_a_day) == (after, ["stopped", "refused", "silent"], 3)
