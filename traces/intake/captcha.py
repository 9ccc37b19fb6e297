"""Whether a person sent a submission, according to its form's captcha: Turnstile, hCaptcha or reCAPTCHA.

The proof is a token, which the provider is asked about. It is no part of the submission: it is taken out of the fields
before anything reads them. Whatever comes of it, nothing is lost. Without a good token a submission is put aside as
spam. Where the provider cannot be asked, or does not know the form's secret, it is taken with a note: a lead that
waits unseen costs a site more than a piece of spam does, and some providers are out of reach in some countries.

Sources: Cloudflare's, hCaptcha's and Google's pages on server-side validation (`siteverify`).
"""

from __future__ import annotations

import logging
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from typing import Any

from b24app.api import errors, transport
from b24app.pace import counters
from traces.intake.problems import Problem
from traces.models import Captcha, Form

logger = logging.getLogger(__name__)

# What the website script sends the token as (`traces/static/traces/captcha.js`).
TOKEN = "_captcha"
NOTE = "captcha_unverified"
SECONDS = 3.0
# After the provider did not answer, for so long nobody is kept waiting for it again.
REST_SECONDS = 30.0
# Threads of the intake that may wait for providers at the same time, out of twenty.
MAX_WAITING = 8
MAX_TOKEN_LENGTH = 8192
# Google's own default: below it a visitor is rather a program.
MIN_SCORE = 0.5
# A token is good once. Whoever repeats a request under the same key is not asked for another so long.
KNOWN_SECONDS = 15 * 60.0
# The form's settings or the provider are to blame for these, not the visitor.
_NOT_THE_VISITORS = {
    *("missing-input-secret", "invalid-input-secret", "sitekey-secret-mismatch", "not-using-dummy-secret"),
    *("internal-error", "bad-request", "invalid-keys", "missing-remoteip", "invalid-remoteip"),
}


@dataclass(frozen=True, slots=True)
class Provider:
    """The name under which a provider's widget puts the token into a form, and who is asked about it."""

    field: str
    url: str


_GOOGLE = Provider("g-recaptcha-response", "https://www.google.com/recaptcha/api/siteverify")
PROVIDERS: dict[str, Provider] = {
    Captcha.TURNSTILE: Provider("cf-turnstile-response", "https://challenges.cloudflare.com/turnstile/v0/siteverify"),
    Captcha.HCAPTCHA: Provider("h-captcha-response", "https://api.hcaptcha.com/siteverify"),
    Captcha.RECAPTCHA: _GOOGLE,
    Captcha.RECAPTCHA3: _GOOGLE,
}


class Verdict(Enum):
    """What is known of who has sent it."""

    PERSON = "person"
    NOBODY = "nobody"
    UNKNOWN = "unknown"


_waiting = threading.BoundedSemaphore(MAX_WAITING)
_resting_until: dict[str, float] = {}


def take_token(form: Form, fields: Any) -> str:
    """Take the tokens of all providers out of the fields as they came. Returns the one of the form's own."""
    if not isinstance(fields, dict):
        return ""
    taken = {name: fields.pop(name, None) for name in {TOKEN, *(one.field for one in PROVIDERS.values())}}
    provider = PROVIDERS.get(form.captcha)
    names = (TOKEN, provider.field) if provider else ()
    return next((text for name in names if isinstance(text := taken[name], str) and text), "")


def verdict(form: Form, token: str, *, key: str = "", trusted: bool = False) -> Verdict:
    """The verdict of the form's captcha on this token; `key` is the request's Idempotency-Key.

    Whoever shows the form's secret needs no token. Raises `Problem` (429) if too many wait for the provider.
    """
    if trusted or form.captcha not in PROVIDERS:
        return Verdict.PERSON
    if not token or len(token) > MAX_TOKEN_LENGTH:
        return Verdict.NOBODY
    seen = ("captcha", form.key, key, token)
    if key and counters.remembers(*seen):
        return Verdict.PERSON
    found = _asked(form, token)
    if key and found is Verdict.PERSON:
        counters.remember(*seen, seconds=KNOWN_SECONDS)
    return found


def _asked(form: Form, token: str) -> Verdict:
    if time.monotonic() < _resting_until.get(form.captcha, 0.0):
        return Verdict.UNKNOWN
    if not _waiting.acquire(blocking=False):
        raise Problem(
            429, "too_many", "Too many submissions arrive here at the moment.", "Send it again.", retry_after=2
        )
    try:
        answer = _ask(form, token)
    finally:
        _waiting.release()
    if answer is None:
        _resting_until[form.captcha] = time.monotonic() + REST_SECONDS
        logger.warning("the captcha %s cannot be asked: submissions are taken with a note", form.captcha)
        return Verdict.UNKNOWN
    return _read(form, answer)


def _ask(form: Form, token: str) -> dict[str, Any] | None:
    """The provider's answer; None if there is none that can be read. The visitor's address is not sent."""
    facts = {"secret": form.captcha_secret, "response": token}
    if form.captcha == Captcha.HCAPTCHA:
        facts["sitekey"] = form.captcha_site_key
    with suppress(errors.PortalError, ValueError, RecursionError):
        answer = transport.send("POST", PROVIDERS[form.captcha].url, read_seconds=SECONDS, data=facts).json()
        return answer if isinstance(answer, dict) and isinstance(answer.get("success"), bool) else None
    return None


def _read(form: Form, answer: dict[str, Any]) -> Verdict:
    codes = answer.get("error-codes")
    blamed = {code for code in codes if isinstance(code, str)} if isinstance(codes, list) else set()
    if not answer["success"]:
        if found := sorted(blamed & _NOT_THE_VISITORS):
            logger.error("the captcha %s of form %s does not work: %s", form.captcha, form.pk, found[0])
            return Verdict.UNKNOWN
        return Verdict.NOBODY
    score = answer.get("score")
    if form.captcha == Captcha.RECAPTCHA3:
        return Verdict.PERSON if isinstance(score, int | float) and score >= MIN_SCORE else Verdict.NOBODY
    return Verdict.PERSON
