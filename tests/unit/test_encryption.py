"""Tokens are encrypted at rest, and the keys can be rotated."""

import pytest
from cryptography.fernet import Fernet
from django.apps import apps
from django.db import connection

from b24app.host.encryption import Unreadable
from b24app.models import Portal

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()
pytestmark = pytest.mark.django_db


def raw():
    with connection.cursor() as cursor:
        cursor.execute("SELECT application_token FROM b24app_portal")
        return cursor.fetchone()[0]


def make():
    return Portal.objects.create(member_id="acme", domain="acme.example", application_token="planted-token")


def test_the_database_never_sees_a_token():
    make()
    assert "planted-token" not in raw()
    assert Portal.objects.get().application_token == "planted-token"


def test_an_empty_token_stays_empty():
    Portal.objects.create(member_id="acme", domain="acme.example")
    assert raw() == ""


def test_an_old_key_still_reads_what_a_new_one_no_longer_writes(settings):
    settings.FIELD_ENCRYPTION_KEYS = [OLD]
    make()
    before = raw()
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    portal = Portal.objects.get()
    portal.save()
    assert raw() != before
    settings.FIELD_ENCRYPTION_KEYS = [NEW]
    assert Portal.objects.get().application_token == "planted-token"


def test_no_table_holds_a_secret_in_the_clear(acme, form):
    Portal.objects.filter(pk=acme.pk).update(webhook_url="https://acme.example/rest/1/planted-code/")
    stored = ""
    with connection.cursor() as cursor:
        for model in (*apps.get_app_config("b24app").get_models(), *apps.get_app_config("traces").get_models()):
            stored += repr(cursor.execute(f"SELECT * FROM {model._meta.db_table}").fetchall())
    secrets = ["acme-access-token", "acme-refresh-token", "acme-application-token", "planted-code", form.secret]
    assert "acme.example" in stored
    assert [secret for secret in secrets if secret in stored] == []


def test_the_same_token_twice_looks_different():
    make(), Portal.objects.create(member_id="other", domain="o", application_token="planted-token")
    with connection.cursor() as cursor:
        rows = cursor.execute("SELECT application_token FROM b24app_portal").fetchall()
    assert len(set(rows)) == 2


def test_without_its_key_nothing_is_read_and_nothing_lost(settings):
    settings.FIELD_ENCRYPTION_KEYS = [OLD]
    make()
    before = raw()
    settings.FIELD_ENCRYPTION_KEYS = [NEW]
    portal = Portal.objects.get()
    assert isinstance(portal.application_token, Unreadable)
    portal.save()
    assert raw() == before


def test_an_update_is_encrypted_too():
    make()
    Portal.objects.update(application_token="planted-again")
    assert "planted" not in raw()
    assert Portal.objects.get().application_token == "planted-again"
