"""Taking a submission: read it, check it, store it by one committed insert. A 2xx means that the row is there.

Whatever cannot be stored is refused with a clear 4xx before anything is written; whatever can is kept, with
a repair noted where a part of it was unreadable. A database that is away raises `django.db.Error`, which the
view answers with 503.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn
from urllib.parse import urlsplit

from django.db import IntegrityError
from django.utils import timezone

from b24app.host.transactions import in_line
from traces.compose import search, steps, trace
from traces.compose.visitor import recognise
from traces.intake import spam
from traces.intake.problems import Problem
from traces.models import Form, Kind, Submission

MAX_BODY_BYTES = 64 * 1024
MAX_DEPTH = 12
MAX_VALUES = 1000
MAX_KEY_LENGTH = 200
_USUAL_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Accepted:
    """A stored submission; `created` is False where the same request had been stored before."""

    submission: Submission
    created: bool


def accept(form: Form, fields: Mapping[str, Any], raw: bytes, *, key: str, trusted: bool) -> Accepted:
    """Store one submission of `form` and return it once it is committed.

    `fields` is the parsed body, `raw` the bytes that stand for it (they tell a repeated request from another one
    with the same Idempotency-Key `key`), `trusted` whether the form's secret was shown. Raises `Problem`.
    """
    repairs: list[str] = []
    body = _storable(dict(fields), repairs)
    _check_entities(form, body, trusted=trusted)
    prepared = trace.prepare(body, 0)
    submission = Submission(
        portal=form.portal,
        form=form,
        idempotency_key=_checked_key(key),
        body_hash=hashlib.sha256(raw).hexdigest(),
        body=body,
        search=search.text_of(recognise(body), prepared.trace),
        repairs=list(dict.fromkeys([*repairs, *prepared.repairs])),
    )
    if spam.is_caught(form, body):
        spam.put_aside(submission)
    try:
        with in_line():
            submission.save(force_insert=True)  # outside any transaction: one statement, committed by itself
    except IntegrityError:
        stored = _same(form, submission)
        if stored is None:
            raise  # the form was deleted a moment ago: whoever sends again learns that there is none
        return Accepted(stored, created=False)
    return Accepted(submission, created=True)


def may_send_from(form: Form, origin: str) -> bool:
    """Whether a page of this origin may send; a request without an origin comes from no page."""
    return not origin or not form.origins or origin.lower().rstrip("/") in form.origins


def normal_origin(url: str) -> str:
    """The origin of an address as a browser sends it (`https://shop.example`). Raises ValueError where it has none."""
    parts = urlsplit(url)
    if parts.scheme not in _USUAL_PORTS or not parts.hostname:
        raise ValueError("An origin looks like https://shop.example")
    host = parts.hostname.encode("idna").decode()
    port = "" if parts.port in (None, _USUAL_PORTS[parts.scheme]) else f":{parts.port}"
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}{port}"


def shows_secret(form: Form, authorization: str) -> bool:
    """Whether the Authorization header shows the form's secret; False where there is none. Raises `Problem`.

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


def read_json(raw: bytes) -> dict[str, Any]:
    """The object of a JSON body. Raises `Problem`."""
    try:
        value = json.loads(raw, parse_constant=_no_such_number, parse_float=_float)
    except RecursionError:
        _too_much("it is nested too deeply")
    except ValueError:
        raise Problem(400, "unreadable_body", "The body is not JSON.", "Send one JSON object in UTF-8.") from None
    if not isinstance(value, dict):
        raise Problem(400, "unreadable_body", "The body is not a JSON object.", "Send one JSON object in UTF-8.")
    return value


def _no_such_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no JSON number")


def _float(text: str) -> float | str:
    """A number, or its text where it is beyond what can be stored."""
    number = float(text)
    return number if math.isfinite(number) else text


def _same(form: Form, submission: Submission) -> Submission | None:
    if submission.idempotency_key is None:
        return None
    stored = Submission.objects.filter(form=form, idempotency_key=submission.idempotency_key).first()
    if stored and stored.body_hash != submission.body_hash:
        raise Problem(
            409,
            "idempotency_key_reused",
            "This Idempotency-Key was used for another submission.",
            "Use a new key for each submission, and the same one only to repeat it.",
        )
    return stored


def _checked_key(key: str) -> str | None:
    if len(key) > MAX_KEY_LENGTH or not key.isprintable():
        raise Problem(
            400, "bad_idempotency_key", f"An Idempotency-Key has at most {MAX_KEY_LENGTH} printable characters."
        )
    return key or None


def _check_entities(form: Form, body: dict[str, Any], *, trusted: bool) -> None:
    if "ENTITIES" not in body and form.creates != Kind.LINK:
        return
    if not trusted:
        raise Problem(
            403,
            "secret_required",
            "Only a server may name the records to link.",
            "Send the form's secret as Authorization: Bearer <secret>, never from a browser.",
        )
    if fault := steps.entities_fault(body.get("ENTITIES")):
        raise Problem(422, "bad_entities", "The records to link are not usable.", fault)


def _storable(body: dict[str, Any], repairs: list[str]) -> dict[str, Any]:
    """The body as any database can store it, within the limits on depth and number of values."""
    count = 0

    def clean(value: Any, depth: int) -> Any:
        nonlocal count
        count += 1
        if depth > MAX_DEPTH:
            _too_much("it is nested too deeply")
        if count > MAX_VALUES:
            _too_much("it has too many values")
        if isinstance(value, str):
            return _text(value, repairs)
        if isinstance(value, dict):
            return {_text(str(key), repairs): clean(item, depth + 1) for key, item in value.items()}
        if isinstance(value, list):
            return [clean(item, depth + 1) for item in value]
        if isinstance(value, int) and abs(value) >= 2**63:
            return str(value)
        return value

    cleaned: dict[str, Any] = clean(body, 0)
    return cleaned


def _text(value: str, repairs: list[str]) -> str:
    """Without NUL and half surrogate pairs, which neither PostgreSQL nor UTF-8 can hold."""
    if "\0" not in value and value.isascii():
        return value
    cleaned = value.replace("\0", "\ufffd").encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    if cleaned != value:
        repairs.append("characters_replaced")
    return cleaned


def _too_much(what: str) -> NoReturn:
    raise Problem(
        422,
        "too_complex",
        f"The body cannot be taken: {what}.",
        f"At most {MAX_DEPTH} levels and {MAX_VALUES} values are taken.",
    )
