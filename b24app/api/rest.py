"""One REST call to a portal, and what its answer means.

Source: the fact sheets on REST calls (form of the request, envelope, errors) of Bitrix24's
documentation, "How to call the REST API", and the server's `rest` module.
"""

import json
from dataclasses import dataclass
from typing import Any, NoReturn

import requests
from django.conf import settings

from b24app.api import errors, transport
from b24app.api.batch import Operating, operating_of

Params = dict[str, Any]
_REDIRECTS = {301, 302, 303, 307, 308}
# What an honest answer stays far below: levels of lists and maps in each other, the characters of a number, and the
# values, which take many times the memory of their text (the signs between them are counted, those in texts too).
MAX_DEPTH, MAX_NUMBER_LENGTH, MAX_VALUES = 40, 40, 500_000


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
    url = endpoint + method
    return read(transport.send("POST", url, read_seconds=seconds, json=body), method, url)


def read(response: requests.Response, method: str, url: str) -> Reply:
    """What an HTTP answer to a call of `method` at `url` says, or the error of `b24app.api.errors` that it means."""
    if response.status_code in _REDIRECTS and method != "oauth":
        raise errors.of_redirect(response.headers.get("Location", ""), url)
    envelope = body_of(response)
    if isinstance(envelope, dict) and "result" in envelope and _is_success(envelope, response.status_code):
        return Reply(envelope["result"], operating_of(envelope.get("time")))
    if isinstance(envelope, dict) and "error" in envelope:
        error = errors.of_body(envelope, response.status_code, method)
    else:
        error = errors.of_unreadable(response.status_code, method)
    if isinstance(error, errors.Wait) and not error.method:
        error.seconds = max(error.seconds, _retry_after(response))
    raise error


def _is_success(envelope: dict[str, Any], status: int) -> bool:
    """Whether an answer with a result has no error; an empty one is none if the status says so too."""
    return "error" not in envelope or (status == 200 and envelope["error"] in (None, "", [], {}, False))


def _retry_after(response: requests.Response) -> float:
    """The seconds that what stands before the portal asks for; 0.0 where it names none, or a date."""
    text = response.headers.get("Retry-After", "").strip()
    return float(text) if text.isascii() and text.isdigit() and len(text) < MAX_NUMBER_LENGTH else 0.0


def body_of(response: requests.Response) -> Any:
    """The JSON value of an answer; None if it is none, or cannot be kept: too deep, too many values, no number."""
    if sum(map(response.content.count, (b",", b"[", b"{"))) > MAX_VALUES:
        return None
    try:
        body = json.loads(response.content, parse_int=_integer, parse_float=_number, parse_constant=_no_number)
    except (ValueError, RecursionError):
        return None
    return body if _is_shallow(body) else None


def _integer(text: str) -> int:
    return int(text) if len(text) <= MAX_NUMBER_LENGTH else _no_number(text)


def _number(text: str) -> float:
    number = float(text)
    # 1e999 is infinite.
    return number if len(text) <= MAX_NUMBER_LENGTH and abs(number) < float("inf") else _no_number(text)


def _no_number(text: str) -> NoReturn:
    raise ValueError("a number that cannot be kept")


def _is_shallow(body: Any) -> bool:
    level = [body]
    for _ in range(MAX_DEPTH):
        level = [
            child
            for value in level
            if isinstance(value, (dict, list))
            for child in (value.values() if isinstance(value, dict) else value)
        ]
        if not level:
            return True
    return False
