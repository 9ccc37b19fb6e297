"""Pages inside a portal's frame: who may frame them, and in which language and time zone they are."""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone, translation

from b24app.api import hosts
from b24app.frame import headers
from b24app.models import Portal
from b24app.portal.install import Opening

# What a portal calls its languages, where that is not what Django calls them
# (Bitrix24's documentation, "Language codes": `br` is Brazil's Portuguese, `la` is Spanish).
_PORTAL_NAMES = {"br": "pt-br", "la": "es"}
# A language is spoken as soon as it has a catalogue; what that lacks is told in English. Read once, as Django reads
# the catalogues themselves once in a process, and never changed: threads need no lock.
_OURS = {"en"} | {
    code
    for code, _ in settings.LANGUAGES
    for folder in settings.LOCALE_PATHS
    if (folder / translation.to_locale(code) / "LC_MESSAGES" / "django.mo").exists()
}


def language(asked: str) -> str:
    """Our code of the language that a portal calls by this name; English where we have none for it."""
    name = asked.lower()
    code = _PORTAL_NAMES.get(name, name)
    return code if code in _OURS else "en"


@contextmanager
def speaking(code: str, time_zone: str = "") -> Iterator[None]:
    """Texts, numbers and times are a reader's own within the block."""
    try:
        zone = zoneinfo.ZoneInfo(time_zone) if time_zone else None
    except (ValueError, OSError):  # no such zone; a portal may say anything
        zone = None
    with translation.override(code), timezone.override(zone):
        yield


def page(
    request: HttpRequest,
    template: str,
    context: dict[str, Any] | None = None,
    *,
    opening: Opening | None = None,
    status: int = 200,
) -> HttpResponse:
    """Render a page for the frame of the `opening`; without a proven one it holds nothing worth framing."""
    code = language(request.GET.get("LANG", ""))
    with speaking(code):
        response = render(request, template, {**(context or {}), "lang": code}, status=status)
    if opening:
        guard(response, opening.portal, opening.origin)
    else:
        guard(response, None, posted=request.method == "POST")
    return response


def guard(response: HttpResponseBase, portal: Portal | None, opened_from: str = "", *, posted: bool = False) -> None:
    """Say in an answer who may frame it, that it runs no script but ours, and that nobody keeps it.

    `opened_from` is the origin of the portal's page, where a proven opening named it: a portal has more names than the
    one it is called at. What answers a POST (`posted`) may have to tell somebody inside a portal that could not be
    proven what is wrong: it shows and does nothing else, so any page may frame it.
    """
    policy, ancestors = f"{headers.ONLY_OURS}; form-action 'self'", "'none'"
    if portal is not None:
        ancestors = " ".join(_origins(portal, opened_from))
        policy = f"{policy}; connect-src 'self' {ancestors}"
    elif posted:
        ancestors = "https: http:" if settings.B24_ALLOW_INSECURE_PORTALS else "https:"
    response["Content-Security-Policy"] = f"{policy}; frame-ancestors {ancestors}"
    response["Cache-Control"] = "no-store"
    if ancestors != "'none'":  # `frame-ancestors` says it better, and old browsers would heed both
        response.xframe_options_exempt = True  # type: ignore[attr-defined]


def _origins(portal: Portal, opened_from: str) -> list[str]:
    """The origins that the portal's page may have.

    A portal behind a proxy names the port of its own server, which is not the one that the browser sees: the same name
    without a port is allowed too.
    """
    scheme, host = hosts.split(portal.client_endpoint).scheme, hosts.of_url(portal.client_endpoint)
    origins = [f"{scheme}://{host}"]
    if opened_from and opened_from not in origins:
        opened = urlsplit(opened_from)
        origins += [opened_from, f"{opened.scheme}://{hosts.name_of(opened.netloc)}"]
    return list(dict.fromkeys(origins))
