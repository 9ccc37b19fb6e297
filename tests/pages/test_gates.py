"""How often what is not proven may be tried: openings, events, codes, the operator's password."""

import pytest
import time_machine
from django.contrib.auth.models import User

from b24app.models import Portal
from b24app.pace import gates, wakeups
from b24app.portal import install
from tests.fixtures.sandbox import event_body

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]
FORGED = {"AUTH_ID": "invented", "member_id": "0" * 32, "SERVER_ENDPOINT": "https://evil.example/rest/"}
EVENT = {"event": "ONAPPUNINSTALL", "auth[member_id]": "0" * 32, "auth[application_token]": "x"}
STRANGER, HONEST = "203.0.113.7", "203.0.113.8"


@pytest.fixture(params=["redis", "alone"])
def clock(request, settings):
    """Time that moves by hand, with Redis and without it; two attempts a minute from an address."""
    if request.param == "redis":
        request.getfixturevalue("redis")
    settings.UNPROVEN_PER_MINUTE = settings.LOGINS_PER_MINUTE = 2
    with time_machine.travel(1_796_000_415.0, tick=False) as clock:
        yield clock


@pytest.fixture
def ask(client):
    """The answer to a request of a stranger's."""
    asked = {
        "install": lambda address: client.post("/b24/install/", FORGED, REMOTE_ADDR=address),
        "app": lambda address: client.post("/b24/app/", FORGED, REMOTE_ADDR=address),
        "events": lambda address: client.post("/b24/events/", EVENT, REMOTE_ADDR=address),
        "callback": lambda address: client.get(
            "/b24/oauth/callback/?code=x&server_domain=evil.example", REMOTE_ADDR=address
        ),
        "login": lambda address: client.post(
            "/admin/login/", {"username": "operator", "password": "guess"}, REMOTE_ADDR=address
        ),
    }
    return lambda name, address=STRANGER: asked[name](address)


@pytest.mark.parametrize("name", ["install", "app", "events", "callback", "login"])
def test_an_address_learns_when_it_may_try_again(ask, clock, name):
    first, _second, third = [ask(name) for _ in range(3)]
    assert (first.status_code, third.status_code, third["Retry-After"]) == (200 if name == "login" else 403, 429, "30")
    assert ask(name, HONEST).status_code != 429
    clock.shift(30.1)
    assert ask(name).status_code != 429


def test_the_page_says_so(ask):
    assert "Try again in 30 seconds" in [ask("install") for _ in range(3)][2].content.decode()


def test_all_addresses_together_are_too_many(ask):
    told = [ask("install", f"203.0.113.{n}").status_code for n in range(2 * gates.ADDRESSES + 1)]
    assert (told[-2], told[-1]) == (403, 429)


def test_proven_openings_use_nothing_up(wired, portal, client):
    query, body = portal.frame_post()
    told = {client.post("/b24/install/", body, query_params=query).status_code for _ in range(5)}
    assert told == {200}


def test_proven_events_use_nothing_up(installed, portal, client):
    told = {client.post("/b24/events/", event_body(portal, "ONAPPPAYMENT")).status_code for _ in range(5)}
    assert told == {200}


def test_who_was_proven_before_is_let_in_during_a_flood(wired, portal, client, ask):
    query, body = portal.frame_post()
    assert client.post("/b24/install/", body, query_params=query, REMOTE_ADDR=HONEST).status_code == 200
    for n in range(3 * gates.ADDRESSES):
        ask("install", f"198.51.100.{n}")
    assert ask("install", "198.51.100.99").status_code == 429
    assert client.post("/b24/install/", body, query_params=query, REMOTE_ADDR=HONEST).status_code == 200


def test_a_zero_is_no_limit(ask, settings):
    settings.UNPROVEN_PER_MINUTE = 0
    assert {ask("install").status_code for _ in range(30)} == {403}


@pytest.fixture
def app_infos(monkeypatch):
    """The tokens that the OAuth server was asked about."""
    asked: list[str] = []
    app_info = install.oauth.app_info
    monkeypatch.setattr(install.oauth, "app_info", lambda host, token: asked.append(token) or app_info(host, token))
    return asked


def test_a_refused_token_reaches_the_oauth_server_once_a_minute(wired, portal, client, settings, clock, app_infos):
    settings.UNPROVEN_PER_MINUTE = 0
    query, body = portal.frame_post()
    body["AUTH_ID"] = "planted-forgery"
    assert {client.post("/b24/install/", body, query_params=query).status_code for _ in range(9)} == {403}
    assert app_infos == ["planted-forgery"]
    clock.shift(60.1)
    if wakeups.reachable():
        wakeups.connection().flushdb()  # its clock is not moved
    client.post("/b24/install/", body, query_params=query)
    assert len(app_infos) == 2


def test_redis_knows_no_token_and_no_address(redis, wired, portal, client):
    query, body = portal.frame_post()
    body["AUTH_ID"] = "planted-forgery"
    client.post("/b24/install/", body, query_params=query, REMOTE_ADDR=STRANGER)
    kept = b" ".join(redis.keys())
    assert kept and b"planted" not in kept and STRANGER.encode() not in kept


def test_an_oauth_server_that_is_away_has_refused_nothing(wired, sandbox, portal, client, settings):
    settings.UNPROVEN_PER_MINUTE = 0
    query, body = portal.frame_post()
    sandbox.faults.add("html_502", method="app.info")
    assert client.post("/b24/install/", body, query_params=query).status_code == 503
    assert client.post("/b24/install/", body, query_params=query).status_code == 200


def test_a_refused_code_is_exchanged_once(wired, client, settings, monkeypatch):
    settings.UNPROVEN_PER_MINUTE, asked = 0, []
    exchange = install.oauth.exchange
    monkeypatch.setattr(install.oauth, "exchange", lambda host, code: asked.append(code) or exchange(host, code))
    assert {client.get("/b24/oauth/callback/", {"code": "used"}).status_code for _ in range(4)} == {403}
    assert asked == ["used"]
    assert not Portal.objects.exists()


def test_the_operators_own_logins_use_nothing_up(client):
    User.objects.create_superuser("operator", password="a long one for this test")
    typed = {"username": "operator", "password": "a long one for this test"}
    assert {client.post("/admin/login/", typed).status_code for _ in range(5)} == {302}
