"""Rotating the keys: every encrypted value is written anew with the first one, and with it what it is found by.

Row by row in chunks by primary key, while the service works. A row that somebody else has in this moment, or has
changed meanwhile, is not waited for and not overwritten: it is looked at once more, until none is left.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, connection, models, transaction
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
    names = columns(model)
    of_portal = ["portal_id"] if model is Submission else []
    rows = stored(model).values("pk", *of_portal, *(f"stored_{name}" for name in names))
    chunk = list(rows[:CHUNK])
    while chunk:
        # Encrypting and hashing take longer than writing, and nobody has to wait for them.
        new = {row["pk"]: found for row in chunk if (found := _rotated(row, names, progress))}
        if new:
            _write(model, {row["pk"]: row for row in chunk}, new, progress)
        progress.done += len(chunk)
        yield progress
        chunk = list(rows.filter(pk__gt=chunk[-1]["pk"])[:CHUNK])
    yield progress


def _rotated(row: Mapping[str, Any], names: Sequence[str], progress: Progress) -> dict[str, str]:
    """The columns of a row that are to be written anew, with what is written."""
    new = {}
    for name in names:
        text = row[f"stored_{name}"]
        if not text or text == "{}" or encryption.is_current(text):
            continue
        plain = encryption.decrypted(text)
        if plain is None:
            progress.unreadable += 1
            continue
        new[name] = encryption.encrypted(plain)
        if name == "body" and "portal_id" in row:
            new["terms"] = findable.terms_of_body(row["portal_id"], _body(plain))
    return new


def _body(plain: str) -> dict[str, Any]:
    """A submission's body; an empty one where what is stored is none."""
    try:
        body = json.loads(plain)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _write(
    model: type[models.Model],
    former: Mapping[Any, Mapping[str, Any]],
    new: Mapping[Any, Mapping[str, str]],
    progress: Progress,
) -> None:
    """Write the chunk where its rows are as they were read. It waits for no row, so that no two wait for each other."""
    names = [f"stored_{name}" for name in columns(model)]
    with writing():
        free = stored(model).filter(pk__in=new).select_for_update(skip_locked=True)
        same = [
            row["pk"]
            for row in free.values("pk", *names)
            if all(row[name] == former[row["pk"]][name] for name in names)
        ]
        if issubclass(model, (Source, Unmatched)):
            _write_with_digests(free.filter(pk__in=same), new)
        else:
            _update(model, {pk: new[pk] for pk in same})
    progress.changed += len(same)
    progress.busy += len(new) - len(same)


def _update(model: type[models.Model], new: Mapping[Any, Mapping[str, str]]) -> None:
    """Write rows by hand: by `update` one takes as long as making its values does."""
    quote, key = connection.ops.quote_name, model._meta.pk
    assert key is not None
    alike: dict[tuple[str, ...], list[list[Any]]] = defaultdict(list)
    for pk, values in new.items():
        alike[tuple(values)].append([*values.values(), key.get_db_prep_save(pk, connection)])
    with connection.cursor() as cursor:
        for names, rows in alike.items():
            changes = ", ".join(f"{quote(name)} = %s" for name in names)
            where = f"{quote(str(key.column))} = %s"
            cursor.executemany(f"UPDATE {quote(model._meta.db_table)} SET {changes} WHERE {where}", rows)


def _write_with_digests(rows: Iterable[Source | Unmatched], new: Mapping[Any, Mapping[str, str]]) -> None:
    for row in rows:
        values = {name: models.Value(text, models.TextField()) for name, text in new[row.pk].items()}
        try:
            with transaction.atomic():
                type(row)._default_manager.filter(pk=row.pk).update(**values, digest=_digest(row))
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
