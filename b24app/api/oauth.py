"""The OAuth server: code exchange, refresh, and the trusted facts about a token.

Three traps of requests-oauthlib are kept shut here, each with a test: a scope on the session makes every
refresh warn (Bitrix24's scopes are separated by commas), so there is none; a page of a broken front end
would look like a missing token, so the answer is read before the library's parser sees it; and its own
refreshing knows only local expiry and no other worker, so `b24app.portal.tokens` decides when to refresh.
The client secret goes to hosts of `B24_OAUTH_HOSTS` only, in a POST body.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import requests
from django.conf import settings
from oauthlib.oauth2 import OAuth2Error
from requests_oauthlib import OAuth2Session

from b24app.api import errors, hosts, rest, transport

logger = logging.getLogger(__name__)

READ_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Tokens:
    """A pair of tokens: whose it is, and the portal's REST base."""

    access_token: str
    refresh_token: str
    user_id: int
    member_id: str
    client_endpoint: str


@dataclass(frozen=True, slots=True)
class AppInfo:
    """What the OAuth server says of an access token (`app.info`); the only statement we believe.

    `domain` is the portal's host as in its address bar, with the port where it has one.
    """

    client_id: str
    member_id: str
    domain: str
    client_endpoint: str
    scope: tuple[str, ...]
    status: str
    version: int
    user_id: int


def allowed_host(server_endpoint: str) -> str | None:
    """The base URL of the OAuth server named by a `server_endpoint`, or None if we do not trust it.

    An empty `server_endpoint` (older portals send none) means the first allowed host.
    """
    if not server_endpoint:
        return str(settings.B24_OAUTH_HOSTS[0])
    parts = hosts.split(server_endpoint)
    base = f"{parts.scheme}://{parts.netloc}".lower()
    return base if base in settings.B24_OAUTH_HOSTS else None


def refresh(host: str, refresh_token: str) -> Tokens:
    """A new pair for a refresh token, which dies with it. Raises an error of `b24app.api.errors`."""
    answer = _ask(
        "refresh_token",
        _token_url(host),
        refresh_token=refresh_token,
        client_id=settings.B24_CLIENT_ID,
        client_secret=settings.B24_CLIENT_SECRET,
        timeout=READ_SECONDS,
    )
    return _tokens(answer)


def exchange(host: str, code: str) -> Tokens:
    """The pair for an authorization code (30 s, one use). Raises an error of `b24app.api.errors`."""
    answer = _ask(
        "fetch_token",
        _token_url(host),
        code=code,
        client_secret=settings.B24_CLIENT_SECRET,
        include_client_id=True,
        timeout=READ_SECONDS,
    )
    return _tokens(answer)


def app_info(host: str, access_token: str) -> AppInfo:
    """The facts about an access token. Raises an error of `b24app.api.errors`.

    The documentation knows this call as GET with the token in the query; it goes to the OAuth server itself.
    """
    url = f"{_trusted(host)}/rest/app.info"
    with _our_own():
        response = transport.send("GET", url, read_seconds=READ_SECONDS, params={"auth": access_token})
    return _app_info(rest.read(response, "oauth", url).result)


@contextmanager
def _our_own() -> Iterator[None]:
    """A connection that does not come about is never the portal's fault here: no portal is held for it."""
    try:
        yield
    except errors.Stop as error:
        if error.code not in transport.STOPS:
            raise
        logger.error("the OAuth server cannot be reached (%s)", error.code)
        raise errors.Transient("unreachable") from None


def _trusted(host: str) -> str:
    if host not in settings.B24_OAUTH_HOSTS:
        raise errors.Refused("oauth_host")
    return host


def _token_url(host: str) -> str:
    return f"{_trusted(host)}/oauth/token/"


def _ask(operation: str, url: str, **kwargs: Any) -> dict[str, Any]:
    session = transport.equip(OAuth2Session(settings.B24_CLIENT_ID))
    session.register_compliance_hook("access_token_response", _readable)
    session.register_compliance_hook("refresh_token_response", _readable)
    with _our_own(), transport.exchange(READ_SECONDS), session:
        try:
            answer: dict[str, Any] = getattr(session, operation)(url, **kwargs)
        except OAuth2Error as error:
            raise errors.of_answer(error.error or "", error.description or "", error.status_code, "oauth") from None
    return answer


def _readable(response: requests.Response) -> requests.Response:
    """Let the library parse only what is a token answer or a plain OAuth error."""
    body = rest.body_of(response)
    if not isinstance(body, dict) or not ("error" in body or "access_token" in body):
        raise errors.of_unreadable(response.status_code, "oauth")
    if "access_token" not in body or body.get("error"):
        raise errors.of_body(body, response.status_code, "oauth")
    return response


def _tokens(answer: dict[str, Any]) -> Tokens:
    try:
        return Tokens(
            access_token=str(answer["access_token"]),
            refresh_token=str(answer["refresh_token"]),
            user_id=int(answer.get("user_id") or 0),
            member_id=str(answer["member_id"]),
            client_endpoint=str(answer["client_endpoint"]),
        )
    except (KeyError, TypeError, ValueError):
        raise errors.Ambiguous("unreadable") from None


def _app_info(result: Any) -> AppInfo:
    try:
        install = result["install"]
        return AppInfo(
            client_id=str(result["client_id"]),
            member_id=str(install["member_id"]),
            domain=str(install["domain"]).lower(),
            client_endpoint=str(install["client_endpoint"]),
            scope=tuple(str(install.get("scope") or result.get("scope") or "").replace(" ", ",").split(",")),
            status=str(install.get("status") or ""),
            version=int(install.get("version") or 0),
            user_id=int(result.get("user_id") or 0),
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        raise errors.Transient("unreadable") from None
