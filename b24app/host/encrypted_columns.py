"""Which columns are encrypted, and whether the keys read what is in them."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.db import models
from django.db.models.functions import Cast

from b24app.host import encryption
from b24app.host.encryption import EncryptedJSONField, EncryptedTextField

# Rows that are looked at in each of three places.
SAMPLES = 5


def models_encrypted() -> list[type[models.Model]]:
    """The models that have encrypted columns."""
    return [model for model in apps.get_models() if columns(model)]


def columns(model: type[models.Model]) -> list[str]:
    """The names of a model's encrypted columns."""
    fields = model._meta.concrete_fields
    return [field.name for field in fields if isinstance(field, (EncryptedTextField, EncryptedJSONField))]


def stored(model: type[models.Model]) -> models.QuerySet[Any]:
    """The rows by their keys, with their encrypted columns as they stand in the database, by `stored_NAME`."""
    names = {f"stored_{name}": Cast(name, models.TextField()) for name in columns(model)}
    rows: models.QuerySet[Any] = model._default_manager.order_by("pk").annotate(**names)
    return rows


def unreadable() -> list[str]:
    """The columns, as `traces.submission.body`, in which a sample has a value that no key reads.

    A few rows are looked at, found by their keys: the oldest, the newest and some between them.
    """
    return [
        f"{model._meta.label_lower}.{name}"
        for model in models_encrypted()
        for rows in [list(_sample(model))]
        for name in columns(model)
        if any(encryption.decrypted(row[f"stored_{name}"] or "") is None for row in rows)
    ]


def _sample(model: type[models.Model]) -> Iterator[dict[str, Any]]:
    rows = stored(model).values("pk", *(f"stored_{name}" for name in columns(model)))
    # Not by MIN and MAX: PostgreSQL has none of a UUID.
    oldest, newest = list(rows[:SAMPLES]), list(rows.order_by("-pk")[:SAMPLES])
    if not oldest:
        return
    yield from oldest
    yield from rows.filter(pk__gte=_between(oldest[0]["pk"], newest[0]["pk"]))[:SAMPLES]
    yield from newest


def _between(first: Any, last: Any) -> Any:
    if isinstance(first, uuid.UUID):
        return uuid.UUID(int=(first.int + last.int) // 2)
    return (first + last) // 2
