"""Where a request comes from, behind proxies of one's own and before others' lies."""

import pytest
from django.test import RequestFactory

from b24app.pace import addresses

SHOP = "203.0.113.7"


def network(peer=SHOP, **headers):
    return addresses.network_of(RequestFactory().get("/", headers=headers, REMOTE_ADDR=peer))


@pytest.mark.parametrize(
    ("peer", "expected"),
    [
        (SHOP, SHOP),
        ("::ffff:203.0.113.7", SHOP),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("", ""),
        ("unix:", ""),
        ("127.0.0.1", "127.0.0.1"),
    ],
)
def test_without_a_proxy_it_is_who_calls(peer, expected):
    assert network(peer) == expected


def test_a_stranger_cannot_say_who_he_is():
    assert network(**{"X-Forwarded-For": "198.51.100.9"}) == SHOP


@pytest.mark.parametrize(
    ("proxies", "forwarded", "expected"),
    [
        (1, "198.51.100.9", "198.51.100.9"),
        (1, "192.0.2.1, 198.51.100.9", "198.51.100.9"),  # the first one is the visitor's own word
        (2, "192.0.2.1, 198.51.100.9,10.0.0.1", "198.51.100.9"),
        (2, "198.51.100.9", "198.51.100.9"),
        (1, "198.51.100.9:4711", "198.51.100.9"),
        (1, "[2001:db8::1]:443", "2001:db8::"),
        (1, "unknown", ""),
        (1, "", "10.0.0.1"),
    ],
)
def test_own_proxies_are_believed_as_far_as_there_are(settings, proxies, forwarded, expected):
    settings.PROXIES = proxies
    assert network("10.0.0.1", **{"X-Forwarded-For": forwarded}) == expected


@pytest.mark.parametrize("peer", ["127.0.0.1", "172.18.0.1", "::1", "fd00::2"])
@pytest.mark.parametrize("header", ["X-Forwarded-For", "X-Forwarded-Proto", "X-Real-IP", "Forwarded", "Via"])
def test_a_proxy_that_was_not_told_of_stands_for_nobody(peer, header):
    assert network(peer, **{header: "https"}) == ""


def test_what_is_counted_does_not_tell_the_address():
    hidden = addresses.hidden_address(RequestFactory().get("/", REMOTE_ADDR=SHOP))
    assert len(hidden) == 32
    assert SHOP not in hidden
