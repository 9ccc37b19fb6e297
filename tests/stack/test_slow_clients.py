"""Clients that send slowly, or not at all, keep nobody else waiting."""

import socket
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest
import requests

STACK = {"workers": 0}
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
