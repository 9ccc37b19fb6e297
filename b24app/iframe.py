"""Pages inside a portal's frame: who may frame them, and the language of the user who opened them."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation

from b24app.models import Portal

_NAMES = {code for code, _ in settings.LANGUAGES}
_ONLY_OURS = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; base-uri 'none'"


def language(request: HttpRequest) -> str:
    """The portal's `LANG` where we have that language, else English."""
    asked = request.GET.get("LANG", "").lower()
    return asked if asked in _NAMES else "en"


def page(
    request: HttpRequest,
    template: str,
    context: dict[str, Any] | None = None,
    *,
    portal: Portal | None = None,
    status: int = 200,
) -> HttpResponse:
    """Render a page for the frame of `portal`; without a proven portal it holds nothing worth framing."""
    code = language(request)
    with translation.override(code):
        response = render(request, template, {**(context or {}), "lang": code}, status=status)
    policy = f"{_ONLY_OURS}; form-action 'self'"
    if portal is not None:
        parts = urlsplit(portal.client_endpoint)
        origin = f"{parts.scheme}://{parts.netloc}"
        policy = f"{policy}; connect-src 'self' {origin}; frame-ancestors {origin}"
    response["Content-Security-Policy"] = policy
    response["Cache-Control"] = "no-store"
    response.xframe_options_exempt = True  # frame-ancestors says it better
    return response
