"""Resolves host names within a time limit: the system's resolver has none that we could set.

A lookup cannot be cancelled, so a thread waits for it, and the caller waits only as long as its limit. A name has one
lookup at a time, however many callers ask for it, and all names together have `MAX_LOOKUPS`: a name server that never
answers blocks one thread, and no worker.
"""

from __future__ import annotations

import socket
import threading
from concurrent.futures import Future

MAX_LOOKUPS = 64
_lock = threading.Lock()
_running: dict[tuple[str, int], Future[list[str]]] = {}


def addresses_of(host: str, port: int, seconds: float) -> list[str]:
    """The addresses that a host's name means now. Raises `OSError` if it means none, or nobody tells in time."""
    try:
        return _lookup(host, port).result(seconds)
    except UnicodeError as error:
        raise OSError("no name of a host") from error


def _lookup(host: str, port: int) -> Future[list[str]]:
    """The lookup of this name that is running, or a new one."""
    with _lock:
        if found := _running.get((host, port)):
            return found
        if len(_running) >= MAX_LOOKUPS:
            raise TimeoutError("too many names are being looked up")
        lookup = _running[host, port] = Future()
    try:
        # A daemon: no process waits for a name server when it ends.
        threading.Thread(target=_look_up, args=(host, port, lookup), name="resolver", daemon=True).start()
    except RuntimeError as error:  # no thread is to be had
        with _lock:
            del _running[host, port]
        raise OSError("no thread to look a name up") from error
    return lookup


def _look_up(host: str, port: int, lookup: Future[list[str]]) -> None:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        result, error = [str(address[0]) for *_, address in found], None
    except Exception as caught:  # told to whoever waits
        result, error = [], caught
    with _lock:
        _running.pop((host, port), None)
    if error:
        lookup.set_exception(error)
    else:
        lookup.set_result(result)
