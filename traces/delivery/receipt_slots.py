"""Where the next hit leaves its receipt, so that no other hit overwrites it.

Two hits that write into one store at the same moment lose one's receipt (`b24app.api.receipts`). A hit writes twice: a
mark when it begins, a receipt when it ends. So a store serves one hit, or two long ones whose beginnings and ends are
far apart. Where the company's own server sets no limits, further hits go out without a receipt, as long as none was
lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

from b24app.api import receipts
from b24app.models import Portal
from b24app.pace import limits
from traces.models import Batch

# Two writings into one store are so far apart: this share of the hit's expected time, and so many seconds at least.
APART_SHARE, APART_SECONDS = 0.2, 0.15
MAX_IN_A_STORE = 2


class Out(Protocol):
    """What is known of a hit that is out (`traces.models.Batch`)."""

    store: int | None
    sent_at: Any  # datetime
    expected_at: datetime | None
    code: str


class Wait(Exception):
    """No hit can go out now without putting another one's receipt at risk."""


def out(portal: Portal) -> list[Out]:
    """The portal's hits that are out, and those that are being made ready (without `sent_at`)."""
    found = Batch.objects.filter(portal=portal)
    return list(found.values_list("store", "sent_at", "expected_at", "code", named=True))


def choose(portal: Portal, out: Sequence[Out], now: datetime, seconds: float) -> int | None:
    """The place (`b24app.api.receipts`) for the receipt of a hit that begins now, or None for no receipt.

    `out` are the hits that are out already, `seconds` is how long this one is expected to take (0: unknown). Raises
    `Wait` where one has to come back first.
    """
    if len(out) >= limits.tariff_of(portal).in_flight:
        raise Wait
    stores = 0 if portal.by_webhook else portal.receipt_stores
    for store in range(stores):
        others = [batch for batch in out if batch.store is not None and receipts.store_of(batch.store) == store]
        if fits(others, now, seconds):
            # Its first option, or the second one where that belongs to another hit.
            return store + len(receipts.STORES) * any(batch.store == store for batch in others)
    limited = limits.tariff_of(portal).rate > 0
    if stores and (limited or any(batch.code for batch in out)):
        raise Wait
    return None


def has_place(portal: Portal, out: Sequence[Out], now: datetime, seconds: float) -> bool:
    """Whether a hit may begin now."""
    try:
        choose(portal, out, now, seconds)
    except Wait:
        return False
    return True


def fits(others: Sequence[Out], now: datetime, seconds: float) -> bool:
    """Whether a hit of so many seconds can share a store with `others`, all of them out."""
    if not others:
        return True
    if len(others) >= MAX_IN_A_STORE or not seconds:
        return False
    apart = timedelta(seconds=max(APART_SECONDS, APART_SHARE * seconds))
    ends = now + timedelta(seconds=seconds)
    for other in others:
        if other.code or other.expected_at is None or now > other.expected_at:
            return False  # nobody knows when it writes
        if min(now - other.sent_at, other.expected_at - now, abs(ends - other.expected_at)) < apart:
            return False
    return True
