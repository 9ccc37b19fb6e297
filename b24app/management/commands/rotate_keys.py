"""Encrypt everything that is stored encrypted with the first key, so that the others can go."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cryptography.fernet import InvalidToken
from django.apps import apps
from django.core.management.base import BaseCommand, CommandError
from django.db import models
from django.db.models.functions import Cast

from b24app.host import encryption
from b24app.host.transactions import writing

CHUNK = 500


class Command(BaseCommand):
    help = (
        "Encrypt all stored secrets with the first of FIELD_ENCRYPTION_KEYS, so that the others can be taken away. It "
        "may be run while the service works, and again where it was interrupted: what is done is left alone."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        unreadable = sum([self._rotate(model, field) for model, field in _columns()])
        if unreadable:
            raise CommandError(
                f"{unreadable} values cannot be read with any of the keys: keep the old keys, or add the missing one."
            )
        self.stdout.write("Everything is encrypted with the first key. The others can be taken away.")

    def _rotate(self, model: type[models.Model], field: str) -> int:
        """Encrypt a column anew, a chunk after the other. Returns how many of its values no key reads."""
        done = unreadable = last = 0
        total = _stored(model, field).count()
        while chunk := list(_stored(model, field).filter(pk__gt=last).values_list("pk", "stored")[:CHUNK]):
            with writing():
                unreadable += sum(not _encrypt_anew(model, field, pk, text) for pk, text in chunk)
            done, last = done + len(chunk), chunk[-1][0]
            self.stdout.write(f"{model._meta.label_lower}.{field}: {done} of {total}")
        return unreadable


def _columns() -> Iterator[tuple[type[models.Model], str]]:
    for model in apps.get_models():
        for field in model._meta.get_fields():
            if isinstance(field, encryption.EncryptedTextField):
                yield model, field.name


def _stored(model: type[models.Model], field: str) -> models.QuerySet[Any]:
    """The rows that have a value, with it as it stands in the database."""
    rows = model._default_manager.annotate(stored=Cast(field, models.TextField()))
    return rows.exclude(stored="").order_by("pk")


def _encrypt_anew(model: type[models.Model], field: str, pk: int, text: str) -> bool:
    """Encrypt a value with the first key, unless it was changed meanwhile. Returns whether a key reads it."""
    if encryption.is_current(text):
        return True
    try:
        value = encryption.cipher().decrypt(text.encode()).decode()
    except InvalidToken:
        return False
    _stored(model, field).order_by().filter(pk=pk, stored=text).update(**{field: value})
    return True
