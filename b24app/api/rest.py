"""One REST call to a portal, and what its answer means.

Source: the fact sheets on REST calls (form of the request, envelope, errors) of Bitrix24's
documentation, "How to call the REST API", and the server's `rest` module.
"""

from dataclasses import dataclass
from typing import Any

import requests
from django.conf import settings

from b24app.api import errors, transport
from b24app.api.batch import Operating, operating_of

Params = dict[str, Any]
_REDIRECTS = {301, 302, 303, 307, 308}


@dataclass(frozen=True, slots=True)
class Reply:
    """A call's result, any JSON value, and what the method has used of its operating time where the portal says so."""

    result: Any
    operating: Operating | None = None


def call(endpoint: str, method: str, params: Params, *, token: str = "", read_seconds: float | None = None) -> Reply:
    """Call `method` once.

    `endpoint` is the portal's REST base with a trailing slash: `https://PORTAL/rest/` with an access
    `token`, or a webhook's `https://PORTAL/rest/USER/CODE/` without one. The token travels in the JSON
    body, never in the address, which proxies write down. Raises an error of `b24app.api.errors`.
    """
    body = {**params, "auth": token} if token else params
    seconds = settings.B24_HTTP_TIMEOUT if read_seconds is None else read_seconds
    return read(transport.send("POST", endpoint + method, read_seconds=seconds, json=body), method)


def read(response: requests.Response, method: str) -> Reply:
    """What an HTTP answer to a call of `method` says, or the error of `b24app.api.errors` that it means."""
    if response.status_code in _REDIRECTS:
        raise errors.Moved(response.headers.get("Location", ""))
    envelope = _envelope(response)
    if envelope is None:
        raise errors.of_unreadable(response.status_code)
    if "error" in envelope:
        description = str(envelope.get("error_description") or "")
        raise errors.of_answer(str(envelope["error"]), description, response.status_code, method)
    if "result" not in envelope:
        raise errors.of_unreadable(response.status_code)
    return Reply(envelope["result"], operating_of(envelope.get("time")))


def _envelope(response: requests.Response) -> dict[str, Any] | None:
    try:
        body = response.json()
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None
