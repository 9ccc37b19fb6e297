"""Making a form and keeping it: its secret, its mapping, what the portal requires of it.

The page in the portal and the operator's command do the same with these functions.
"""

from __future__ import annotations

import hashlib
import itertools
import secrets
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from cryptography.fernet import InvalidToken
from django.conf import settings
from django.core import serializers
from django.utils import timezone

from b24app.host import encryption
from b24app.host.transactions import writing
from b24app.models import Portal
from b24app.portal.crm_directory import Field
from traces.compose import fields
from traces.compose.visitor import submitted_values
from traces.models import Form

# How long the former secret is good, so that a server can be given the new one in peace.
OLD_SECRET_FOR = timedelta(hours=24)
# So long a deleted form can be brought back.
RESTORE_FOR = timedelta(minutes=1)
# What of a name stands before a number that tells it from another one.
NAME_ROOM = 110
# What a copy of a form does not have in common with it.
_ITS_OWN = {
    *("id", "portal", "name", "key", "created_at", "rota"),
    *("secret_hash", "old_secret_hash", "old_secret_until"),
}
SUBMISSIONS_READ = 50
MAX_NAMES = 100


def create(portal: Portal, **values: Any) -> tuple[Form, str]:
    """Make a form with these values of the model's fields. Returns the form and its secret, which is stored nowhere.

    Raises `django.core.exceptions.ValidationError` with the faults by field.
    """
    secret = secrets.token_urlsafe(32)
    form = Form(portal=portal, secret_hash=_digest(secret), **values)
    form.full_clean()
    form.save()
    return form, secret


def free_name(name: str, *portals: Portal) -> str:
    """The name, or with a number behind it where another form of the portals has it already: `Name (2)`."""
    taken = set(
        Form.objects.filter(portal__in=portals, name__startswith=name[:NAME_ROOM]).values_list("name", flat=True)
    )
    numbered = (f"{name[:NAME_ROOM]} ({number})" for number in itertools.count(2))
    return next(one for one in itertools.chain([name], numbered) if one not in taken)


def duplicate(form: Form) -> tuple[Form, str]:
    """Make a form with the settings of another one, and what its visitors agree to. Returns it and its secret."""
    values = {field.name: getattr(form, field.name) for field in Form._meta.concrete_fields}
    for name in _ITS_OWN:
        del values[name]
    with writing():
        copy, secret = create(form.portal, **values, name=free_name(form.name, form.portal))
        if text := consent_text(form, timezone.now()):
            copy.consent_texts.create(text=text)
    return copy, secret


def sealed(form: Form) -> str:
    """The whole form as an encrypted text, with which it can be brought back once it is deleted (`restore`)."""
    return encryption.encrypted(serializers.serialize("json", [form, *form.consent_texts.all()]))


def restore(portal: Portal, sealed: str) -> Form | None:
    """Bring back a form of the portal that was deleted, under its address and with its secret.

    Returns None where `sealed` is none of ours, or older than `RESTORE_FOR`.
    """
    try:
        seconds = int(RESTORE_FOR.total_seconds())
        text = encryption.cipher().decrypt(sealed.encode(errors="replace"), ttl=seconds).decode()
    except InvalidToken:
        return None
    rows = [read.object for read in serializers.deserialize("json", text)]
    form = rows[0]
    assert isinstance(form, Form)
    with writing():
        if form.portal_id != portal.pk or Form.objects.filter(pk=form.pk).exists():
            return None
        form.name = free_name(form.name, portal)
        for row in rows:
            row.save(force_insert=True)
    return form


def renew_secret(form: Form, *, at_once: bool = False) -> str:
    """Give the form a new secret and return it.

    The former one is good for another `OLD_SECRET_FOR`, unless it ends `at_once`.
    """
    secret = secrets.token_urlsafe(32)
    with writing():
        row = Form.objects.select_for_update().get(pk=form.pk)
        form.old_secret_hash = "" if at_once else row.secret_hash
        form.old_secret_until = None if at_once else timezone.now() + OLD_SECRET_FOR
        form.secret_hash = _digest(secret)
        form.save(update_fields=["secret_hash", "old_secret_hash", "old_secret_until"])
    return secret


def delete_or_disable(form: Form) -> bool:
    """Delete a form that nothing came through, else switch it off. Returns whether it was deleted."""
    with writing():
        # A submission that comes meanwhile waits for the form's row, and then finds none.
        Form.objects.select_for_update().get(pk=form.pk)
        if not form.submissions.exists():
            form.delete()
            return True
        form.active = False
        form.save(update_fields=["active"])
    return False


def address(form: Form) -> str:
    """Where the form's submissions are sent to."""
    return f"{settings.APP_URL}/in/{form.key}/"


def consent_text(form: Form, at: datetime) -> str:
    """What visitors of the form agreed to at this time; "" where nobody has written it down."""
    return form.consent_texts.filter(since__lte=at).values_list("text", flat=True).last() or ""


def keep_consent_text(form: Form, text: str) -> None:
    """From now on visitors of the form agree to this text."""
    now = timezone.now()
    if text != consent_text(form, now):
        form.consent_texts.create(text=text, since=now)


def submitted_names(form: Form) -> list[str]:
    """The names, never the values, that came with the form's latest submissions, the newest first."""
    latest = form.submissions.order_by("-received_at").values_list("body", flat=True)[:SUBMISSIONS_READ]
    names = dict.fromkeys(name for body in latest for name, _ in submitted_values(body))
    return list(names)[:MAX_NAMES]


def missing_fields(mapped: Mapping[str, Any], record: str, described: Iterable[Field]) -> list[Field]:
    """The fields that the portal requires of a record, and that neither its mapping nor a visitor's contacts fill."""
    known = {field.name: field for field in described}
    lacking = fields.missing(mapped, {name: {"isRequired": field.required} for name, field in known.items()})
    return [known[name] for name in lacking if name in mapped or name not in fields.usual(record)]


def field_types(
    mapping: Mapping[str, Any], described: Mapping[str, Iterable[Field]], former: Mapping[str, Any]
) -> dict[str, dict[str, Any]]:
    """What the portal says of the mapped fields, by record and field, as `Form.field_types` keeps it.

    `described` are the fields of the records that the portal has told of; of the others the `former` is kept.
    """
    found: dict[str, dict[str, Any]] = {}
    for record, rules in mapping.items():
        if record in described:
            types = {field.name: _type(field) for field in described[record] if field.name in rules}
        else:
            types = {name: facts for name, facts in former.get(record, {}).items() if name in rules}
        if types:
            found[record] = types
    return found


def keep_field_types(form: Form, described: Mapping[str, Iterable[Field]]) -> None:
    """Keep with the form what the portal says of its mapped fields now."""
    types = field_types(form.mapping, described, form.field_types)
    if types != form.field_types:
        form.field_types = types
        form.save(update_fields=["field_types"])


def _type(field: Field) -> dict[str, Any]:
    facts: dict[str, Any] = {"type": field.kind, "isMultiple": field.multiple}
    return {**facts, "items": [list(item) for item in field.items]} if field.items else facts


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
