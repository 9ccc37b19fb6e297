"""What a visitor has typed into a plain form that cannot be stored now: a page asks to send it again.

The fields stand in that page, so that nothing is typed twice; they are kept nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.http import HttpRequest

from traces.intake.reading import Reading

MAX_FIELDS, MAX_CHARACTERS = 200, 64 * 1024
MAX_PAGE_LENGTH = 2048
# What belongs into no page, or is of no use a second time.
_SECRET = ("password", "passwd", "token", "secret", "csrf", "nonce", "captcha", "authorization", "apikey", "api_key")
_KEY = "trace_relay.kept_fields"


@dataclass(frozen=True, slots=True)
class Kept:
    """The fields as (name, value), in their order, and whether there were files, which are not kept."""

    fields: tuple[tuple[str, str], ...]
    had_files: bool


def keep(request: HttpRequest, reading: Reading) -> None:
    """Keep the fields of a browser's form with its request, if they are few enough for a page."""
    if not reading.is_browser_form or not isinstance(reading.fields, Mapping):
        return
    pairs = [
        (name, text)
        for name, value in reading.fields.items()
        for text in (value if isinstance(value, list) else [value])
        if isinstance(text, str) and not any(word in name.lower() for word in _SECRET)
    ]
    page = request.headers.get("Referer", "")
    if page.startswith(("https:", "http:")) and not any(name.lower() == "page_url" for name, _text in pairs):
        pairs.append(("page_url", page[:MAX_PAGE_LENGTH]))  # it will be ours the next time
    if 0 < len(pairs) <= MAX_FIELDS and sum(len(name) + len(text) for name, text in pairs) <= MAX_CHARACTERS:
        request.META[_KEY] = Kept(tuple(pairs), bool(reading.files))


def of_request(request: HttpRequest) -> Kept | None:
    """What was kept with the request."""
    kept: Kept | None = request.META.get(_KEY)
    return kept
