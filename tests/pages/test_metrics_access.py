"""Who may read the figures."""

import pytest

pytestmark = pytest.mark.django_db
TOKEN = "a-token-for-this-test"


def status(client, address="127.0.0.1", **headers):
    return client.get("/metrics", headers=headers, REMOTE_ADDR=address).status_code


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.8.8", "::1", "[::1]"])
def test_this_machine_may(client, address):
    assert status(client, address) == 200


@pytest.mark.parametrize("address", ["10.0.0.1", "203.0.113.9", "2001:db8::1", "::ffff:203.0.113.9", "", "unix:"])
def test_nobody_else_may(client, address):
    assert status(client, address) == 401


@pytest.mark.parametrize("name", ["X-Forwarded-For", "X-Real-IP", "Forwarded", "X-Forwarded-Proto", "Via"])
def test_what_a_proxy_on_this_machine_passes_on_is_not_from_it(client, name):
    assert status(client, **{name: "127.0.0.1"}) == 401


def test_the_token_opens_them_from_anywhere(client, settings):
    settings.METRICS_TOKEN = TOKEN
    assert status(client, "203.0.113.9", **{"X-Forwarded-For": "10.0.0.1", "Authorization": f"Bearer {TOKEN}"}) == 200


@pytest.mark.parametrize("shown", ["", "Bearer ", "Bearer wrong", TOKEN, "Bearer \u0442"])
@pytest.mark.parametrize("token", ["", TOKEN])
def test_another_token_does_not(client, settings, token, shown):
    settings.METRICS_TOKEN = token
    assert status(client, "203.0.113.9", Authorization=shown) == 401


def test_a_network_can_be_let_in(client, settings):
    settings.METRICS_ADDRESSES = ["10.1.0.0/16"]
    assert (status(client, "10.1.2.3"), status(client, "10.2.0.1"), status(client)) == (200, 401, 401)
