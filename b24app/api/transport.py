"""The one seam to the network: every request that leaves us goes through `send`.

Tests put a fake in the place of `send`; nothing else in the project imports an HTTP library, but for
`b24app.api.bounded`, which limits an exchange in time and size, and `b24app.api.oauth`, whose requests-oauthlib session
is equipped here with the same adapter and rules: certificates checked, no redirect followed, no address of a private
network but those the operator names, no cookies, no proxies of the environment, every failure translated into an error
of `b24app.api.errors`.
"""

import os
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.cookiejar import DefaultCookiePolicy
from typing import TypeVar

import requests
from django.conf import settings
from urllib3.exceptions import MaxRetryError, NewConnectionError

from b24app import __version__
from b24app.api import bounded
from b24app.api.bounded import PrivateAddress
from b24app.api.errors import Ambiguous, PortalError, Stop, Transient
from b24app.host import patches

USER_AGENT = f"TraceRelay/{__version__}"

SessionT = TypeVar("SessionT", bound=requests.Session)
# A session for each thread, so nobody shares it; `_session` also makes one anew after a fork.
_local = threading.local()
# The codes of a `Stop` that the network says, not an answer.
STOPS = {"certificate", "certificate_authority", "private_address", "plain_http"}
# OpenSSL's numbers for a certificate whose authority is not known: self-signed, or its issuer is missing.
_UNKNOWN_AUTHORITY = {18, 19, 20, 21}


def equip(session: SessionT) -> SessionT:
    """Give a session our adapter and rules. Plain http only where the settings allow it."""
    session.adapters.clear()
    if settings.B24_ALLOW_INSECURE_PORTALS:
        session.mount("http://", bounded.Adapter(pool_maxsize=4))
    session.mount("https://", bounded.Adapter(pool_maxsize=4))
    patches.follow_no_redirects(session)
    session.trust_env = False
    if settings.B24_PROXY:
        session.proxies = {"http": settings.B24_PROXY, "https": settings.B24_PROXY}
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.headers["User-Agent"] = USER_AGENT
    session.headers["Accept-Encoding"] = "gzip"
    return session


def send(method: str, url: str, *, read_seconds: float, **kwargs: object) -> requests.Response:
    """Send one request and return whatever answer came, redirects included, within `read_seconds` in all.

    Raises `Transient` if the request certainly did not arrive, `Ambiguous` where it may have, and `Stop` where
    somebody has to act: certificate, certificate_authority, private_address, plain_http.
    """
    with exchange(read_seconds):
        return _session().request(method, url, timeout=read_seconds, allow_redirects=False, **kwargs)  # type: ignore[arg-type]


@contextmanager
def exchange(seconds: float) -> Iterator[None]:
    """One exchange within a time limit, with the HTTP library's errors translated into ours.

    Their texts hold addresses and secrets, so they are dropped.
    """
    try:
        with bounded.within(seconds):
            yield
    except requests.RequestException as error:
        raise _meaning(error) from None


def _meaning(error: requests.RequestException) -> PortalError:
    """What a failure of the network means, by the classes of the errors that it wraps."""
    causes = list(_causes(error))
    if isinstance(error, requests.exceptions.InvalidSchema):
        return Stop("plain_http")
    if any(isinstance(cause, PrivateAddress) for cause in causes):
        return Stop("private_address")
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return Stop("certificate_authority" if cause.verify_code in _UNKNOWN_AUTHORITY else "certificate")
    never_sent = (requests.ConnectTimeout, requests.exceptions.SSLError, requests.exceptions.ProxyError)
    if isinstance(error, never_sent) or any(isinstance(cause, NewConnectionError) for cause in causes):
        return Transient("unreachable")
    if isinstance(error, bounded.Unreadable):
        return Ambiguous("unreadable")
    return Ambiguous("timeout" if isinstance(error, requests.Timeout) else "connection_lost")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and those that it wraps.

    Not `__context__`: that may also hold an older error, which somebody deals with by this very request.
    """
    yield error
    wrapped = (error.reason,) if isinstance(error, MaxRetryError) else error.args
    for cause in wrapped:
        if isinstance(cause, BaseException):
            yield from _causes(cause)


def _session() -> requests.Session:
    # And for each process: a connection shared after a fork would mix two answers.
    rules = (os.getpid(), settings.B24_ALLOW_INSECURE_PORTALS, settings.B24_CA_FILE, settings.B24_PROXY)
    if getattr(_local, "rules", None) != rules:
        _local.session, _local.rules = equip(requests.Session()), rules
    session: requests.Session = _local.session
    return session
