"""The public pages. The form for a new application in the vendor's area asks for their headers (HEAD) before it gives
an id (Bitrix24's documentation, "Preparing to publish", FAQ).
"""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.translation.trans_real import parse_accept_lang_header
from django.views.decorators.http import require_safe

from traces.site import documents, values
from traces.site.documents import HELP, LANGUAGES, LEGAL

_NAMES = {"en": "English", "ru": "Русский"}


@dataclass(frozen=True, slots=True)
class Choice:
    """One language of the switch."""

    code: str
    name: str
    here: bool


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What Trace Relay is; and what is still to be done where it does not know its client_id yet."""
    lacks = [name for name in ("B24_CLIENT_ID", "B24_CLIENT_SECRET") if not getattr(settings, name)]
    return _page(request, HELP, "about", lacks=lacks)


@require_safe
def privacy(request: HttpRequest) -> HttpResponse:
    """The privacy policy."""
    return _page(request, LEGAL, "privacy")


@require_safe
def license_agreement(request: HttpRequest) -> HttpResponse:
    """The licence agreement of the service (the source code's own licence is in LICENSE)."""
    return _page(request, LEGAL, "license")


@require_safe
def help_topic(request: HttpRequest, topic: str = "index") -> HttpResponse:
    """A topic of the help, or the list of all."""
    return _page(request, HELP, topic)


def language_of(request: HttpRequest) -> str:
    """The language that the address asks for, or the first of the browser's that is one of ours; else English."""
    asked = request.GET.get("lang", "")
    if asked in LANGUAGES:
        return asked
    accepted = parse_accept_lang_header(request.headers.get("Accept-Language", ""))
    ours = (code.partition("-")[0] for code, _weight in accepted)
    return next((code for code in ours if code in LANGUAGES), "en")


def _page(request: HttpRequest, folder: str, name: str, *, lacks: list[str] | None = None) -> HttpResponse:
    language = language_of(request)
    try:
        document = documents.document(folder, language, name)
    except KeyError:
        raise Http404 from None
    with translation.override(language):
        context = {
            "title": document.title,
            "text": document.filled(values.values()),
            "lang": language,
            "languages": [Choice(code, _NAMES[code], code == language) for code in LANGUAGES],
            "lacks": lacks,
            "app_url": settings.APP_URL,
            # Nobody else is told what the operator has to do.
            "unset": values.missing() if values.on_this_machine() else [],
        }
        response = render(request, "site/document.html", context)
    response["Content-Language"] = language
    patch_vary_headers(response, ["Accept-Language"])
    return response
