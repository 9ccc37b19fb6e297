"""Which due rows go out together: they are bound to a `Batch`, and are its own until each of them is settled.

Binding is one commit. Only who holds the batch may write what became of its rows, so a worker that was frozen or killed
can neither keep rows nor overwrite another's result, and what it left behind is found (`traces.recovery`).
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

from b24app import errors
from b24app.batch import Command, can_travel
from b24app.models import Portal
from b24app.transactions import writing
from traces import orders, plan, results, stores
from traces.models import Attempt, Batch, Submission

logger = logging.getLogger(__name__)


class HitLost(Exception):
    """Somebody else has the hit: its time ran out."""


@dataclass(frozen=True, slots=True)
class Load:
    """A submission, what becomes of it, and the commands of its next step by their names."""

    row: Submission
    work: orders.Work
    commands: Mapping[str, Command]


@dataclass(frozen=True, slots=True)
class Hit:
    """Rows that go out together. Their commands are numbered through; the batch has the same list."""

    batch: Batch
    loads: Sequence[Load]
    book: orders.Rulebook

    @property
    def commands(self) -> dict[str, Command]:
        """The commands by their keys."""
        asked = [command for load in self.loads for command in load.commands.values()]
        return {plan.key(number): command for number, command in enumerate(asked)}

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


def bind(
    portal: Portal,
    book: orders.Rulebook,
    now: datetime,
    limit: int,
    each: float = 0.0,
    closed: Mapping[str, float] = MappingProxyType({}),
) -> Hit | None:
    """The next hit, of up to `limit` commands for due rows, the oldest first; None where nothing is due.

    `each` is how many seconds a command is expected to take (0: unknown), `closed` are methods that cannot be called
    now, with the seconds that their rows have to wait. The hit has no rows where all that were found have to, or
    brought out a fault of ours. Raises `stores.Wait` where another hit has to come back first.
    """
    with writing():
        # One chooses a place at a time, and rows.
        Portal.objects.select_for_update(no_key=True).only("pk").get(pk=portal.pk)
        found = due(now).filter(portal=portal).select_for_update(skip_locked=True)
        rows = list(found.order_by("due_at")[:limit])
        if not rows:
            return None
        loads, ended = _built(portal, book, sorted(rows, key=lambda row: (row.received_at, row.pk)))
        results.write(ended)
        loads = _together(_open(loads, closed, now), limit)
        asked = _listed(loads)
        now, seconds = timezone.now(), duration(len(asked), each)
        making = any(name in plan.MAKING for _, name, _ in asked)
        place = stores.choose(portal, now, seconds) if loads else None
        out = Batch(
            portal=portal,
            store=place if making else None,  # what makes nothing can be asked again
            holder=uuid.uuid4(),
            sent_at=now,
            expected_at=now + timedelta(seconds=seconds) if seconds else None,
            look_at=now + timedelta(seconds=settings.CLAIM_SECONDS),
            commands=asked,
        )
        if loads:
            out.save(force_insert=True)
            Submission.objects.filter(pk__in=[load.row.pk for load in loads]).update(
                state=Submission.State.SENDING, batch=out, due_at=None
            )
    return Hit(out, loads, book)


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
        Submission.objects.filter(pk__in=[row.pk for row in hit.rows if row.pk not in kept], batch=hit.batch).update(
            state=Submission.State.QUEUED, batch=None, due_at=F("received_at")
        )
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


def _built(portal: Portal, book: orders.Rulebook, rows: Sequence[Submission]) -> tuple[list[Load], list[Attempt]]:
    """The rows with their commands; one that brings out a fault of ours does not keep the others from being sent."""
    loads: list[Load] = []
    ended: list[Attempt] = []
    for row in rows:
        row.portal, row.form = portal, book.forms.get(row.form_id) or row.form
        try:
            work = orders.work(row, row.form, book.rules)
            commands = plan.step(work.order, row.progress)
            if commands:
                loads.append(Load(row, work, commands))
            else:
                ended.append(results.ended(row, work))
        except Exception as error:
            log_fault(f"submission {row.pk}", error)
            fault = errors.Transient("internal_error", "A fault of Trace Relay; its operator has been told.")
            ended.append(results.failed(row, [], "", fault, 0.0))
    return loads, ended


def _open(loads: Sequence[Load], closed: Mapping[str, float], now: datetime) -> list[Load]:
    """The rows that need no closed method; the others wait until theirs is open, and use up no attempt."""
    waits: dict[float, list[Submission]] = {}
    ready = []
    for load in loads:
        wait = max((closed.get(command.method, 0.0) for command in load.commands.values()), default=0.0)
        if wait:
            waits.setdefault(wait, []).append(load.row)
        else:
            ready.append(load)
    for wait, rows in waits.items():
        due_at = now + timedelta(seconds=wait)
        Submission.objects.filter(pk__in=[row.pk for row in rows]).update(due_at=due_at)
    return ready


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
