"""Names are looked up within a time, whatever the name server does."""

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from b24app.api import resolving

FOUND = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("203.0.113.7", 443))]


@pytest.fixture
def resolver(monkeypatch):
    """A resolver that answers nothing before `over` is set; `asked` are the names that it was asked for."""
    asked, over = [], threading.Event()

    def getaddrinfo(host, port, **kwargs):
        asked.append(host)
        if host.startswith("slow"):
            over.wait(20)
        if host == "nobody":
            raise socket.gaierror("no such name")
        return FOUND

    monkeypatch.setattr(resolving.socket, "getaddrinfo", getaddrinfo)
    resolver = type("Resolver", (), {"asked": asked, "over": over})
    yield resolver
    over.set()
    for thread in threading.enumerate():
        if thread.name == "resolver":
            thread.join(10)
    assert resolving._running == {}


def test_a_name_has_its_addresses(resolver):
    assert resolving.addresses_of("portal", 443, 5.0) == ["203.0.113.7"]


def test_a_name_that_means_nothing_is_an_error(resolver):
    with pytest.raises(OSError, match="no such name"):
        resolving.addresses_of("nobody", 443, 5.0)


def test_what_is_no_name_is_an_error():
    with pytest.raises(OSError):
        resolving.addresses_of("." * 300, 443, 5.0)


def test_nobody_waits_for_a_name_server_that_never_answers(resolver):
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        resolving.addresses_of("slow", 443, 0.1)
    assert time.monotonic() - began < 5
    assert resolving.addresses_of("portal", 443, 5.0) == ["203.0.113.7"]


def test_a_slow_name_holds_one_thread_however_many_ask(resolver):
    def ask(_):
        with pytest.raises(TimeoutError):
            resolving.addresses_of("slow", 443, 0.2)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(ask, range(16)))
    assert resolver.asked == ["slow"]


def test_slow_names_have_so_many_threads_together(resolver, monkeypatch):
    monkeypatch.setattr(resolving, "MAX_LOOKUPS", 3)
    for number in range(5):
        with pytest.raises(TimeoutError):
            resolving.addresses_of(f"slow{number}", 443, 0.05)
    assert resolver.asked == ["slow0", "slow1", "slow2"]
    resolver.over.set()
    while resolving._running:
        time.sleep(0.01)
    assert resolving.addresses_of("portal", 443, 5.0) == ["203.0.113.7"]
