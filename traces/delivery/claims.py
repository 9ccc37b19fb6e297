"""Which due rows go out together: they are bound to a `Batch`, and are its own until each of them is settled.

Rows are claimed in one commit and go out after another, with their commands made in between, so that nobody waits for
the making of another's. Only who holds a batch may write what became of its rows, so a worker that was frozen or killed
can neither keep rows nor overwrite another's result, and what it left behind is found (`traces.delivery.recovery`).
"""

from __future__ import annotations

import logging
import traceback
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from django.conf import settings
from django.db.models import F, QuerySet
from django.utils import timezone

from b24app.api import errors
from b24app.api.batch import Command, can_travel
from b24app.host.transactions import writing
from b24app.models import Portal
from traces.compose import steps
from traces.compose.prepared import Prepared
from traces.delivery import receipt_slots, results
from traces.models import Attempt, Batch, Submission
from traces.setup import rulebook

logger = logging.getLogger(__name__)

# How long it may take to make claimed rows ready, at most.
READY_SECONDS = 15.0
_WHEN_SENT = ["commands", "store", "sent_at", "look_at", "expected_at"]


class HitLost(Exception):
    """Somebody else has the hit: its time ran out."""


@dataclass(frozen=True, slots=True)
class Load:
    """A submission, what becomes of it, and the commands of its next step by their names."""

    row: Submission
    work: Prepared
    commands: Mapping[str, Command]


@dataclass(frozen=True, slots=True)
class Hit:
    """Rows that go out together. Their commands are numbered through; the batch has the same list."""

    batch: Batch
    loads: Sequence[Load]
    book: rulebook.Rulebook

    @property
    def commands(self) -> dict[str, Command]:
        """The commands by their keys."""
        asked = [command for load in self.loads for command in load.commands.values()]
        return {steps.key(number): command for number, command in enumerate(asked)}

    @property
    def methods(self) -> Counter[str]:
        """How many commands of each method it has."""
        return Counter(command.method for load in self.loads for command in load.commands.values())

    @property
    def rows(self) -> list[Submission]:
        """The submissions."""
        return [load.row for load in self.loads]


def due(now: datetime) -> QuerySet[Submission]:
    """Rows that may go out: those whose time has come and that no hit carries."""
    return Submission.objects.filter(due_at__lte=now)


def claim(portal: Portal, now: datetime, rows: int, most: int = 1) -> list[Batch]:
    """Take due rows out of the line, the oldest first, for up to `most` hits of so many rows each."""
    with writing():
        found = due(now).filter(portal=portal).order_by("due_at").select_for_update(skip_locked=True)
        ids = list(found.values_list("pk", flat=True)[: rows * most])
        look_at = now + timedelta(seconds=READY_SECONDS)
        claims = [Batch(portal=portal, holder=uuid.uuid4(), look_at=look_at) for _ in range(0, len(ids), rows)]
        Batch.objects.bulk_create(claims)
        for number, claimed in enumerate(claims):
            of_claim = Submission.objects.filter(pk__in=ids[number * rows : (number + 1) * rows])
            of_claim.update(state=Submission.State.SENDING, batch=claimed, due_at=None)
    return claims


def bind(
    claims: Sequence[Batch],
    book: rulebook.Rulebook,
    limit: int,
    each: float = 0.0,
    closed: Mapping[str, float] = MappingProxyType({}),
) -> list[Hit]:
    """Hits that may go out now, of up to `limit` commands, for the rows of these claims; the other rows are due again.

    `each` is how many seconds a command is expected to take (0: unknown), `closed` are methods that cannot be called
    now, with the seconds that their rows have to wait. There is none for a claim whose rows all have to, or brought out
    a fault of ours, that must not go out before another hit is back, or that is another worker's by now.
    """
    portal = claims[0].portal
    ready = [_ready(claimed, book, limit, closed) for claimed in claims]
    with writing():
        # One chooses places at a time.
        if Portal.objects.select_for_update(no_key=True).only("pk").filter(pk=portal.pk).first() is None:
            return []  # its data was erased
        out = [hit for hit in receipt_slots.out(portal) if hit.sent_at]
        bound = [_store(work, out, each) for work in ready]
    return [Hit(batch, loads, book) for batch, loads in bound if loads]


@dataclass(frozen=True, slots=True)
class _Ready:
    """A claim whose commands are made: what goes out, what is ended, what waits so many seconds, what goes back."""

    claimed: Batch
    loads: Sequence[Load]
    ended: results.Statements
    waits: Mapping[float, Sequence[uuid.UUID]]
    back: Sequence[uuid.UUID]


def _ready(claimed: Batch, book: rulebook.Rulebook, limit: int, closed: Mapping[str, float]) -> _Ready:
    rows = list(Submission.objects.filter(batch=claimed).order_by("received_at", "pk"))
    built, ended = _built(claimed.portal, book, rows)
    loads, waits = _open(built, closed)
    chosen = _together(loads, limit)
    taken = {load.row.pk for load in chosen}
    back = [load.row.pk for load in loads if load.row.pk not in taken]
    return _Ready(claimed, chosen, results.prepared(ended), waits, back)


def _store(ready: _Ready, out: list[receipt_slots.Out], each: float) -> tuple[Batch, Sequence[Load]]:
    """Make the claim a hit that is out, if it may be; its batch and what it carries."""
    batch, loads = ready.claimed, ready.loads
    mine = Batch.objects.filter(pk=batch.pk, holder=batch.holder)
    batch.commands = _listed(loads)
    now, seconds = timezone.now(), duration(len(batch.commands), each)
    try:
        place = receipt_slots.choose(batch.portal, out, now, seconds)
    except receipt_slots.Wait:
        loads = ()
    if not loads:
        if mine.delete()[0]:
            _leave(ready)
            _give_back(Submission.objects.filter(batch=batch))
        return batch, ()
    making = any(name in steps.MAKING for _, name, _ in batch.commands)
    batch.store = place if making else None  # what makes nothing can be asked again
    batch.sent_at, batch.look_at = now, now + timedelta(seconds=settings.CLAIM_SECONDS)
    batch.expected_at = now + timedelta(seconds=seconds) if seconds else None
    if not mine.update(**{name: getattr(batch, name) for name in _WHEN_SENT}):
        return batch, ()  # another worker gave its rows back
    _leave(ready)
    out.append(batch)
    return batch, loads


def _leave(ready: _Ready) -> None:
    """Take the rows that do not go out from the claim."""
    results.write(ready.ended)
    now = timezone.now()
    for wait, ids in ready.waits.items():
        _give_back(Submission.objects.filter(pk__in=ids), now + timedelta(seconds=wait))
    if ready.back:
        _give_back(Submission.objects.filter(pk__in=ready.back))


def give_up(claimed: Batch) -> None:
    """A claim whose worker is gone: nothing was sent, so its rows are due again."""
    with writing():
        if Batch.objects.filter(pk=claimed.pk, holder=claimed.holder).delete()[0]:
            _give_back(Submission.objects.filter(batch=claimed))


def _give_back(rows: QuerySet[Submission], due_at: datetime | None = None) -> None:
    """The rows are due again, by default in their old place in the line."""
    rows.update(state=Submission.State.QUEUED, batch=None, due_at=due_at or F("received_at"))


def duration(commands: int, each: float) -> float:
    """How many seconds a hit will take, with its mark and its receipt."""
    return (commands + 2) * each


def give_back(hit: Hit, keep: Sequence[Load]) -> Hit:
    """The hit with the loads `keep` of its own; the other rows are due again."""
    if len(keep) == len(hit.loads):
        return hit
    kept = {load.row.pk for load in keep}
    mine = Batch.objects.filter(pk=hit.batch.pk, holder=hit.batch.holder)
    with writing():
        _give_back(Submission.objects.filter(pk__in={row.pk for row in hit.rows} - kept, batch=hit.batch))
        if keep:
            mine.update(commands=_listed(keep))
        else:
            mine.delete()
    return Hit(hit.batch, keep, hit.book)


def _listed(loads: Sequence[Load]) -> list[list[str]]:
    """The commands as `Batch.commands` has them."""
    return [[str(load.row.pk), name, command.method] for load in loads for name, command in load.commands.items()]


def begin_again(hit: Hit) -> None:
    """A second request goes out for the hit, after the first one certainly did nothing. Raises `HitLost`."""
    now = timezone.now()
    look_at = now + timedelta(seconds=settings.CLAIM_SECONDS)
    if not Batch.objects.filter(pk=hit.batch.pk, holder=hit.batch.holder).update(sent_at=now, look_at=look_at):
        raise HitLost


def _built(portal: Portal, book: rulebook.Rulebook, rows: Sequence[Submission]) -> tuple[list[Load], list[Attempt]]:
    """The rows with their commands; one that brings out a fault of ours does not keep the others from being sent."""
    loads: list[Load] = []
    ended: list[Attempt] = []
    for row in rows:
        row.portal, row.form = portal, book.forms.get(row.form_id) or row.form
        try:
            work = book.prepare(row)
            commands = steps.next_commands(work, row.progress)
            if commands:
                loads.append(Load(row, work, commands))
            else:
                ended.append(results.ended(row, work))
        except Exception as error:
            log_fault(f"submission {row.pk}", error)
            fault = errors.Transient("internal_error", "A fault of Trace Relay; its operator has been told.")
            ended.append(results.failed(row, [], "", fault, 0.0))
    return loads, ended


def _open(loads: Sequence[Load], closed: Mapping[str, float]) -> tuple[list[Load], dict[float, list[uuid.UUID]]]:
    """The rows that need no closed method; and by the seconds that they wait, using up no attempt, the others' ids."""
    waits: dict[float, list[uuid.UUID]] = {}
    ready = []
    for load in loads:
        wait = max((closed.get(command.method, 0.0) for command in load.commands.values()), default=0.0)
        if wait:
            waits.setdefault(wait, []).append(load.row.pk)
        else:
            ready.append(load)
    return ready, waits


def log_fault(where: str, error: Exception) -> None:
    """Log a fault of ours. The error's text may hold the visitor's data, so only its place is written."""
    logger.error("%s: %s at\n%s", where, type(error).__name__, "".join(traceback.format_tb(error.__traceback__)[-2:]))


def _together(loads: list[Load], limit: int) -> list[Load]:
    """The first of the rows, and all others that may travel with it, of so many commands in all."""

    def fits(load: Load) -> bool:
        return not load.row.alone and all(map(can_travel, load.commands.values()))

    if not loads:
        return []
    first = loads[0]
    if not all(map(can_travel, first.commands.values())):
        name, command = next(iter(first.commands.items()))
        return [Load(first.row, first.work, {name: command})]  # one call outside of a batch; the next step has the rest
    if first.row.alone:
        return [first]
    chosen: list[Load] = []
    for load in filter(fits, loads):
        limit -= len(load.commands)
        if chosen and limit < 0:
            break
        chosen.append(load)
    return chosen
