"""Which slot the next batch leaves its receipt in, so that no other batch overwrites it.

Two batches that write into one option set at the same moment lose one's receipt (`b24app.api.receipts`). A batch
writes twice: a mark when it begins, a receipt when it ends. So an option set serves one batch, or two long ones whose
beginnings and ends are far apart. Where the company's own server sets no limits, further batches go out without a
receipt, as long as none was lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from b24app.api import receipts
from b24app.models import Portal
from b24app.pace import limits

# Two writes into one option set are this share of the batch's expected time apart, and at least this many seconds.
APART_SHARE, APART_SECONDS = 0.2, 0.15
MAX_SHARING = 2


@dataclass(frozen=True, slots=True)
class InFlight:
    """A batch that the portal may be working on. One that is still being prepared has no `sent_at`."""

    slot: int | None
    sent_at: datetime | None
    expected_at: datetime | None
    is_lost: bool


class NoSlot(Exception):
    """No batch can go out now without putting another one's receipt at risk."""


def choose(portal: Portal, in_flight: Sequence[InFlight], now: datetime, seconds: float) -> int | None:
    """Returns the slot for the receipt of a batch that begins now, or None for no receipt.

    `seconds` is how long the batch is expected to take (0: unknown). Raises `NoSlot` if another batch has to come
    back first.
    """
    tariff = limits.tariff_of(portal)
    if len(in_flight) >= tariff.in_flight:
        raise NoSlot
    option_sets = 0 if portal.by_webhook else portal.receipt_option_sets
    for option_set in range(option_sets):
        sharing = [batch for batch in in_flight if _uses(batch, option_set)]
        if can_share(sharing, now, seconds):
            first = receipts.slot_of(option_set, option=0)
            is_taken = any(batch.slot == first for batch in sharing)
            return receipts.slot_of(option_set, option=1) if is_taken else first
    is_limited = tariff.rate > 0
    if option_sets and (is_limited or any(batch.is_lost for batch in in_flight)):
        raise NoSlot
    return None


def has_free_slot(portal: Portal, in_flight: Sequence[InFlight], now: datetime, seconds: float) -> bool:
    """Whether a batch may begin now."""
    try:
        choose(portal, in_flight, now, seconds)
    except NoSlot:
        return False
    return True


def can_share(sharing: Sequence[InFlight], now: datetime, seconds: float) -> bool:
    """Whether a batch that takes this many seconds can use the same option set as these batches."""
    if not sharing:
        return True
    if len(sharing) >= MAX_SHARING or not seconds:
        return False
    apart = timedelta(seconds=max(APART_SECONDS, APART_SHARE * seconds))
    return all(_is_apart(batch, now, now + timedelta(seconds=seconds), apart) for batch in sharing)


def _uses(batch: InFlight, option_set: int) -> bool:
    return batch.slot is not None and receipts.option_set_of(batch.slot) == option_set


def _is_apart(batch: InFlight, begins: datetime, ends: datetime, apart: timedelta) -> bool:
    if batch.is_lost or batch.sent_at is None or batch.expected_at is None or begins > batch.expected_at:
        return False  # nobody knows when it writes
    return min(begins - batch.sent_at, batch.expected_at - begins, abs(ends - batch.expected_at)) >= apart
