"""The attempts to deliver a submission, as its page shows them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from b24app.models import Portal
from traces import sentences
from traces.delivery import exchange
from traces.models import Attempt, Submission

# Of more attempts than these the newest are shown.
MAX_ATTEMPTS = 100
_GOOD, _BAD = {"delivered", "done"}, {"refused"}


@dataclass(frozen=True, slots=True)
class Try:
    """An attempt as the page shows it; what was `asked` and `answered` is empty where that is not kept any more."""

    attempt: Attempt
    outcome: sentences.Text
    reason: str
    mark: str
    asked: str
    answered: str


def context(row: Submission) -> dict[str, Any]:
    """The newest attempts in their order, and whether there were more."""
    newest = list(row.attempts.order_by("-id")[: MAX_ATTEMPTS + 1])
    return {
        "tries": [_try(attempt, row.portal) for attempt in reversed(newest[:MAX_ATTEMPTS])],
        "more_tries": len(newest) > MAX_ATTEMPTS,
    }


def _try(attempt: Attempt, portal: Portal) -> Try:
    mark = "good" if attempt.outcome in _GOOD else "bad" if attempt.outcome in _BAD else "warn"
    asked, answered = exchange.read(attempt.exchange)
    reason = sentences.reason(attempt.code, attempt.params, by_webhook=portal.by_webhook)
    return Try(attempt, sentences.OUTCOMES[attempt.outcome], reason, mark, asked, answered)
