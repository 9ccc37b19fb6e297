"""Storing submissions, those that arrive at the same time by one statement that commits by itself.

Whoever asks has its answer only after the commit. A row that the database refuses costs its neighbours nothing. An
insert whose answer was lost with the connection is made once more under the same id, so that nothing is stored twice.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from django.db import DatabaseError, DataError, IntegrityError, InterfaceError, OperationalError, connection
from django.db.models import Q

from b24app.host.together import Late, Together
from b24app.host.transactions import in_line
from b24app.pace import counters
from traces.models import Submission

# Within so many seconds a visitor learns that nothing can be stored. The database has what is left of them, in steps
# of so many, since each change of its limit is a statement more.
ANSWER_SECONDS, STEP_SECONDS = 0.95, 0.1
# What may be inserted together: SQLite takes no more than some thousand values in a statement.
MAX_TOGETHER = 64
# What the intake knows of a row; all others have the value that every new row has.
_IS_GIVEN = frozenset(
    ("id", "portal", "form", "received_at", "idempotency_key", "body_hash", "body", "sender", "sender_form_id")
    + ("sender_form_name", "state", "due_at", "trying_since", "repairs", "code", "consent")
)
_GIVEN = [field for field in Submission._meta.concrete_fields if field.name in _IS_GIVEN]
_REST = [field for field in Submission._meta.concrete_fields if field.name not in _IS_GIVEN]
_KNOWN_FACTS = ("id", "form_id", "idempotency_key", "body_hash", "received_at", "state", "code")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A submission to be stored if there is room for it, unless it `repeats` one of these last minutes.

    Such a one has one of these keys or, where `by_body` says so, the same body.
    """

    submission: Submission
    limits: Sequence[counters.Limit] = ()
    minutes: int = 0
    repeats: Sequence[str] = ()
    by_body: bool = False

    @property
    def question(self) -> counters.Question:
        """What storing it needs of the limits."""
        return counters.Question(self.limits, self.submission.portal_id if self.submission.due_at else 0)

    @property
    def since(self) -> datetime:
        """Nothing before this time counts as a repetition."""
        return self.submission.received_at - timedelta(minutes=self.minutes)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a candidate: it was `created`, or is the one `stored` before, or a limit of `taken` is full."""

    created: bool = False
    stored: Submission | None = None
    taken: counters.Taken = field(default_factory=counters.Taken)


def insert(candidate: Candidate) -> Outcome:
    """Store it. Raises `django.db.Error`, also if that takes too long."""
    try:
        return writer.ask(candidate)
    except Late:
        raise OperationalError("the database took too long") from None


def _insert_all(candidates: Sequence[Candidate]) -> list[Outcome | BaseException]:
    before = _first_look(candidates)
    new = [candidate for candidate, stored in zip(candidates, before, strict=True) if stored is None]
    answers = counters.take_all([candidate.question for candidate in new])
    taken = {candidate.submission.id: answer for candidate, answer in zip(new, answers, strict=True)}
    rows = [candidate for candidate in new if not taken[candidate.submission.id].full]
    made = _made(rows)
    counters.give_back([limit for row in rows if made[row.submission.id] is not True for limit in row.limits])
    return [
        Outcome(stored=stored)
        if stored is not None
        else _outcome(made.get(candidate.submission.id), taken[candidate.submission.id])
        for candidate, stored in zip(candidates, before, strict=True)
    ]


Made = bool | Submission | DatabaseError | None


def _outcome(made: Made, taken: counters.Taken) -> Outcome | DatabaseError:
    if isinstance(made, DatabaseError):
        return made
    return Outcome(made is True, made if isinstance(made, Submission) else None, taken)


def _made(candidates: Sequence[Candidate]) -> dict[UUID, Made]:
    """By its id, whether each was inserted: True, the row that has its key, or what the database says against it."""
    rows = [candidate.submission for candidate in candidates]
    try:
        created = _inserted(rows)
    except (IntegrityError, DataError) as error:
        if len(rows) == 1:
            return {rows[0].id: error}
        return {id: made for candidate in candidates for id, made in _made([candidate]).items()}
    except DatabaseError as error:
        return {row.id: error for row in rows}
    for row in rows:
        row._state.adding = row.id not in created
    left = [row for row in rows if row.id not in created]
    of_key = _rows_of({(row.form_id, row.idempotency_key) for row in left if row.idempotency_key})
    there = {(row.form_id, row.idempotency_key): row for row in of_key}
    gone = IntegrityError("the row that had the key is gone")
    return {row.id: True if row.id in created else there.get((row.form_id, row.idempotency_key), gone) for row in rows}


def _inserted(rows: Sequence[Submission]) -> set[UUID]:
    """The ids of those that were inserted; of the others there is a row of the same key."""
    if not rows:
        return set()
    try:
        return _run_insert(rows)
    except (OperationalError, InterfaceError):
        was_cut = _was_cut()
        _let_go()
        if not was_cut:
            raise
    created = _run_insert(rows)
    missing = [row.id for row in rows if row.id not in created]  # by the first try, perhaps
    return created | set(Submission.objects.filter(pk__in=missing).values_list("pk", flat=True) if missing else ())


def _was_cut() -> bool:
    """Whether the server has ended the connection, so that nobody knows what became of the statement."""
    return bool(getattr(connection.connection, "closed", False))


def _let_go() -> None:
    """Have the next group open a connection of its own."""
    if not connection.in_atomic_block:
        connection.close()


def _run_insert(rows: Sequence[Submission]) -> set[UUID]:
    values = [value for row in rows for value in _values(row)]
    with in_line():
        _hurry()  # others may have written for a while
        with connection.cursor() as cursor:
            cursor.execute(_statement(len(rows)), values)
            return {UUID(str(id)) for (id,) in cursor.fetchall()}


def _values(row: Submission) -> list[Any]:
    """The row's values as its database takes them."""
    given = [field.get_db_prep_save(getattr(row, field.attname), connection) for field in _GIVEN]
    return given + _rest(connection.vendor)


@cache
def _rest(_vendor: str) -> list[Any]:
    """The values of `_REST`, which every new row has."""
    new = Submission()
    return [field.get_db_prep_save(getattr(new, field.attname), connection) for field in _REST]


@cache
def _statement(rows: int) -> str:
    columns = [connection.ops.quote_name(str(field.column)) for field in (*_GIVEN, *_REST)]
    table = connection.ops.quote_name(Submission._meta.db_table)
    row = f"({', '.join(['%s'] * len(columns))})"
    return (
        f"INSERT INTO {table} ({', '.join(columns)}) VALUES {', '.join([row] * rows)} ON CONFLICT DO NOTHING RETURNING "
        + connection.ops.quote_name("id")
    )


_limited = threading.local()


def _hurry() -> None:
    """Have the writer's connection end what takes longer than the visitors wait. Raises where they wait no longer."""
    if math.isinf(writer.ends_at):
        return
    steps = int((writer.ends_at - time.monotonic()) / STEP_SECONDS)
    if steps < 1:
        raise OperationalError("the database took too long")
    connection.ensure_connection()
    limit = (connection.connection, steps)
    if getattr(_limited, "by", None) == limit:
        return
    milliseconds = int(steps * STEP_SECONDS * 1000)
    is_sqlite = connection.vendor == "sqlite"
    with connection.cursor() as cursor:
        cursor.execute(f"{'PRAGMA busy_timeout' if is_sqlite else 'SET statement_timeout'}={milliseconds}")
    _limited.by = limit


def _first_look(candidates: Sequence[Candidate]) -> list[Submission | None]:
    """For each candidate the row that it repeats; once more where the connection had ended since it was last used."""
    try:
        _hurry()
        return _stored_before(candidates)
    except (OperationalError, InterfaceError):
        if not _was_cut():
            raise
        _let_go()
        _hurry()
        return _stored_before(candidates)


def _stored_before(candidates: Sequence[Candidate]) -> list[Submission | None]:
    """For each candidate the row that it repeats."""
    rows = _rows_of({(candidate.submission.form_id, key) for candidate in candidates for key in candidate.repeats})
    there = {(row.form_id, row.idempotency_key): row for row in rows}
    return [_repeated(candidate, there) for candidate in candidates]


def _repeated(candidate: Candidate, there: Mapping[tuple[int, str | None], Submission]) -> Submission | None:
    form = candidate.submission.form_id
    found = [row for key in candidate.repeats if (row := there.get((form, key))) and row.received_at > candidate.since]
    if not found and candidate.by_body:
        recent = Submission.objects.filter(form=form, received_at__gt=candidate.since).only(*_KNOWN_FACTS)
        found = list(recent.filter(body_hash=candidate.submission.body_hash).order_by("-received_at")[:1])
    return found[0] if found else None


def _rows_of(keys: set[tuple[int, str]]) -> list[Submission]:
    """The rows that have these keys, each a form's own, without what a visitor sent."""
    if not keys:
        return []
    of_keys = Q(form_id__in={form for form, _ in keys}, idempotency_key__in={key for _, key in keys})
    return list(Submission.objects.filter(of_keys).only(*_KNOWN_FACTS))


writer: Together[Candidate, Outcome] = Together("writer", _insert_all, seconds=ANSWER_SECONDS, at_once=MAX_TOGETHER)
