"""Who works on a portal, and when: a worker takes a lane, works for one turn, and says when to come back.

What goes out during the turn is `traces.delivery.turn`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime

from django.conf import settings
from django.db import Error as DatabaseError
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from b24app.models import Portal
from b24app.pace import limits, wakeups
from traces.delivery import claims, unmatched, wake
from traces.delivery.next import AT_ONCE, NOT_NEEDED, Next
from traces.delivery.turn import Turn
from traces.models import Batch
from traces.setup import rulebook

logger = logging.getLogger(__name__)

# A longer wait is left to the sweep.
MAX_COUNTDOWN_SECONDS = 20.0
# One worker prepares while the other waits for answers.
MIN_LANES = 2


def due_portals(now: datetime) -> list[int]:
    """The portals that a worker should look at now."""
    return list(_to_drain(now).values_list("pk", flat=True))


def drain(portal_id: int) -> Next:
    """Work on a portal's due rows for one turn.

    A row that is stored while all lanes are taken is found by the look after the last turn: its wake-up came before
    that, or it may send one of its own, since the former one has been noted by then.
    """
    portal = Portal.objects.filter(pk=portal_id).first()
    if portal is None or portal.state == Portal.State.UNINSTALLED:
        return NOT_NEEDED
    lanes = _lanes(portal)
    with wakeups.lane(portal_id, lanes, settings.TURN_SECONDS + settings.CLAIM_SECONDS) as free_lanes:
        if not free_lanes:
            return NOT_NEEDED  # those who hold the lanes look once more after they have left them
        wakeups.note_woken(portal_id)
        turn = Turn(portal, rulebook.load(portal_id), workers=lanes - free_lanes + 1)
        following = turn.run()
    # The portal is not left idle while this worker waits for its last answers.
    is_replaced = following == AT_ONCE and bool(turn.in_flight) and wake.send(portal_id)
    pause = turn.finish()
    _count_unmatched(portal_id, turn.unmatched.elements())
    if is_replaced:
        return NOT_NEEDED
    wakeups.note_woken(portal_id)
    if following == NOT_NEEDED and not pause:
        return AT_ONCE if _to_drain(timezone.now()).filter(pk=portal_id).exists() else NOT_NEEDED
    return _within_countdown(following.but_not_before(pause))


def _lanes(portal: Portal) -> int:
    """One lane more than batches in flight: its rows are prepared while the others are out.

    One portal has a quarter of a process's threads at most, so that several that hang leave room for the others.
    """
    share: int = settings.CELERY_WORKER_CONCURRENCY // 4
    return min(limits.tariff_of(portal).in_flight + 1, max(MIN_LANES, share))


def _to_drain(now: datetime) -> QuerySet[Portal]:
    """Portals that may be called now and have something due, held ones whose probe has come included."""
    may_be_called = Q(state=Portal.State.ACTIVE) | Q(state=Portal.State.HELD, probe_at__lte=now)
    is_rested = Q(paused_until=None) | Q(paused_until__lte=now)
    due_rows = Exists(claims.due(now).filter(portal=OuterRef("pk")))
    overdue_batches = Exists(Batch.objects.filter(portal=OuterRef("pk"), lease_until__lte=now))
    return Portal.objects.filter(may_be_called, is_rested).filter(due_rows | overdue_batches)


def _within_countdown(following: Next) -> Next:
    """The same where a message may wait for it; a longer wait is the sweep's."""
    return following if (following.seconds or 0.0) <= MAX_COUNTDOWN_SECONDS else NOT_NEEDED


def _count_unmatched(portal_id: int, pairs: Iterable[unmatched.Pair]) -> None:
    """A figure for the administrator: losing it to a failing database costs nothing else."""
    try:
        unmatched.count(portal_id, pairs, timezone.now())
    except DatabaseError as error:
        logger.warning("portal %s: unmatched values were not counted (%s)", portal_id, type(error).__name__)
