"""A message that the portal answers with a page, or not at all, while it accepts others.

To find such a message, the rows of a failed batch are sent one by one, after all others. One that keeps failing alone
while the portal answers other requests has failed for good. If several different rows fail one after another and none
succeeds, the portal itself is the cause, and is held.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import TypeAlias

from django.db.models import F, Q, Value
from django.db.models.functions import Least
from django.utils import timezone

from b24app.api import errors
from b24app.models import Portal
from b24app.pace import limits
from b24app.portal import calls, hold
from traces.compose import consent
from traces.delivery import exchange, results
from traces.delivery.items import Item
from traces.models import Attempt, Batch, Submission

logger = logging.getLogger(__name__)

# A row that was sent, the names of its commands, and the method of the first.
SentRow: TypeAlias = tuple[Submission, list[str], str]
FORBIDDEN, BREAKS, SILENT = "poison_forbidden", "poison_error", "poison_silent"
# Attempts without an answer, by their codes; and with the page of a portal's crash, by its status.
UNREADABLE, BROKEN = "unreadable", 500
_NO_ANSWER = ("connection_lost", "timeout", UNREADABLE)
_ALIKE = {
    FORBIDDEN: Q(code=FORBIDDEN),
    BREAKS: Q(code=UNREADABLE),
    SILENT: Q(code__in=_NO_ANSWER, outcome=Attempt.Outcome.UNKNOWN),
}
# So many requests in a row with different rows were turned away: it is not the rows.
MAX_TURNED_AWAY = 3
# A row has failed after so many tries, over so long a time. A page is somebody's will; answers get lost by themselves.
TRIES, SILENT_TRIES = 3, 6
FIRST_REST, SILENT_FOR = timedelta(seconds=10), timedelta(minutes=10)


def breaks(error: errors.PortalError) -> bool:
    """Whether the error is the page of a portal's own crash, after which it is certainly at work no more."""
    return isinstance(error, errors.Ambiguous) and (error.code, error.status) == (UNREADABLE, BROKEN)


def turned_away(portal: Portal, sent: Batch, items: Sequence[Item], error: errors.Poison, seconds: float) -> float:
    """A request with these rows was turned away before it reached the portal: send them apart.

    Returns the seconds to pause the portal.
    """
    is_new = any(item.row.code != FORBIDDEN for item in items)
    sent_rows = [(item.row, list(item.commands), next(iter(item.commands.values())).method) for item in items]
    attempts = send_apart(sent_rows, FORBIDDEN, error.status, seconds)
    for item, attempt in zip(items, attempts, strict=True):
        exchange.failed(attempt, item.commands, error)
    is_portals = portal.state == Portal.State.HELD or (is_new and _count_turned_away(portal) >= MAX_TURNED_AWAY)
    if len(items) == 1 and not is_portals:
        is_portals = give_up(portal, items[0].row, attempts[0])
    results.save(sent, attempts)
    if is_portals:
        note_passed(portal)
        return hold.obey(portal, errors.Stop("forbidden", status=error.status), "")
    return 0.0


def send_apart(sent_rows: Sequence[SentRow], code: str, status: int, seconds: float) -> list[Attempt]:
    """A request with these rows certainly did nothing, and one of them may be why. Returns their attempts."""
    if len(sent_rows) > results.MAX_SUSPECTS:
        code = results.SET_ASIDE
    error = errors.Poison(code, status=status)
    return [results.failed(row, names, method, error, seconds) for row, names, method in sent_rows]


def give_up(portal: Portal, row: Submission, attempt: Attempt) -> bool:
    """An isolated row has failed: let it wait, or fail for good if the portal answers other requests.

    Returns whether the portal refuses all of them.
    """
    code = _code_of(attempt)
    if not code or row.state != Submission.State.QUEUED:
        return False
    now = timezone.now()
    alike = _ALIKE[code] & Q(submission=row, at__gte=row.trying_since)
    # What an answer's status was is encrypted with the portal's words: it can be read but not asked for.
    earlier = [
        one.at for one in Attempt.objects.filter(alike).only("at", "params", "code", "outcome") if _is_of(one, code)
    ]
    tries, since = len(earlier) + 1, now - min(earlier, default=now)
    if code != SILENT:
        row.due_at = now + FIRST_REST * 2 ** min(tries - 1, 9)
    if tries < (SILENT_TRIES if code == SILENT else TRIES) or (code == SILENT and since < SILENT_FOR):
        return False
    fault = _fault_of_question(portal)
    if fault is None and attempt.method == consent.ADD:
        results.forgo_consent(row)
    elif fault is None:
        row.state, row.due_at, row.code = Submission.State.FAILED, None, code
        attempt.outcome, attempt.code = Attempt.Outcome.REFUSED, code
        facts = {"portal": portal.pk, "submission": row.pk}
        logger.warning("portal %s: submission %s has failed (%s), others pass", portal.pk, row.pk, code, extra=facts)
    return isinstance(fault, errors.Poison)


def _is_of(attempt: Attempt, code: str) -> bool:
    return code != BREAKS or attempt.params.get("status") == BROKEN


def _code_of(attempt: Attempt) -> str:
    """The code of a row that fails like this again and again; "" if that says nothing of the row."""
    if attempt.code == FORBIDDEN:
        return FORBIDDEN
    if attempt.code == UNREADABLE and attempt.params.get("status") == BROKEN:
        return BREAKS
    return SILENT if attempt.code in _NO_ANSWER and attempt.outcome == Attempt.Outcome.UNKNOWN else ""


def note_passed(portal: Portal) -> None:
    """Note that the portal accepts rows: the count of failures starts again."""
    if portal.turned_away:
        Portal.objects.filter(pk=portal.pk).update(turned_away=0)
        portal.turned_away = 0


def _count_turned_away(portal: Portal) -> int:
    """Returns how many requests in a row were turned away, this one included."""
    row = Portal.objects.filter(pk=portal.pk)
    row.update(turned_away=Least(F("turned_away") + 1, Value(MAX_TURNED_AWAY)))
    portal.turned_away = row.values_list("turned_away", flat=True).first() or 0
    return portal.turned_away


def _fault_of_question(portal: Portal) -> errors.PortalError | None:
    """Ask the portal something without any text of a visitor; why it does not answer, None if it does."""
    limits.count_request(portal)
    try:
        calls.call(portal, "profile", {})
    except errors.PortalError as error:
        return error
    return None
