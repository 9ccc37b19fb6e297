"""Who has a row: rows are claimed for a `Batch`, and stay its own until each of them is settled.

A batch is first *claimed*: its rows are taken out of the line in one commit. Their commands are made afterwards, so
that nobody waits for another worker's preparing, and a second commit marks the batch as *sent*. Without an answer it
becomes *lost* (`traces.delivery.recovery`). Only the worker that holds its lease may write what became of its rows: a
worker that was frozen or killed can neither keep rows nor overwrite another one's result.
"""

from __future__ import annotations

import logging
import operator
import traceback
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType

from django.conf import settings
from django.db.models import F, QuerySet
from django.utils import timezone

from b24app.api import errors
from b24app.api.batch import Command
from b24app.host.transactions import writing
from b24app.models import Portal
from b24app.portal import receipt_slots, tokens
from traces.compose import steps
from traces.delivery import findable, methods, results, rota
from traces.delivery.items import CROWDED, Item, Wait, fitting, split_blocked, together
from traces.models import Attempt, Batch, Submission
from traces.setup.rulebook import Rulebook

logger = logging.getLogger(__name__)

# A claim whose worker has not sent it by then is released.
PREPARE_SECONDS = 15.0
_SET_WHEN_SENT = ["state", "commands", "receipt_slot", "sent_at", "lease_until", "expected_at"]


class LeaseLost(Exception):
    """Another worker has the batch: the lease ran out."""


@dataclass(frozen=True, slots=True)
class PreparedBatch:
    """Rows that go out together. Their commands are numbered through; `Batch.commands` has the same list.

    `credentials` are those that it is sent with.
    """

    batch: Batch
    items: Sequence[Item]
    rulebook: Rulebook
    credentials: tokens.Credentials | None = None

    @property
    def commands(self) -> dict[str, Command]:
        """The commands by their keys."""
        commands = [command for item in self.items for command in item.commands.values()]
        return {steps.key(number): command for number, command in enumerate(commands)}

    @property
    def methods(self) -> Counter[str]:
        """How many commands of each method the batch has."""
        return Counter(command.method for item in self.items for command in item.commands.values())

    @property
    def rows(self) -> list[Submission]:
        """The submissions."""
        return [item.row for item in self.items]


def due(now: datetime) -> QuerySet[Submission]:
    """Rows to send: they are due, and in no batch."""
    return Submission.objects.filter(due_at__lte=now)


def in_flight(portal: Portal) -> list[receipt_slots.InFlight]:
    """The portal's batches, those that are still being prepared included."""
    rows = Batch.objects.filter(portal=portal).values_list("state", "receipt_slot", "sent_at", "expected_at")
    return [
        receipt_slots.InFlight(slot, sent_at, expected_at, is_lost=state == Batch.State.LOST)
        for state, slot, sent_at, expected_at in rows
    ]


def claim(portal: Portal, now: datetime, rows: int, batches: int = 1) -> list[Batch]:
    """Take due rows from the queue, the oldest first, for up to `batches` batches of this many rows each.

    Isolated rows are sent when no others are due, in one small batch.
    """
    with writing():
        waiting = due(now).filter(portal=portal).order_by("due_at").select_for_update(skip_locked=True)
        ids = list(waiting.filter(isolated=False).values_list("pk", flat=True)[: rows * batches])
        if not ids:
            ids = _suspects(waiting.filter(isolated=True), rows)
        lease_until = now + timedelta(seconds=PREPARE_SECONDS)
        claimed = [
            Batch(portal=portal, lease_id=uuid.uuid4(), lease_until=lease_until) for _ in range(0, len(ids), rows)
        ]
        Batch.objects.bulk_create(claimed)
        for number, batch in enumerate(claimed):
            mine = Submission.objects.filter(pk__in=ids[number * rows : (number + 1) * rows])
            mine.update(state=Submission.State.SENDING, batch=batch, due_at=None)
    return claimed


def _suspects(waiting: QuerySet[Submission], rows: int) -> list[uuid.UUID]:
    """The next rows that are sent apart: a few of those that were set aside together, else one alone."""
    set_aside = list(
        waiting.filter(code=results.SET_ASIDE).values_list("pk", flat=True)[: min(rows, results.MAX_SUSPECTS)]
    )
    return set_aside or list(waiting.values_list("pk", flat=True)[:1])


def prepare(
    claimed: Sequence[Batch],
    rulebook: Rulebook,
    max_commands: int,
    seconds_per_command: float = 0.0,
    room: Mapping[str, int] = MappingProxyType({}),
    blocked: Mapping[str, Wait] = MappingProxyType({}),
) -> list[PreparedBatch]:
    """Make the rows' commands, and mark as sent each batch that may go out now; all other rows are due again.

    `seconds_per_command` is how long a command is expected to take (0: unknown); `room` are the commands that a method
    may have, `blocked` the methods that may not be called now. A claim is left out if none of its rows can go out, if
    no receipt slot is free, and if its lease ran out.
    """
    portal = claimed[0].portal
    drafts = [_draft(batch, rulebook, max_commands, room, blocked) for batch in claimed]
    with writing():
        # The lock: one worker at a time chooses receipt slots.
        if Portal.objects.select_for_update(no_key=True).only("pk").filter(pk=portal.pk).first() is None:
            return []  # its data was erased
        sent = [batch for batch in in_flight(portal) if batch.sent_at]
        marked = [draft for draft in drafts if _mark_sent(draft, sent, seconds_per_command)]
    return [PreparedBatch(draft.batch, draft.items, rulebook) for draft in marked]


def duration(commands: int, seconds_per_command: float) -> float:
    """Returns the seconds that a batch is expected to take, with its mark and its receipt (0: unknown)."""
    return (commands + 2) * seconds_per_command


def release_all_but(prepared: PreparedBatch, items: Sequence[Item]) -> PreparedBatch:
    """Keep these rows in the batch; the others are due again. Without any the batch is gone."""
    if len(items) == len(prepared.items) and all(map(operator.is_, items, prepared.items)):
        return prepared
    released = {row.pk for row in prepared.rows} - {item.row.pk for item in items}
    with writing():
        _release(Submission.objects.filter(pk__in=released, batch=prepared.batch))
        if items:
            leased(prepared.batch).update(commands=_listed(items))
        else:
            leased(prepared.batch).delete()
    return replace(prepared, items=items)


def expire(batch: Batch) -> None:
    """Release the rows of a claim whose worker is gone: nothing was sent."""
    with writing():
        if leased(batch).delete()[0]:
            _release(Submission.objects.filter(batch=batch))


def renew_lease(batch: Batch) -> None:
    """A further request goes out for the batch, after the former one certainly did nothing. Raises `LeaseLost`."""
    now = timezone.now()
    lease_until = now + timedelta(seconds=settings.CLAIM_SECONDS)
    if not leased(batch).update(sent_at=now, lease_until=lease_until):
        raise LeaseLost


def leased(batch: Batch) -> QuerySet[Batch]:
    """The batch's row, while this worker holds its lease."""
    return Batch.objects.filter(pk=batch.pk, lease_id=batch.lease_id)


def log_fault(where: str, error: Exception) -> None:
    """Log a fault of ours. The error's text may hold the visitor's data, so only its place is written."""
    logger.error("%s: %s at\n%s", where, type(error).__name__, "".join(traceback.format_tb(error.__traceback__)[-2:]))


@dataclass(frozen=True, slots=True)
class _Draft:
    """A claim whose commands are made: what goes out, what has ended, what waits and how long, what is left over."""

    batch: Batch
    items: Sequence[Item]
    ended: results.Statements
    waiting: Mapping[Wait, Sequence[uuid.UUID]]
    left_over: Sequence[uuid.UUID]


def _draft(
    batch: Batch, rulebook: Rulebook, max_commands: int, room: Mapping[str, int], blocked: Mapping[str, Wait]
) -> _Draft:
    rows = list(Submission.objects.filter(batch=batch).order_by("received_at", "pk"))
    items, ended = _items(batch.portal, rulebook, rows)
    given = rota.give(batch, items)
    items = [_item(rulebook, item.row) if item.row.pk in given else item for item in items]
    needed = (command.method for item in items for command in item.commands.values())
    held, probes = methods.held(batch.portal, needed, timezone.now())
    ready, waiting = split_blocked(items, {**blocked, **held})
    with_room = fitting(ready, {**room, **dict.fromkeys(probes, 1)})
    chosen = together(with_room, max_commands)
    if crowded := _but(ready, with_room):
        waiting.setdefault(CROWDED, []).extend(crowded)
    return _Draft(batch, chosen, results.statements(ended), waiting, _but(with_room, chosen))


def _but(items: Sequence[Item], chosen: Sequence[Item]) -> list[uuid.UUID]:
    """The rows of the items that were not chosen."""
    if len(items) == len(chosen):
        return []
    ids = {item.row.pk for item in chosen}
    return [item.row.pk for item in items if item.row.pk not in ids]


def _items(portal: Portal, rulebook: Rulebook, rows: Sequence[Submission]) -> tuple[list[Item], list[Attempt]]:
    """The rows with their commands; one that brings out a fault of ours does not keep the others from being sent."""
    items: list[Item] = []
    ended: list[Attempt] = []
    for row in rows:
        row.portal, row.form = portal, rulebook.forms.get(row.form_id) or row.form
        if findable.is_unreadable(row):
            ended.append(results.unreadable(row))
            continue
        try:
            item = _item(rulebook, row)
            if item.commands:
                items.append(item)
            else:
                ended.append(results.ended(row, item.prepared))
        except Exception as error:
            log_fault(f"submission {row.pk}", error)
            ended.append(results.failed(row, [], "", errors.Transient("internal_error"), 0.0))
    return items, ended


def _item(rulebook: Rulebook, row: Submission) -> Item:
    prepared = rulebook.prepare(row)
    return Item(row, prepared, steps.next_commands(prepared, row.progress))


def _mark_sent(draft: _Draft, sent: list[receipt_slots.InFlight], seconds_per_command: float) -> bool:
    """Make the claim a batch that is sent, and add it to `sent`; False if it must not go out."""
    batch = draft.batch
    batch.commands = _listed(draft.items)
    now, seconds = timezone.now(), duration(len(batch.commands), seconds_per_command)
    try:
        slot = receipt_slots.choose(batch.portal, sent, now, seconds) if draft.items else None
    except receipt_slots.NoSlot:
        slot, draft = None, _nothing_of(draft)
    if not draft.items:
        if leased(batch).delete()[0]:
            _leave(draft)
            _release(Submission.objects.filter(batch=batch))
        return False
    makes_records = any(name in steps.MAKING for _, name, _ in batch.commands)
    batch.receipt_slot = slot if makes_records else None  # what makes nothing can be asked again
    batch.state, batch.sent_at = Batch.State.SENT, now
    batch.lease_until = now + timedelta(seconds=settings.CLAIM_SECONDS)
    batch.expected_at = now + timedelta(seconds=seconds) if seconds else None
    if not leased(batch).update(**{name: getattr(batch, name) for name in _SET_WHEN_SENT}):
        return False  # the lease ran out, and another worker released the rows
    _leave(draft)
    sent.append(receipt_slots.InFlight(batch.receipt_slot, batch.sent_at, batch.expected_at, is_lost=False))
    return True


def _nothing_of(draft: _Draft) -> _Draft:
    return _Draft(draft.batch, (), draft.ended, draft.waiting, draft.left_over)


def _leave(draft: _Draft) -> None:
    """Take the rows that do not go out from the claim."""
    results.execute(draft.ended)
    now = timezone.now()
    for wait, ids in draft.waiting.items():
        waiting = Submission.objects.filter(pk__in=ids)
        if wait.code:
            waiting.update(code=wait.code, params={})
        _release(waiting, now + timedelta(seconds=wait.seconds))
    if draft.left_over:
        _release(Submission.objects.filter(pk__in=draft.left_over))


def _release(rows: QuerySet[Submission], due_at: datetime | None = None) -> None:
    """The rows are due again, by default in their old place in the line."""
    rows.update(state=Submission.State.QUEUED, batch=None, due_at=due_at or F("received_at"))


def _listed(items: Sequence[Item]) -> list[list[str]]:
    """The commands as `Batch.commands` has them."""
    return [[str(item.row.pk), name, command.method] for item in items for name, command in item.commands.items()]
