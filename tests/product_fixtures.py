"""The product, wired to the sandbox."""

import time
from typing import Any

import pytest
from django.conf import settings as django_settings

from b24app.frame import session
from b24app.models import Portal
from b24app.portal import install


@pytest.fixture(scope="session")
def django_db_modify_db_settings(tmp_path_factory):
    """A database in a file, as in use: one in memory would be another one in each process of a test."""
    database = django_settings.DATABASES["default"]
    if "sqlite3" in database["ENGINE"]:
        database["TEST"] = {**database.get("TEST", {}), "NAME": str(tmp_path_factory.mktemp("db") / "test.sqlite3")}


@pytest.fixture
def wired(sandbox, settings, monkeypatch):
    """The product's settings point at the sandbox."""
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    settings.B24_ALLOW_INSECURE_PORTALS = True
    settings.B24_OAUTH_HOSTS = [sandbox.oauth_url]
    settings.B24_CLIENT_ID, settings.B24_CLIENT_SECRET = sandbox.client_id, sandbox.client_secret
    settings.B24_HTTP_TIMEOUT = 3.0
    settings.CLAIM_SECONDS = 13.0
    return sandbox


@pytest.fixture
def installed(wired, portal, db):
    """The product's row of the sandbox' portal, installed by its administrator."""
    return install.open_frame(install.claim_of_frame(*portal.frame_post())).portal


class Frame:
    """A user of a portal who has the application open: requests as htmx sends them."""

    def __init__(self, client: Any, portal: Portal, *, admin: bool = True, user: int = 1, language: str = "en") -> None:
        self.client = client
        self.portal = portal
        self.session = session.Session(portal.pk, portal.member_id, user, admin, language, "UTC", int(time.time()))

    @property
    def headers(self):
        return {"X-Frame-Session": session.token(self.session), "HX-Request": "true"}

    def get(self, path, data=None):
        return self.client.get(path, data, headers=self.headers)

    def post(self, path, data=None):
        return self.client.post(path, data or {}, headers=self.headers)


@pytest.fixture
def frame(client, acme):
    """An administrator of acme's with the application open."""
    return Frame(client, acme)
