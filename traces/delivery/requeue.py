"""Sending again: submissions that wait or failed are made due at once."""

from __future__ import annotations

from django.db.models import Q, QuerySet
from django.utils import timezone

from traces.models import Submission

# Rows that one statement changes, so that none holds up live traffic.
CHUNK_ROWS = 500
# The code of a submission that was given up with what the visitor had sent: there is nothing left to send.
HELD_TOO_LONG = "held_too_long"


def send_again(chosen: Q, *, spam_too: bool = False) -> int:
    """Make the waiting or failed submissions that `chosen` describes due at once; the sweep then finds them.

    Emptied submissions have nothing left to send; spam stays unless `spam_too`. Returns how many
    there were.
    """
    now = timezone.now()
    found = resting(chosen, spam_too=spam_too).order_by("pk").values_list("pk", flat=True)
    changed = 0
    ids = list(found[:CHUNK_ROWS])
    while ids:
        changed += resting(Q(pk__in=ids), spam_too=spam_too).update(
            state=Submission.State.QUEUED, due_at=now, trying_since=now, tries=0, code="", params={}
        )
        ids = list(found.filter(pk__gt=ids[-1])[:CHUNK_ROWS])
    return changed


def resting(chosen: Q, *, spam_too: bool = False) -> QuerySet[Submission]:
    """Those that `chosen` describes and `send_again` would make due."""
    ended = [Submission.State.FAILED, *([Submission.State.SPAM] if spam_too else [])]
    is_failed = Q(state__in=ended, emptied_at=None) & ~Q(code=HELD_TOO_LONG)
    is_resting = is_failed | Q(state=Submission.State.QUEUED, due_at__gt=timezone.now())
    return Submission.objects.filter(chosen, is_resting)
