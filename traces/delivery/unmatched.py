"""Counting, week by week, what visitors came from and no rule took, so that an administrator sees what to map."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta

from django.db import connection

from b24app.host import encryption
from b24app.host.transactions import writing
from b24app.models import Portal
from traces.compose import sources
from traces.models import Unmatched

# Different values of a portal that a week counts: a visitor can send anything. What is over the limit is
# counted for its field under the value "".
MAX_VALUES = 500

Pair = tuple[str, str]
# A field, the value's digest, the value.
Counted = tuple[str, int, str]


def count(portal_id: int, pairs: Iterable[Pair], now: datetime) -> None:
    """Add (field, value) pairs, as `sources.unmatched` returns them, to the counts of the week of `now`.

    For many submissions at once give all their pairs. To be called outside of `b24app.host.transactions`. Raises
    `django.db.Error`: then nothing was counted.
    """
    numbers = Counter((field, value[: sources.MAX_LENGTH]) for field, value in pairs)
    if not numbers:
        return
    with writing():
        # One at a time, or several workers would each find room for the last value. Forms, submissions and all else
        # that refers to the portal can be stored meanwhile.
        portals = Portal.objects.select_for_update(no_key=True).filter(pk=portal_id)
        if not portals.values_list("pk", flat=True):
            return
        known = set(Unmatched.objects.filter(portal=portal_id, week=monday(now)).values_list("field", "digest"))
        _add(portal_id, _fitting(portal_id, numbers, known), now)


def monday(now: datetime) -> date:
    """The first day of the week, UTC."""
    today = now.astimezone(UTC).date()
    return today - timedelta(days=today.weekday())


def digest_of(portal_id: int, value: str, known: Collection[int] = ()) -> int:
    """The digest of a value; during a key rotation, with the former key if that digest is among the `known`."""
    if not value:
        return 0
    found = encryption.digests(portal_id, value)
    return next((one for one in found if one in known), found[0])


def _fitting(portal_id: int, numbers: Counter[Pair], known: Collection[tuple[str, int]]) -> dict[Counted, int]:
    """The numbers by field, digest and value; values for which there is no room are counted together."""
    room = MAX_VALUES - sum(1 for _, digest in known if digest)
    known_digests = {digest for _, digest in known}
    fitting: Counter[Counted] = Counter()
    for (field, value), number in numbers.items():
        digest = digest_of(portal_id, value, known_digests)
        if value and (field, digest) not in known:
            value, digest = (value, digest) if room > 0 else ("", 0)
            room -= 1
        fitting[field, digest, value] += number
    return fitting


def _add(portal_id: int, numbers: Mapping[Counted, int], now: datetime) -> None:
    """One statement, by hand: `bulk_create` can replace what is stored but not add to it."""
    week = connection.ops.adapt_datefield_value(monday(now))
    at = connection.ops.adapt_datetimefield_value(now)
    rows = [
        (portal_id, week, field, digest, encryption.encrypted(value) if value else "", number, at)
        for (field, digest, value), number in numbers.items()
    ]
    table = connection.ops.quote_name(Unmatched._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(
            f'INSERT INTO {table} ("portal_id", "week", "field", "digest", "value", "count", "last_at") '
            f"VALUES {', '.join('(%s, %s, %s, %s, %s, %s, %s)' for _ in rows)} "
            'ON CONFLICT ("portal_id", "week", "field", "digest") '
            f'DO UPDATE SET "count" = {table}."count" + excluded."count", "last_at" = excluded."last_at"',
            [part for row in rows for part in row],
        )
