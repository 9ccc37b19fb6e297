"""Sending submissions again: those that somebody chose, or step by step all that a filter matches."""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q, QuerySet

from b24app.models import Portal
from traces.delivery import requeue, wake
from traces.history import listing
from traces.history.listing import Cursor, Filter
from traces.models import Submission

# Somebody looks at the progress, and the next step follows at once.
STEP_SECONDS = 0.7
_MAY_REST = (Submission.State.FAILED, Submission.State.QUEUED)


@dataclass(frozen=True, slots=True)
class Resend:
    """How far sending all of `total` again has come: `after` is the last that was looked at.

    `sent` were made due, `left` were not, since they are delivered, under way or spam.
    """

    total: int
    sent: int = 0
    left: int = 0
    after: Cursor | None = None
    done: bool = False

    @property
    def looked_at(self) -> int:
        """How many have had their turn."""
        return self.sent + self.left


def may(row: Submission, now: datetime) -> bool:
    """Whether a submission rests, so that it can be sent again."""
    waits = row.state == Submission.State.QUEUED and row.due_at is not None and row.due_at > now
    is_kept = row.emptied_at is None and row.code != requeue.HELD_TOO_LONG
    return waits or (is_kept and row.state in (Submission.State.FAILED, Submission.State.SPAM))


def one(portal: Portal, pk: uuid.UUID) -> bool:
    """Send this one again if it is the portal's and rests, spam too; returns whether it was."""
    return bool(_send(portal, [pk], spam_too=True))


def chosen(portal: Portal, ids: Sequence[uuid.UUID]) -> int:
    """Send these again, as far as they are the portal's, rest and are no spam; returns how many."""
    return _send(portal, ids, spam_too=False)


def _send(portal: Portal, ids: Sequence[uuid.UUID], *, spam_too: bool) -> int:
    sent = requeue.send_again(Q(portal=portal, pk__in=ids), spam_too=spam_too)
    if sent:
        wake.wake(portal.pk)
    return sent


def question(rows: QuerySet[Submission], now: datetime) -> tuple[int, int]:
    """How many of the rows would be sent again, and how many are spam and stay."""
    states = dict(rows.order_by().values_list("state").annotate(number=Count("*")))
    may_not = Q(emptied_at__isnull=False) | Q(code=requeue.HELD_TOO_LONG)
    gone = rows.filter(may_not, state=Submission.State.FAILED).count() if states.get(Submission.State.FAILED) else 0
    waiting = rows.filter(state=Submission.State.QUEUED, due_at__gt=now).count()
    return states.get(Submission.State.FAILED, 0) - gone + waiting, states.get(Submission.State.SPAM, 0)


def begin(portal: Portal, wanted: Filter) -> Resend:
    """The progress of sending all again that a filter matches, before the first step."""
    return Resend(listing.matching(portal, wanted).count())


def go_on(portal: Portal, wanted: Filter, progress: Resend) -> Resend:
    """One step of that, for about `STEP_SECONDS`. What arrived after the first step is not looked at."""
    sent, left, after, done = progress.sent, progress.left, progress.after, False
    until = time.monotonic() + STEP_SECONDS
    while not done:
        found = list(listing.chunk(portal, wanted, after).values_list("received_at", "pk", "state"))
        # Those that may rest are asked for by their keys alone, since they are known to be the portal's.
        ids = [pk for _, pk, state in found if state in _MAY_REST]
        changed = requeue.send_again(Q(pk__in=ids)) if ids else 0
        sent, left = sent + changed, left + len(found) - changed
        after = Cursor(*found[-1][:2]) if found else after
        done = len(found) < listing.CHUNK_ROWS
        if time.monotonic() >= until:
            break
    if sent > progress.sent:
        wake.wake(portal.pk)
    return Resend(max(progress.total, sent + left), sent, left, after, done)
