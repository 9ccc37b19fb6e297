"""The one seam to the network: every request that leaves us goes through `send`.

Tests put a fake in the place of `send`; nothing else in the project imports an HTTP library, but for
`b24app.api.oauth`, whose requests-oauthlib session is equipped here with the same adapter and rules:
certificates checked, no redirect followed, no address of a private network, no cookies, no proxies of
the environment, every failure translated into an error of `b24app.api.errors`.
"""

import ipaddress
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.cookiejar import DefaultCookiePolicy
from typing import Any, TypeVar

import requests
from django.conf import settings
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPSConnection
from urllib3.connectionpool import HTTPSConnectionPool
from urllib3.exceptions import MaxRetryError, NewConnectionError

from b24app import __version__
from b24app.api.errors import Ambiguous, Transient
from b24app.host import patches

CONNECT_SECONDS = 5.0
USER_AGENT = f"TraceRelay/{__version__}"

SessionT = TypeVar("SessionT", bound=requests.Session)
# A session for each thread, so nobody shares it; `_session` also makes one anew after a fork.
_local = threading.local()


class PrivateAddress(OSError):
    """The host is one of a private network, where no portal of ours can be."""


class _PublicConnection(HTTPSConnection):
    """Looks at the address it has reached, not at a name that may mean another one the next moment."""

    def _new_conn(self) -> Any:
        sock = super()._new_conn()
        if not ipaddress.ip_address(sock.getpeername()[0]).is_global:
            sock.close()
            raise PrivateAddress(f"{self.host} is an address of a private network")
        return sock


class _PublicPool(HTTPSConnectionPool):
    ConnectionCls = _PublicConnection


class _PublicAdapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"https": _PublicPool}


def equip(session: SessionT) -> SessionT:
    """Give a session our adapter and rules. Plain http and private addresses only where settings allow them."""
    session.adapters.clear()
    if settings.B24_ALLOW_INSECURE_PORTALS:
        session.mount("http://", HTTPAdapter(pool_maxsize=4))
        session.mount("https://", HTTPAdapter(pool_maxsize=4))
    else:
        session.mount("https://", _PublicAdapter(pool_maxsize=4))
    patches.follow_no_redirects(session)
    session.trust_env = False
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.headers["User-Agent"] = USER_AGENT
    return session


def send(method: str, url: str, *, read_seconds: float, **kwargs: Any) -> requests.Response:
    """Send one request and return whatever answer came, redirects included.

    Raises `Transient` where the request certainly did not arrive and `Ambiguous` where it may have.
    """
    with translated():
        return _session().request(method, url, timeout=(CONNECT_SECONDS, read_seconds), allow_redirects=False, **kwargs)


@contextmanager
def translated() -> Iterator[None]:
    """Turn the HTTP library's errors into ours. Their texts hold addresses and secrets, so they are dropped."""
    try:
        yield
    except (requests.ConnectTimeout, requests.exceptions.SSLError, requests.exceptions.InvalidSchema):
        raise Transient("unreachable") from None
    except requests.ConnectionError as error:
        if _never_connected(error):
            raise Transient("unreachable") from None
        raise Ambiguous("connection_lost") from None
    except requests.Timeout:
        raise Ambiguous("timeout") from None
    except requests.RequestException:
        raise Ambiguous("connection_lost") from None


def _never_connected(error: BaseException) -> bool:
    """Whether the error, or one that it wraps, says that no connection came about."""
    if isinstance(error, (NewConnectionError, PrivateAddress)):
        return True
    # Not `__context__`: that may also hold an older error, which somebody deals with by this very request.
    wrapped = (error.reason,) if isinstance(error, MaxRetryError) else error.args
    return any(_never_connected(cause) for cause in wrapped if isinstance(cause, BaseException))


def _session() -> requests.Session:
    # And for each process: a connection shared after a fork would mix two answers.
    rules = (os.getpid(), settings.B24_ALLOW_INSECURE_PORTALS)
    if getattr(_local, "rules", None) != rules:
        _local.session, _local.rules = equip(requests.Session()), rules
    session: requests.Session = _local.session
    return session
