"""The addresses of a host's name, within a time: the system's resolver has none of its own that we could set.

A lookup cannot be broken off, so a thread waits for it, and whoever asked waits no longer than there is time. One name
has one lookup at a time, however many ask for it, and all names together have `MAX_LOOKUPS`: a name server that never
answers holds one thread, and no worker.
"""

from __future__ import annotations

import socket
import threading
from concurrent.futures import Future

MAX_LOOKUPS = 64
_lock = threading.Lock()
_running: dict[tuple[str, int], Future[list[str]]] = {}


def addresses_of(host: str, port: int, seconds: float) -> list[str]:
    """The addresses that a host's name means now. Raises `OSError` where it means none, or nobody tells in time."""
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
