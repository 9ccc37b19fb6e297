"""One REST call to a portal, and what its answer means.

Source: the fact sheets on REST calls (form of the request, envelope, errors) of Bitrix24's
documentation, "How to call the REST API", and the server's `rest` module.
"""

import time
from dataclasses import dataclass, field
from typing import Any

import requests
from django.conf import settings

from b24app import errors, transport

Params = dict[str, Any]
_REDIRECTS = {301, 302, 303, 307, 308}


@dataclass(frozen=True, slots=True)
class Answer:
    """A success. `result` is any JSON value, `time` the portal's own figures (seconds, may be empty)."""

    result: Any
    time: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0


def call(endpoint: str, method: str, params: Params, *, token: str = "", read_seconds: float | None = None) -> Answer:
    """Call `method` once and return its answer.

    `endpoint` is the portal's REST base with a trailing slash: `https://PORTAL/rest/` with an access
    `token`, or a webhook's `https://PORTAL/rest/USER/CODE/` without one. The token travels in the JSON
    body, never in the address, which proxies write down. Raises an error of `b24app.errors`.
    """
    body = {**params, "auth": token} if token else params
    seconds = settings.B24_HTTP_TIMEOUT if read_seconds is None else read_seconds
    began = time.monotonic()
    response = transport.send("POST", endpoint + method, read_seconds=seconds, json=body)
    return read(response, method, time.monotonic() - began)


def read(response: requests.Response, method: str, seconds: float = 0.0) -> Answer:
    """The meaning of an HTTP answer to a call of `method`."""
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
    figures = envelope.get("time")
    return Answer(envelope["result"], figures if isinstance(figures, dict) else {}, seconds)


def _envelope(response: requests.Response) -> dict[str, Any] | None:
    try:
        body = response.json()
    except ValueError:
        return None
    return body if isinstance(body, dict) else None
