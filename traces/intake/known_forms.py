"""The forms as they were a moment ago, so that a submission need not ask the database whose it is.

A change is seen at once by the process that made it, and by the others within `FRESH_SECONDS`.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from django.db import OperationalError, close_old_connections
from django.db.models.signals import post_delete, post_save

from b24app.host.together import Late, Together
from b24app.models import Portal, updated
from traces.intake.inserts import ANSWER_SECONDS, MAX_TOGETHER
from traces.intake.problems import Problem
from traces.models import Form

FRESH_SECONDS = 2.0
MAX_FORMS = 10_000


class _Known:
    """The forms by their keys, each with the time at which it was read."""

    def __init__(self) -> None:
        self.forms: dict[str, tuple[Form, float]] = {}
        self.changes = 0


_known = _Known()


def find(key: str) -> Form:
    """The form with this public key; it is shared, so nobody may change it. Raises `Problem` (404)."""
    form, read_at = _known.forms.get(key, (None, 0.0))
    if form is None or time.monotonic() - read_at > FRESH_SECONDS:
        # PostgreSQL takes no NUL, not even to look for it.
        form = _read(key) if key.isprintable() else None
    if form is None:
        raise Problem(404, "unknown_form", "There is no such form.", "Check the address, or make a new form.")
    return form


def forget(**_what: Any) -> None:
    """Read all forms again: one of them, or a portal, has changed."""
    _known.changes += 1
    _known.forms.clear()


def _read(key: str) -> Form | None:
    try:
        return reader.ask(key)
    except Late:
        raise OperationalError("the database took too long") from None


def _read_all(keys: Sequence[str]) -> list[Form | None]:
    changes, now = _known.changes, time.monotonic()
    if reader.has_thread:  # else Django looks after the connection, at the beginning of each request
        close_old_connections()
    forms = Form.objects.filter(key__in=set(keys), active=True).select_related("portal")
    # What is encrypted is not needed here, and costs as much to read as all the rest.
    found = {form.key: form for form in forms.defer("portal__webhook_url", "portal__application_token")}
    if len(_known.forms) > MAX_FORMS:
        _known.forms.clear()
    if changes == _known.changes:  # else what was read may be what was before
        _known.forms.update({key: (form, now) for key, form in found.items()})
    return [found.get(key) for key in keys]


reader: Together[str, Form | None] = Together("reader", _read_all, seconds=ANSWER_SECONDS, at_once=MAX_TOGETHER)
for model in (Form, Portal):
    post_save.connect(forget, sender=model)
    post_delete.connect(forget, sender=model)
    updated.connect(forget, sender=model)
