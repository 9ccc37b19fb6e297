"""Clients that send slowly, or not at all, keep nobody else waiting; nor do they with a flood and a dripping portal.

The limits here are for a slow machine that does other work too; `python -m tests.bench.siege` measures against those
that are promised.
"""

import socket
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest
import requests

from tests.fixtures import siege

STACK = {"plan": "standard", **siege.SETTINGS}
HONEST = {"X-Forwarded-For": "203.0.113.9"}
CLIENTS = 40


def open_slow(stack, path, text):
    """A connection that has sent the beginning of a request."""
    address = urlsplit(stack.app_url)
    connection = socket.create_connection((address.hostname, address.port), timeout=10)
    connection.sendall(f"POST {path} HTTP/1.1\r\nHost: relay.example\r\n{text}".encode())
    return connection


@pytest.mark.parametrize("path", ["/in/{key}/", "/b24/events/", "/b24/install/", "/admin/login/"])
def test_slow_clients_keep_nobody_waiting(stack, path):
    if not stack.member_id:
        stack.install()
    form = stack.create_form("Slow", "trace")
    unfinished = "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000\r\n\r\nname=Anna"
    with ExitStack() as ending:
        for number in range(CLIENTS):
            text = unfinished if number % 2 else "Accept: "
            ending.enter_context(open_slow(stack, path.format(key=form["key"]), text))
        assert requests.get(f"{stack.app_url}/healthz", timeout=5).status_code == 200
        assert requests.post(form["url"], json={"name": "Anna"}, timeout=5).status_code == 200


def test_no_client_is_waited_for_to_say_which_http_it_speaks(stack):
    address = urlsplit(stack.app_url)
    with socket.create_connection((address.hostname, address.port), timeout=5) as connection:
        connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        assert connection.recv(1000) == b""


def test_health_and_an_honest_visitor_are_served_during_a_siege(stack):
    if not stack.member_id:
        stack.install()
    flooded, (_, other) = stack.create_form("Flooded", "lead"), siege.another_portal(stack, "other")
    with siege.dripping_portal(stack) as dripping, siege.besieged(stack, flooded["url"], dripping["url"]) as flood:
        health, _ = siege.seconds_of("GET", f"{stack.app_url}/healthz")
        body = {"name": "Ines", "email": "ines@mail.example"}
        accepted, answer = siege.seconds_of("POST", other["url"], json=body, headers=HONEST)
        own, _ = siege.seconds_of("POST", flooded["url"], json=body, headers=HONEST)
        delivered = siege.seconds_until_delivered(other, answer.json()["id"], within=30)
    assert flood.statuses and max(flood.statuses) < 500
    assert health < 3 and max(accepted, own) < 5 and delivered < 20, (health, accepted, own, delivered)
