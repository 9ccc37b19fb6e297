"""Settings that must not meet are found at the start."""

import sqlite3

import pytest
from django.core.checks import run_checks
from django.db import connection


def found():
    return {message.id for message in run_checks() if str(message.id).startswith("b24app.")}


def test_the_defaults_are_fine_for_a_laptop():
    assert found() == set()


@pytest.mark.parametrize(
    ("changes", "id"),
    [
        ({"APP_URL": "https://relay.example", "FIELD_ENCRYPTION_KEYS": ["x"]}, "b24app.E001"),
        ({"APP_URL": "https://relay.example"}, "b24app.E002"),
        ({"APP_URL": "http://relay.example"}, "b24app.E001"),
        ({"APP_URL": "HTTPS://RELAY.EXAMPLE"}, "b24app.E001"),
        ({"APP_URL": "https://relay.example", "SECRET_KEY": "x"}, "b24app.W001"),
        ({"APP_URL": "https://relay.example", "B24_ALLOW_INSECURE_PORTALS": True}, "b24app.W002"),
        ({"FIELD_ENCRYPTION_KEYS": ["short"]}, "b24app.E003"),
        ({"B24_OAUTH_HOSTS": ["http://oauth.example"]}, "b24app.E004"),
        ({"B24_OAUTH_HOSTS": []}, "b24app.E004"),
        ({"B24_CA_FILE": "/nowhere.pem"}, "b24app.E006"),
        ({"B24_CA_FILE": __file__}, "b24app.E006"),
        ({"METRICS_ADDRESSES": ["::1", "our-monitor"]}, "b24app.E008"),
    ],
)
def test_a_bad_setting_is_found(settings, changes, id):
    settings.SECRET_KEY = settings.INSECURE_SECRET_KEY
    for name, value in changes.items():
        setattr(settings, name, value)
    assert id in found()


def test_a_sqlite_that_can_lose_writes_is_refused(monkeypatch):
    monkeypatch.setattr(connection, "vendor", "sqlite")
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 40, 1))
    monkeypatch.setattr("b24app.checks.sqlite3.sqlite_version_info", (3, 40, 1))
    assert "b24app.E005" in found()
