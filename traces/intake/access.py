"""Who may send to a form: web pages by their origin, servers by the form's secret."""

from __future__ import annotations

import functools
import hashlib
import hmac
from urllib.parse import urlsplit

from django.conf import settings
from django.utils import timezone

from traces.intake.problems import Problem
from traces.models import Form

_USUAL_PORTS = {"http": 80, "https": 443}


def may_send_from(form: Form, origin: str) -> bool:
    """Whether a page of this origin may send; a request without an origin comes from no page.

    Our own may, which asks a visitor to send once more what could not be taken (`traces.intake.kept_fields`).
    """
    known = origin.lower().rstrip("/")
    return not origin or not form.origins or known in form.origins or known == _own_origin(settings.APP_URL)


@functools.lru_cache(maxsize=2)
def _own_origin(app_url: str) -> str:
    try:
        return normal_origin(app_url)
    except ValueError:  # an operator may have written anything
        return ""


def normal_origin(url: str) -> str:
    """The origin of an address as a browser sends it (`https://shop.example`). Raises ValueError if it has none."""
    parts = urlsplit(url)
    if parts.scheme not in _USUAL_PORTS or not parts.hostname:
        raise ValueError("An origin looks like https://shop.example")
    host = parts.hostname.encode("idna").decode()
    port = "" if parts.port in (None, _USUAL_PORTS[parts.scheme]) else f":{parts.port}"
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}{port}"


def shows_secret(form: Form, authorization: str) -> bool:
    """Whether the Authorization header shows the form's secret; False if there is none. Raises `Problem`.

    The secret before the current one counts until its time is over (`traces.setup.forms.renew_secret`).
    """
    if not authorization:
        return False
    kind, _, secret = authorization.partition(" ")
    digest = hashlib.sha256(secret.strip().encode()).hexdigest()
    known = [form.secret_hash]
    if form.old_secret_until and timezone.now() < form.old_secret_until:
        known.append(form.old_secret_hash)
    if kind.lower() != "bearer" or not any(hmac.compare_digest(digest, one) for one in known):
        raise Problem(401, "wrong_secret", "The form's secret is wrong.", "Send Authorization: Bearer <secret>.")
    return True
