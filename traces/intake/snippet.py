"""The website snippet `/in/<key>.js`: one script for every site, with the address of the form put in."""

from __future__ import annotations

import functools
import hashlib
import json
import logging
import re
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response
from django.utils.http import quote_etag
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_safe

from b24app.models import Portal
from traces.intake.answers import answer_problems
from traces.models import Form

logger = logging.getLogger(__name__)

SOURCE = Path(__file__).resolve().parent.parent / "static" / "traces" / "snippet.js"
CAPTCHA = SOURCE.with_name("captcha.js")
CONTENT_TYPE = "text/javascript; charset=utf-8"
CACHE_SECONDS = 300
# A form whose portal has removed the application may open again at any moment.
CLOSED_CACHE_SECONDS = 60
_CLOSED = "// Trace Relay was removed from the portal of this form: this script does nothing.\n"
_NO_CAPTCHA = "const captcha = { proof: () => ({}) };"
_EMPTY_CONFIG = '{ form: "", intake: "" }'


@csrf_exempt
@gzip_page
@answer_problems
@require_safe
def serve(request: HttpRequest, key: str) -> HttpResponse:
    """The script of the form with this public key, or 404 with a comment that says why.

    A form whose portal has removed the application gets a script that does nothing, so that its site shows no error.
    """
    facts = _facts(key)
    if facts is None:
        comment = "// Trace Relay: there is no such form. Check the address of this script, or make a new form.\n"
        return HttpResponse(comment, status=404, content_type=CONTENT_TYPE, headers={"Cache-Control": "no-cache"})
    state, min_seconds, provider, site_key = facts
    is_closed = state == Portal.State.UNINSTALLED
    text = _CLOSED if is_closed else script(key, timed=min_seconds > 0, captcha=(provider, site_key))
    etag = quote_etag(hashlib.sha256(text.encode()).hexdigest()[:32])
    response = HttpResponse(text, content_type=CONTENT_TYPE)
    response["Cache-Control"] = f"public, max-age={CLOSED_CACHE_SECONDS if is_closed else CACHE_SECONDS}"
    response["ETag"] = etag
    response["Cross-Origin-Resource-Policy"] = "cross-origin"  # sites that ask it of all they embed
    return get_conditional_response(request, etag=etag, response=response) or response


def script(key: str, *, timed: bool = False, captcha: tuple[str, str] = ("", "")) -> str:
    """The text of the snippet for one form.

    `timed` makes it send how long the page was open; `captcha` is a provider and the site's key for it.
    """
    config: dict[str, Any] = {"form": key, "intake": f"{settings.APP_URL}/in/{key}/"}
    if timed:
        config["timed"] = True
    text = _source(SOURCE)
    if captcha[0]:
        config["captcha"] = captcha
        text = text.replace(_NO_CAPTCHA, _source(CAPTCHA), 1)
    return text.replace(_EMPTY_CONFIG, json.dumps(config), 1)


def _facts(key: str) -> tuple[str, int, str, str] | None:
    """The state of the form's portal, the form's least seconds and its captcha; None if there is no such form.

    Nothing of it while the database is away, and then the script is the better answer: in the visitors' browsers it
    keeps what cannot be stored here.
    """
    try:
        forms = Form.objects.filter(key=key, active=True).values_list(
            "portal__state", "min_seconds", "captcha", "captcha_site_key"
        )
        return forms.first() if key.isprintable() else None
    except DatabaseError as error:
        logger.error("the database cannot tell whether a form exists: %s", type(error).__name__)
        return "", 0, "", ""


@functools.cache
def _source(path: Path) -> str:
    """A script without indentation and the comments inside it: what is at the top is for a site's administrator."""
    return re.sub(r"(?m)^ +(//.*\n)?|(?<=[;,({]) // .*$", "", path.read_text(encoding="utf-8"))
