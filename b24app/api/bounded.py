"""Connections that end in time, and answers of a bounded size: no portal holds a worker for longer than it was given.

The HTTP library limits the time between two bytes, not that of an exchange. So all that waits for a byte here asks how
much of the exchange's time is left: the name's addresses, the handshake, sending, headers and body. No thread is
needed for that, hence none can outlive its exchange. An answer is inflated here too, piece by piece, since a small one
may become any size.
"""

from __future__ import annotations

import io
import ipaddress
import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from typing import Any

import requests
from django.conf import settings
from requests.adapters import HTTPAdapter
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError, ReadTimeoutError
from urllib3.util import connection as urllib3_connection
from urllib3.util.ssl_ import create_urllib3_context

from b24app.api import resolving

MAX_BYTES = 8 * 1024 * 1024
CONNECT_SECONDS = 5.0
_PIECE = 64 * 1024
_NAT64, _LOCAL_NAT64 = ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("64:ff9b:1::/48")  # RFC 6052, 8215
_COMPATIBLE = ipaddress.ip_network("::/96")
_local = threading.local()


class PrivateAddress(OSError):
    """The host is one of a private network, and the settings do not name it."""


class Unreadable(requests.RequestException):
    """The answer is larger than `MAX_BYTES`, or not compressed as it says."""


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Limit every later exchange of this thread to this many seconds."""
    _local.ends_at = time.monotonic() + seconds
    yield


def _seconds_left(at_most: float = float("inf")) -> float:
    """The rest of the exchange's time. Raises `TimeoutError` if it is over."""
    left: float = _local.ends_at - time.monotonic()
    if left <= 0:
        raise TimeoutError("the exchange took too long")
    return min(left, at_most)


class _Reader(io.RawIOBase):
    """A socket's bytes, as long as there is time."""

    def __init__(self, sock: Any) -> None:
        self._sock, self._file = sock, sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> Any:
        self._sock.settimeout(_seconds_left())
        return self._file.readinto(buffer)

    def close(self) -> None:
        self._file.close()
        super().close()


class _Socket:
    """A connected socket that waits no longer than the exchange may take."""

    def __init__(self, sock: Any) -> None:
        self._sock = sock

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)

    def makefile(self, *args: Any, **kwargs: Any) -> io.BufferedReader:
        return io.BufferedReader(_Reader(self._sock))

    def sendall(self, data: Any) -> None:
        rest = memoryview(data).cast("B")
        while rest:
            self._sock.settimeout(_seconds_left())
            rest = rest[self._sock.send(rest[:_PIECE]) :]


class _Bounded(HTTPConnection):
    """Looks at each address that it connects to, not at a name that may mean another one the next moment."""

    def connect(self) -> None:
        try:
            super().connect()
        except TimeoutError as error:
            # In the handshake: nothing of the request has left yet.
            raise ConnectTimeoutError(self, "the connection did not come about in time") from error
        self.sock = _Socket(self.sock)

    def _new_conn(self) -> Any:
        try:
            addresses = addresses_of(self._dns_host, self.port)
        except OSError as error:
            raise NewConnectionError(self, "its name means nothing") from error
        for address in addresses:
            if not (self.proxy or _may_be_reached(self._dns_host, address)):
                raise PrivateAddress("an address of a private network")
            with suppress(OSError):
                seconds = _seconds_left(CONNECT_SECONDS)
                return urllib3_connection.create_connection(
                    (address, self.port), seconds, socket_options=self.socket_options
                )
        raise NewConnectionError(self, "no connection came about")


def addresses_of(host: str, port: int) -> list[str]:
    """The addresses that a host's name means now. Raises `OSError` if it means none, or nobody tells in time."""
    return resolving.addresses_of(host, port, _seconds_left(CONNECT_SECONDS))


class _BoundedTLS(_Bounded, HTTPSConnection):
    pass


def _may_be_reached(host: str, address: str) -> bool:
    """Whether we may connect to this address of a host; the operator names those that have private ones."""
    if settings.B24_ALLOW_INSECURE_PORTALS or host.rstrip(".").lower() in settings.B24_PRIVATE_HOSTS:
        return True
    number = ipaddress.ip_address(address.partition("%")[0])
    is_global = (getattr(number, "ipv4_mapped", None) or number).is_global and number not in _LOCAL_NAT64
    return is_global and all(inner.is_global for inner in _inside(number))


def _inside(number: ipaddress.IPv4Address | ipaddress.IPv6Address) -> Iterator[ipaddress.IPv4Address]:
    """The IPv4 addresses that an IPv6 address leads to: mapped, compatible, by NAT64, 6to4 and Teredo."""
    if isinstance(number, ipaddress.IPv6Address):
        inner = ipaddress.IPv4Address(int(number) & 0xFFFFFFFF)
        ways = [number.ipv4_mapped, number.sixtofour, inner if number in _NAT64 or number in _COMPATIBLE else None]
        yield from filter(None, [*ways, *(number.teredo or ())])


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Bounded


class _PoolTLS(HTTPSConnectionPool):
    ConnectionCls = _BoundedTLS


class Adapter(HTTPAdapter):
    """Sends a request by connections that end in time, and reads the whole answer unless it is too large."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, ssl_context=_trust(settings.B24_CA_FILE), **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _PoolTLS}

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, ssl_context=_trust(settings.B24_CA_FILE), **kwargs)
        manager.pool_classes_by_scheme = {"http": _Pool, "https": _PoolTLS}
        return manager

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        """Raises the errors of requests, and `Unreadable`."""
        _refuse_private_number(request)
        response = super().send(request, *args, **{**kwargs, "stream": True})
        try:
            body = _inflated(response)
        except zlib.error as error:
            raise Unreadable(error) from error
        except (ReadTimeoutError, TimeoutError) as error:
            raise requests.ReadTimeout(error) from error
        except HTTPError as error:
            raise requests.ConnectionError(error) from error
        finally:
            response.close()  # nothing where all of it was read: the connection is free again by then
        response._content = body
        response._content_consumed = True  # type: ignore[attr-defined]
        return response


def _refuse_private_number(request: requests.PreparedRequest) -> None:
    """Behind a proxy only the address that was given is seen, so it is looked at where it is a number."""
    host = requests.compat.urlparse(str(request.url)).hostname or ""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return
    if not _may_be_reached(host, host):
        raise requests.ConnectionError(PrivateAddress("an address of a private network"))


@lru_cache(maxsize=2)
def _trust(ca_file: str) -> Any:
    """What certificates are checked against: the well-known authorities, and those of a file besides."""
    context = create_urllib3_context()
    context.load_verify_locations(DEFAULT_CA_BUNDLE_PATH)
    if ca_file:
        context.load_verify_locations(ca_file)
    return context


def _inflated(response: requests.Response) -> bytes:
    """The answer's body, of at most `MAX_BYTES`, as it came and inflated: what follows a compressed one counts too."""
    encoding = response.headers.get("Content-Encoding", "").strip().lower()
    inflater = zlib.decompressobj(wbits=47) if encoding in {"gzip", "x-gzip", "deflate"} else None
    body, came = bytearray(), 0
    while piece := response.raw.read(_PIECE, decode_content=False):
        came += len(piece)
        while piece:
            room = MAX_BYTES - len(body) + 1
            body += inflater.decompress(piece, room) if inflater else piece[:room]
            if max(came, len(body)) > MAX_BYTES:
                raise Unreadable("the answer is too large")
            piece = inflater.unconsumed_tail if inflater else b""
    return bytes(body)
