"""The description of the intake in the form of OpenAPI, `/in/openapi.json`: a file, which tests hold to the code."""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path

from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response
from django.utils.http import quote_etag
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from traces.intake.answers import answer_problems

SOURCE = Path(__file__).with_name("openapi.json")
CACHE_SECONDS = 300


@csrf_exempt
@answer_problems
@require_safe
def serve(request: HttpRequest) -> HttpResponse:
    """The description, which any website's script may read."""
    content, etag = _document()
    response = HttpResponse(content, content_type="application/json")
    response["Cache-Control"] = f"public, max-age={CACHE_SECONDS}"
    response["ETag"] = etag
    response["Access-Control-Allow-Origin"] = "*"
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    return get_conditional_response(request, etag=etag, response=response) or response


@functools.cache
def _document() -> tuple[bytes, str]:
    content = SOURCE.read_bytes()
    return content, quote_etag(hashlib.sha256(content).hexdigest()[:32])
