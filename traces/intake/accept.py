"""Accepts a submission: checks it and has it stored (`traces.intake.inserts`). A 2xx means that the row is committed.

Whatever cannot be stored is refused with a clear 4xx before anything is written. An unavailable database raises
`django.db.Error`, which the view answers with 503.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from b24app.host.encryption import fingerprint
from b24app.models import Portal
from traces.compose import consent, steps
from traces.compose.visitor import Visitor, recognise
from traces.intake import inserts, raw_names, spam
from traces.intake.problems import Problem
from traces.intake.senders import Posted
from traces.models import Form, Kind, Submission
from traces.setup import quota

MAX_KEY_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Accepted:
    """A stored submission; `created` is False if the same request had been stored before."""

    submission: Submission
    created: bool


def check_open(form: Form) -> None:
    """Raise `Problem` if the application was removed from the form's portal: then nothing of a visitor is stored.

    The form opens again under the same key when the application is installed again.
    """
    if form.portal.state == Portal.State.UNINSTALLED:
        title = "This form takes no submissions any more."
        detail = "Trace Relay was removed from the portal that the form belonged to. Nothing was stored."
        raise Problem(410, "uninstalled", title, detail)


def check_room(form: Form) -> None:
    """Raise `Problem` (429) if too much waits for the form's portal already."""
    if quota.waiting(form.portal_id).is_full:
        title = "Too much waits for this form's portal already."
        detail = "Nothing was stored. Its administrator reads in Trace Relay why the portal takes nothing."
        raise Problem(429, "queue_full", title, detail, retry_after=quota.LOOK_SECONDS)


def accept(
    form: Form,
    posted: Posted,
    *,
    fields: Any = None,
    key: str = "",
    trusted: bool = False,
    is_spam: bool = False,
    admission: spam.Admission | None = None,
) -> Accepted:
    """Store one submission of `form` and return it once it is committed.

    `fields` is the tree that was read (see `raw_names`), `key` the request's Idempotency-Key, `trusted` whether the
    form's secret was shown. A request that was stored before is recognised by that key, by the sender's own delivery
    id, or, where it names a phone or an e-mail, by its body (`Form.join_repeats_minutes`). Raises `Problem`, also where
    the `admission` has no room for it.
    """
    _check_key(key)
    _check_entities(form, posted.body, trusted=trusted)
    visitor = recognise(posted.body)
    submission = _build(form, posted, key)
    submission.consent = consent.state(form.consent_field, posted.body, visitor)
    submission.body = raw_names.with_named(form.mapping, fields, posted)
    if posted.is_probe:
        submission.state, submission.due_at = Submission.State.TEST, None
    elif is_spam:
        spam.put_aside(submission)
    candidate = _candidate(submission, 0 if key else _minutes_to_join(form, posted, visitor), admission)
    outcome = inserts.insert(candidate)
    if admission:
        admission.note(outcome.taken)
    return _accepted(candidate, outcome)


def _candidate(submission: Submission, minutes: int, admission: spam.Admission | None) -> inserts.Candidate:
    limits = admission.limits if admission else []
    if not minutes:
        return inserts.Candidate(submission, limits)
    # Two that arrive at the same moment get the same key, unless the clock strikes between them.
    keys = _keys_of_repeat(submission, minutes)
    by_body = submission.idempotency_key is not None
    submission.idempotency_key = submission.idempotency_key or keys[0]
    return inserts.Candidate(submission, limits, minutes, keys, by_body)


def _accepted(candidate: inserts.Candidate, outcome: inserts.Outcome) -> Accepted:
    submission, stored = candidate.submission, outcome.stored
    if stored is None:
        return Accepted(submission, created=True)
    if stored.body_hash != submission.body_hash:
        raise Problem(
            409,
            "idempotency_key_reused",
            "This Idempotency-Key was used for another submission.",
            "Use a new key for each submission, and the same one only to repeat it.",
        )
    stored.form, stored.portal = submission.form, submission.portal
    return Accepted(stored, created=False)


def _build(form: Form, posted: Posted, key: str) -> Submission:
    body_hash = fingerprint(_digest(posted.body))
    return Submission(
        portal=form.portal,
        form=form,
        idempotency_key=fingerprint(key) if key else _key_of_delivery(posted, body_hash),
        body_hash=body_hash,
        body=posted.body,
        sender=posted.sender,
        sender_form_id=posted.form_id[:100],
        sender_form_name=posted.form_name[:200],
        repairs=list(posted.repairs),
    )


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def _key_of_delivery(posted: Posted, body_hash: str) -> str | None:
    """A key that is the same for the same delivery sent again: an id that comes with another body is another one."""
    if not posted.delivery_id:
        return None
    return f"{posted.sender or 'delivery'}:{fingerprint(_digest([posted.delivery_id, body_hash]))}"


def _minutes_to_join(form: Form, posted: Posted, visitor: Visitor) -> int:
    """Returns the minutes within which the same body is one submission; a body that names nobody always is its own."""
    names_somebody = bool(visitor.phones or visitor.emails)
    return form.join_repeats_minutes if names_somebody or posted.is_probe else 0


def _keys_of_repeat(submission: Submission, minutes: int) -> list[str]:
    """The keys of the same body now and, at the latest, so many minutes ago."""
    window = int(submission.received_at.timestamp()) // (60 * minutes)
    return [f"body:{submission.body_hash}:{number}" for number in (window, window - 1)]


def _check_key(key: str) -> None:
    if len(key) > MAX_KEY_LENGTH or not key.isprintable():
        raise Problem(
            400, "bad_idempotency_key", f"An Idempotency-Key has at most {MAX_KEY_LENGTH} printable characters."
        )


def _check_entities(form: Form, body: Mapping[str, Any], *, trusted: bool) -> None:
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
