"""Makes submissions findable without storing a visitor's words in the clear: their terms and their sources.

The intake stores neither. The worker that has delivered a row writes them in the same commit; the sweep does so for
what waits or has failed (`make`). A submission's terms are keyed hashes of eight characters, one behind the other in a
short text beside its time of arrival: looking through 100,000 of them reads an index and no row, and a delivered row
costs no further writes.
"""

from __future__ import annotations

import binascii
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet, Value
from django.db.models.functions import StrIndex
from django.db.models.lookups import GreaterThan

from b24app.host import encryption
from b24app.host.encryption import UnreadableObject
from b24app.host.masks import masked
from b24app.host.transactions import in_line, writing
from traces.compose import search, trace
from traces.compose.prepared import Prepared
from traces.compose.visitor import recognise
from traces.models import Source, Submission

# Rows that are written at once, and how long one sweep goes on.
CHUNK = 200
SWEEP_SECONDS = 3.0


def terms(row: Submission, prepared: Prepared | None = None) -> str:
    """The terms that find a submission, as stored; "" if its body cannot be read.

    `prepared`, if known, already has the tags and often the visitor.
    """
    if not row.body:
        return ""
    if prepared is None:
        return terms_of_body(row.portal_id, row.body)
    tags = (prepared.built.get("tags") or {}).get("list") or {}
    clean = {"tags": {"list": {**tags, "as it came": prepared.facts.utm_source}}}
    return hashed(row.portal_id, search.terms_of(prepared.visitor or recognise(row.body), clean))


def terms_of_body(portal_id: int, body: Mapping[str, Any]) -> str:
    """What a submission with this body is found by, as it is stored."""
    return hashed(portal_id, search.terms_of(recognise(body), trace.prepare(body, 0).trace))


def hashed(portal_id: int, plain: Iterable[str]) -> str:
    """Terms as they are stored, in an order that reveals nothing."""
    return "".join(sorted(map(_code, encryption.digests_of_all(portal_id, plain))))


def with_terms(portal_id: int, wanted: Sequence[tuple[str, ...]]) -> Q:
    """What asks for rows that have one term of each tuple. While keys are rotated, under either key."""
    asked = Q()
    for alternatives in wanted:
        codes = [_code(digest) for term in alternatives for digest in encryption.digests(portal_id, term)]
        asked &= Q(*(Q(GreaterThan(StrIndex("terms", Value(code)), 0)) for code in codes), _connector=Q.OR)
        if not codes:
            return Q(pk__in=[])
    return asked


def make(rows: QuerySet[Submission], seconds: float = SWEEP_SECONDS) -> int:
    """Write the terms of rows that have none, for about this long. Returns how many were written."""
    until, done = time.monotonic() + seconds, 0
    missing = rows.filter(terms__isnull=True).only("pk", "portal_id", "body")
    while chunk := list(missing[:CHUNK]):
        found = {row.pk: terms(row) for row in chunk}
        with writing():
            # Rows that another has in this moment are left to the next time: nobody waits for two at once.
            free = missing.filter(pk__in=found).select_for_update(skip_locked=True)
            ids = list(free.values_list("pk", flat=True))
            _write([(found[pk], pk) for pk in ids])
        done += len(ids)
        if not ids or time.monotonic() >= until:
            break
    return done


def sources(portal_id: int, texts: Iterable[str]) -> dict[str, int]:
    """The numbers of a portal's sources by their texts; those that are new are stored.

    Not to be called within `b24app.host.transactions`: several workers may store the same source at once.
    """
    digests = {text: encryption.digests(portal_id, text) for text in dict.fromkeys(texts)}
    known = _known(portal_id, digests)
    if missing := [text for text in digests if text not in known]:
        new = [Source(portal_id=portal_id, digest=digests[text][0], text=text) for text in missing]
        with in_line():
            Source.objects.bulk_create(sorted(new, key=lambda source: source.digest), ignore_conflicts=True)
        known |= _known(portal_id, {text: digests[text] for text in missing})
    return known


def keep_sources(rows: Iterable[Submission]) -> None:
    """Give the rows that were delivered the numbers of what they are counted by (`search.CAME_BY`)."""
    sent = [row for row in rows if row.came_by]
    for portal_id in {row.portal_id for row in sent}:
        texts = {row: _countable(row.came_by) for row in sent if row.portal_id == portal_id}
        numbers = sources(portal_id, [text for named in texts.values() for text in named.values() if text])
        for row, named in texts.items():
            for name, text in named.items():
                setattr(row, f"{name}_id", numbers.get(text))


def _countable(came_by: Mapping[str, str]) -> dict[str, str]:
    """The texts as they are kept: a tag with a contact in it is kept without that. A source is what was sent."""
    return {name: text if name == "source" else masked(text) for name, text in came_by.items()}


def source_numbers(portal_id: int, text: str) -> list[int]:
    """The numbers of the source with this text: none, one, and two for a moment while keys are rotated."""
    found = Source.objects.filter(portal=portal_id, digest__in=encryption.digests(portal_id, text))
    return list(found.values_list("pk", flat=True))


def is_unreadable(row: Submission) -> bool:
    """Whether no key reads the body of a submission."""
    return isinstance(row.body, UnreadableObject)


def _known(portal_id: int, digests: Mapping[str, Sequence[int]]) -> dict[str, int]:
    asked = [digest for several in digests.values() for digest in several]
    found = dict(Source.objects.filter(portal=portal_id, digest__in=asked).values_list("digest", "pk"))
    numbers = {text: [found[one] for one in several if one in found] for text, several in digests.items()}
    return {text: several[0] for text, several in numbers.items() if several}


def _write(values: Sequence[tuple[Any, Any]]) -> None:
    """Set the terms of rows by their keys."""
    key: Any = Submission._meta.pk
    table = connection.ops.quote_name(Submission._meta.db_table)
    adapted = [(text, key.get_db_prep_save(pk, connection)) for text, pk in values]
    with connection.cursor() as cursor:
        cursor.executemany(f'UPDATE {table} SET "terms" = %s WHERE "id" = %s', adapted)


def _code(digest: int) -> str:
    """A digest as it stands among the terms: its 48 upper bits in eight characters."""
    return binascii.b2a_base64((digest >> 15).to_bytes(6), newline=False).decode()
