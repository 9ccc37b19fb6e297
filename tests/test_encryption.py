"""Tokens are encrypted at rest, and the keys can be rotated."""

import pytest
from cryptography.fernet import Fernet
from django.db import connection

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
