"""Which due rows go out together: they are bound to a `Batch`, and are its own until each of them is settled.

Binding is one commit. Only who holds the batch may write what became of its rows, so a worker that was frozen or killed
can neither keep rows nor overwrite another's result, and what it left behind is found (`traces.recovery`).
"""

from __future__ import annotations

import logging
import traceback
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import F, QuerySet
from django.utils import timezone

from b24app import errors
from b24app.batch import Command, can_travel
from b24app.models import Portal
from b24app.transactions import writing
from traces import plan, results, stores, trace
from traces.models import Attempt, Batch, Form, Submission

logger = logging.getLogger(__name__)


class HitLost(Exception):
    """Somebody else has the hit: its time ran out."""


@dataclass(frozen=True, slots=True)
class Load:
    """A submission and what is asked of the portal for it."""

    row: Submission
    command: Command


@dataclass(frozen=True, slots=True)
class Hit:
    """Rows that go out together; the place of a row is that of its command in the batch."""

    batch: Batch
    loads: Sequence[Load]

    @property
    def commands(self) -> dict[str, Command]:
        """The commands by their keys."""
        return {plan.key(number): load.command for number, load in enumerate(self.loads)}

    @property
    def rows(self) -> list[Submission]:
        """The submissions."""
        return [load.row for load in self.loads]


def due(now: datetime) -> QuerySet[Submission]:
    """Rows that may go out: those whose time has come and that no hit carries."""
    return Submission.objects.filter(due_at__lte=now)


def bind(portal: Portal, now: datetime, limit: int, each: float) -> Hit | None:
    """The next hit, of up to `limit` due rows, the oldest first; None where nothing is due.

    `each` is how many seconds a command is expected to take (0: unknown). The hit has no rows where all that were
    found brought out a fault of ours. Raises `stores.Wait` where another hit has to come back first.
    """
    with writing():
        # One chooses a place at a time, and rows.
        Portal.objects.select_for_update(no_key=True).only("pk").get(pk=portal.pk)
        found = due(now).filter(portal=portal).select_for_update(skip_locked=True)
        rows = list(found.order_by("due_at")[:limit])
        if not rows:
            return None
        loads, faulty = _built(portal, sorted(rows, key=lambda row: (row.received_at, row.pk)))
        results.write(faulty)
        loads = _together(loads)
        now, seconds = timezone.now(), duration(len(loads), each)
        out = Batch(
            portal=portal,
            store=stores.choose(portal, now, seconds) if loads else None,
            holder=uuid.uuid4(),
            sent_at=now,
            expected_at=now + timedelta(seconds=seconds) if seconds else None,
            look_at=now + timedelta(seconds=settings.CLAIM_SECONDS),
        )
        if loads:
            out.save(force_insert=True)
            Submission.objects.filter(pk__in=[load.row.pk for load in loads]).update(
                state=Submission.State.SENDING, batch=out, due_at=None
            )
    return Hit(out, loads)


def duration(commands: int, each: float) -> float:
    """How many seconds a hit will take, with its mark and its receipt."""
    return (commands + 2) * each


def give_back(hit: Hit, keep: int) -> Hit:
    """The hit with its first `keep` rows; the others are due again."""
    if keep < len(hit.loads):
        with writing():
            Submission.objects.filter(pk__in=[row.pk for row in hit.rows[keep:]], batch=hit.batch).update(
                state=Submission.State.QUEUED, batch=None, due_at=F("received_at")
            )
            if not keep:
                Batch.objects.filter(pk=hit.batch.pk).delete()
    return Hit(hit.batch, hit.loads[:keep])


def begin_again(hit: Hit) -> None:
    """A second request goes out for the hit, after the first one certainly did nothing. Raises `HitLost`."""
    now = timezone.now()
    look_at = now + timedelta(seconds=settings.CLAIM_SECONDS)
    if not Batch.objects.filter(pk=hit.batch.pk, holder=hit.batch.holder).update(sent_at=now, look_at=look_at):
        raise HitLost


def _built(portal: Portal, rows: Sequence[Submission]) -> tuple[list[Load], list[Attempt]]:
    """The rows with their commands; one that brings out a fault of ours does not keep the others from being sent."""
    loads, faulty = [], []
    forms = {form.pk: form for form in Form.objects.filter(pk__in={row.form_id for row in rows})}
    for row in rows:
        row.portal, row.form = portal, forms[row.form_id]
        try:
            built = trace.build(row.body, int(row.received_at.timestamp()))
            (command,) = plan.commands(row.form.creates, row.body, built.text)
            loads.append(Load(row, command))
        except Exception as error:
            log_fault(f"submission {row.pk}", error)
            fault = errors.Transient("internal_error", "A fault of Trace Relay; its operator has been told.")
            faulty.append(results.failed(row, plan.TRACE_ADD, fault, 0.0))
    return loads, faulty


def log_fault(where: str, error: Exception) -> None:
    """Log a fault of ours. The error's text may hold the visitor's data, so only its place is written."""
    logger.error("%s: %s at\n%s", where, type(error).__name__, "".join(traceback.format_tb(error.__traceback__)[-2:]))


def _together(loads: list[Load]) -> list[Load]:
    """The first of the rows, and all others that may travel with it."""

    def fits(load: Load) -> bool:
        return not load.row.alone and can_travel(load.command)

    if not loads or not fits(loads[0]):
        return loads[:1]
    return [load for load in loads if fits(load)]
