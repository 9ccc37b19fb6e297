"""What every test may use. No test reaches another machine, nor a Redis that it did not ask for."""

import hashlib
import json
import os
from typing import Any

import hypothesis
import pytest
import requests
from django.core.cache import cache
from urllib3.util import connection as urllib3_connection

from b24app.api import transport
from b24app.host.processes import redis_server
from b24app.models import Portal
from b24app.pace import wakeups
from traces.delivery import wake
from traces.models import Form, Submission

pytest_plugins = [
    "tests.fixtures.browser",
    "tests.fixtures.fleet",
    "tests.fixtures.limits",
    "tests.fixtures.product",
    "tests.fixtures.running_stack",
    "tests.fixtures.sandbox",
    "tests.fixtures.website",
]

# `HYPOTHESIS_PROFILE=dev` is for while one works; without it, each property is tried as often as Hypothesis does.
hypothesis.settings.register_profile("dev", max_examples=25, deadline=None)
if "HYPOTHESIS_PROFILE" in os.environ:
    hypothesis.settings.load_profile(os.environ["HYPOTHESIS_PROFILE"])

NOWHERE = "redis://127.0.0.1:9/0"
SECRET = "s3cret"


@pytest.fixture(autouse=True)
def loopback_only(monkeypatch):
    """Below `transport.send`, so that it holds for requests-oauthlib too; an error that is swallowed still counts."""
    connect, strangers = urllib3_connection.create_connection, []

    def guarded(address, *args, **kwargs):
        if address[0] not in {"127.0.0.1", "localhost", "::1"}:
            strangers.append(address[0])
            raise AssertionError(f"a test tried to reach {address[0]}")
        return connect(address, *args, **kwargs)

    monkeypatch.setattr(urllib3_connection, "create_connection", guarded)
    yield
    assert strangers == []


@pytest.fixture(autouse=True)
def without_redis(settings, monkeypatch):
    """A developer's own Redis is left alone, and its absence is forgotten from test to test."""
    settings.REDIS_URL = NOWHERE
    monkeypatch.setattr(wake, "_publish", _no_broker)
    monkeypatch.setattr(wakeups.breaker, "resting_until", 0.0)


def _no_broker(portal_id, seconds):
    raise ConnectionError("a test has no broker")


@pytest.fixture(autouse=True)
def nothing_cached():
    """What one test's portal has answered is not known to the next."""
    cache.clear()


@pytest.fixture(autouse=True)
def without_senders(settings):
    """A test's transaction is its own thread's, so answers are waited for in it."""
    settings.SENDER_THREADS = 0


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory):
    """The Redis of the environment's `REDIS_URL`, which the tests empty, else one that is started for the session."""
    if url := os.environ.get("REDIS_URL"):
        yield url
        return
    with redis_server(tmp_path_factory.mktemp("redis")) as server:
        yield server.url


@pytest.fixture
def redis(redis_url, settings):
    """An empty Redis for a test that needs one."""
    settings.REDIS_URL = redis_url
    connection = wakeups.connection()
    connection.flushdb()
    return connection


class Answers:
    """What the network answers, in order, and the `calls` that were made as (method, address, arguments)."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str, dict[str, Any]]] = []
        self._next: list[requests.Response | Exception] = []

    def say(self, body: Any = None, status: int = 200, **headers: str) -> None:
        """Answer with `body`, as JSON where it is no bytes."""
        response = requests.Response()
        response.status_code = status
        response._content = body if isinstance(body, bytes) else json.dumps(body).encode()
        response.headers.update(headers)
        self._next.append(response)

    def fail(self, error: Exception) -> None:
        """Answer not at all: raise an error of `b24app.api.errors`."""
        self._next.append(error)

    def send(self, method: str, url: str, **kwargs: Any) -> requests.Response:
        self.calls.append((method, url, kwargs))
        answer = self._next.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def answers(monkeypatch):
    """Scripted answers in the place of the network."""
    script = Answers()
    monkeypatch.setattr(transport, "send", script.send)
    return script


def make_portal(name):
    row = Portal.objects.create(
        member_id=name,
        domain=f"{name}.example",
        client_endpoint=f"https://{name}.example/rest/",
        oauth_host="https://oauth.bitrix.info",
        application_token=f"{name}-application-token",
    )
    row.users.create(user_id=1, access_token=f"{name}-access-token", refresh_token=f"{name}-refresh-token")
    return row


@pytest.fixture
def acme(db):
    """A portal with one administrator."""
    return make_portal("acme")


@pytest.fixture
def other(db):
    """A portal that must never see anything of acme's."""
    return make_portal("other")


def make_form(owner, **facts):
    """A form of the portal `owner`; whoever shows SECRET is trusted."""
    facts = {"name": "Shop", "secret_hash": hashlib.sha256(SECRET.encode()).hexdigest(), **facts}
    form = Form.objects.create(portal=owner, **facts)
    form.secret = SECRET
    return form


@pytest.fixture
def form(acme):
    """A form of acme's, with its secret as `form.secret`."""
    return make_form(acme)


@pytest.fixture
def make_submission(request):
    """A stored submission, of the fixture `form` unless another one is given."""

    def make(**facts):
        form = facts.pop("form", None) or request.getfixturevalue("form")
        facts = {"body": {"TRACE": "{}"}, "body_hash": "0" * 64, **facts}
        return Submission.objects.create(portal=form.portal, form=form, **facts)

    return make
