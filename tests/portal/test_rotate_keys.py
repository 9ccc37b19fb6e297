"""The encryption key is changed, and no portal is lost by it."""

from datetime import timedelta

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from b24app.models import Portal, PortalUser
from b24app.portal import install
from tests.fixtures.delivery import drained
from tests.fixtures.forms import make_form
from traces.history import rotation
from traces.models import Submission

OLD, NEW, LOST = (Fernet.generate_key().decode() for _ in range(3))
pytestmark = pytest.mark.django_db


def stored():
    """Every encrypted column as it stands in the database."""
    columns = [("portal", "application_token"), ("portal", "webhook_url")]
    columns += [("portaluser", "access_token"), ("portaluser", "refresh_token")]
    texts = []
    with connection.cursor() as cursor:
        for table, column in columns:
            cursor.execute(f"SELECT {column} FROM b24app_{table} ORDER BY id")
            texts += [row[0] for row in cursor.fetchall()]
    return texts


@pytest.fixture
def old(settings, wired, portal):
    """A portal that was installed, and one connected by webhook, when the old key was the only one."""
    settings.FIELD_ENCRYPTION_KEYS = [OLD]
    row = install.open_frame(install.claim_of_frame(*portal.frame_post())).portal
    Portal.objects.create(member_id="webhook-1", domain="hooked.example", webhook_url=portal.webhook_url)
    return row


def test_p2_after_a_rotation_the_old_key_can_go(old, settings, portal, make_submission):
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    call_command("rotate_keys")
    settings.FIELD_ENCRYPTION_KEYS = [NEW]
    row = make_submission(form=make_form(Portal.objects.get(pk=old.pk)))
    drained(row)
    assert row.state == "delivered"
    assert Portal.objects.get(pk=old.pk).application_token == portal.application_token
    assert Portal.objects.get(member_id="webhook-1").webhook_url == portal.webhook_url


def test_it_may_be_run_again_and_leaves_alone_what_is_done(old, settings, capsys, monkeypatch):
    monkeypatch.setattr(rotation, "CHUNK", 1)
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    call_command("rotate_keys")
    before = stored()
    call_command("rotate_keys")
    assert stored() == before
    assert "b24app.portal: 2 of 2" in capsys.readouterr().out


def test_a_pair_that_is_renewed_meanwhile_is_not_overwritten(old, settings, monkeypatch):
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    rotated = rotation._rotated

    def renewed_after_it_was_read(row, names, progress):
        monkeypatch.setattr(rotation, "_rotated", rotated)
        PortalUser.objects.update(access_token="renewed")
        return rotated(row, names, progress)

    monkeypatch.setattr(rotation, "_rotated", renewed_after_it_was_read)
    list(rotation.rotate(PortalUser))
    settings.FIELD_ENCRYPTION_KEYS = [NEW]
    assert PortalUser.objects.get().access_token == "renewed"


def test_what_no_key_reads_is_told_and_kept(old, settings):
    before = stored()
    settings.FIELD_ENCRYPTION_KEYS = [NEW]
    with pytest.raises(CommandError, match="4 values cannot be read"):
        call_command("rotate_keys")
    assert stored() == before


def test_a_portal_whose_key_is_gone_is_held_alone(old, settings, make_submission, admin_client):
    settings.FIELD_ENCRYPTION_KEYS = [NEW]
    row = make_submission(form=make_form(old))
    drained(row)
    assert (Portal.objects.get(pk=old.pk).hold_code, row.state) == ("key_missing", "queued")
    assert admin_client.get("/admin/b24app/portal/").status_code == 200
    assert admin_client.get(f"/admin/b24app/portal/{old.pk}/change/").status_code == 200


def test_a_webhooks_portal_too(old, settings, make_submission):
    settings.FIELD_ENCRYPTION_KEYS = [NEW]
    row = make_submission(form=make_form(Portal.objects.get(member_id="webhook-1")))
    drained(row)
    assert Portal.objects.get(member_id="webhook-1").hold_code == "key_missing"


def test_opening_the_application_gives_the_permission_anew(old, settings, portal, make_submission):
    settings.FIELD_ENCRYPTION_KEYS = [NEW]
    row = make_submission(form=make_form(old))
    drained(row)
    install.open_frame(install.claim_of_frame(*portal.frame_post()))
    drained(row)
    assert row.state == "delivered"


@pytest.fixture
def waiting(old, make_submission):
    """A submission of the old key that has been tried for as long as one is."""
    row = make_submission(form=make_form(old), body={"NAME": "Ines"})
    Submission.objects.filter(pk=row.pk).update(trying_since=timezone.now() - timedelta(days=4))
    return row


def test_without_any_key_submissions_wait_for_it_and_use_up_no_time(old, settings, waiting):
    settings.FIELD_ENCRYPTION_KEYS = [NEW]
    drained(waiting)
    assert (Portal.objects.get(pk=old.pk).hold_code, waiting.state, waiting.tries) == ("key_missing", "queued", 0)
    settings.FIELD_ENCRYPTION_KEYS = [OLD]
    Portal.objects.filter(pk=old.pk).update(probe_at=timezone.now())
    drained(waiting)
    assert (Portal.objects.get(pk=old.pk).state, waiting.state) == ("active", "delivered")


def test_a_submission_that_no_key_reads_does_not_hold_its_portal(old, settings, waiting, portal):
    settings.FIELD_ENCRYPTION_KEYS = [NEW]
    install.open_frame(install.claim_of_frame(*portal.frame_post()))
    drained(waiting)
    assert (Portal.objects.get(pk=old.pk).state, waiting.state, waiting.code) == (
        "active",
        "failed",
        "submission_unreadable",
    )
