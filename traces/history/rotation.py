"""Rotating the keys: every encrypted value is written anew with the first one, and with it what it is found by.

Row by row in chunks by primary key, while the service works. A row that somebody else has in this moment, or has
changed meanwhile, is not waited for and not overwritten: it is looked at once more, until none is left.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, models, transaction
from django.db.models import F

from b24app.host import encryption
from b24app.host.encrypted_columns import columns, stored
from b24app.host.transactions import writing
from traces.compose import search
from traces.delivery import findable
from traces.models import Source, Submission, Unmatched

CHUNK = 200
# A row that is busy each time it is looked at would be so for minutes.
MAX_PASSES = 50


@dataclass(slots=True)
class Progress:
    """How many rows of a table were looked at, how many values no key reads, and how many rows were busy."""

    done: int = 0
    unreadable: int = 0
    busy: int = 0
    changed: int = 0


def rotate(model: type[models.Model]) -> Iterator[Progress]:
    """Write a table's values anew, and tell after each chunk how far that has come.

    It ends with a pass over the table that has found nothing to do: what others stored meanwhile is seen too.
    """
    for _ in range(MAX_PASSES):
        progress = Progress()
        yield from _pass(model, progress)
        if not progress.busy and not progress.changed:
            return
    raise RuntimeError(f"{model._meta.label_lower} has rows that are never at rest")


def _pass(model: type[models.Model], progress: Progress) -> Iterator[Progress]:
    names = [f"stored_{name}" for name in columns(model)]
    rows = stored(model).values("pk", *names)
    chunk = list(rows[:CHUNK])
    while chunk:
        # Encrypting takes longer than writing, and nobody has to wait for it.
        new = {row["pk"]: found for row in chunk if (found := _rotated(row, names, progress))}
        if new:
            _write(model, {row["pk"]: row for row in chunk}, new, progress)
        progress.done += len(chunk)
        yield progress
        chunk = list(rows.filter(pk__gt=chunk[-1]["pk"])[:CHUNK])
    yield progress


def _rotated(row: dict[str, Any], names: Sequence[str], progress: Progress) -> dict[str, str]:
    """The columns of a row that are to be written anew, with what is written."""
    new = {}
    for name in names:
        text = row[name]
        if not text or text == "{}" or encryption.is_current(text):
            continue
        plain = encryption.decrypted(text)
        if plain is None:
            progress.unreadable += 1
        else:
            new[name] = encryption.encrypted(plain)
    return new


def _write(
    model: type[models.Model], former: dict[Any, dict[str, Any]], new: dict[Any, dict[str, str]], progress: Progress
) -> None:
    """Write the chunk where its rows are as they were read. It waits for no row, so that no two wait for each other."""
    written = 0
    with writing():
        for row in stored(model).filter(pk__in=new).select_for_update(skip_locked=True):
            was, values = former[row.pk], new[row.pk]
            if all(getattr(row, name) == was[name] for name in values):
                _write_row(model, row, values)
                written += 1
    progress.changed += written
    progress.busy += len(new) - written


def _write_row(model: type[models.Model], row: Any, new: dict[str, str]) -> None:
    values: dict[str, Any] = {
        name.removeprefix("stored_"): models.Value(text, models.TextField()) for name, text in new.items()
    }
    if isinstance(row, Submission) and "body" in values:
        values["terms"] = findable.terms(row)
    own = model._default_manager.filter(pk=row.pk)
    if not isinstance(row, (Source, Unmatched)):
        own.update(**values)
        return
    try:
        with transaction.atomic():
            own.update(**values, digest=_digest(row))
    except IntegrityError:
        _join(row)


def _digest(row: Source | Unmatched) -> int:
    return encryption.digest(row.portal_id, row.text if isinstance(row, Source) else row.value)


def _join(row: Source | Unmatched) -> None:
    """The same text was stored under the first key meanwhile: the two become one."""
    if isinstance(row, Source):
        same = Source.objects.get(portal=row.portal_id, digest=_digest(row))
        for name in search.CAME_BY:
            Submission.objects.filter(portal=row.portal_id, **{name: row.pk}).update(**{name: same.pk})
    else:
        twin = Unmatched.objects.filter(portal=row.portal_id, week=row.week, field=row.field, digest=_digest(row))
        twin.update(count=F("count") + row.count)
    row.delete()
