"""How much waits for a portal, and whether it is too much: one portal must not fill the disk of all."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from django.conf import settings
from django.core.cache import cache
from django.db import close_old_connections
from django.db.models.functions import Length

from b24app.host.together import Late, Together
from traces.models import Submission

# Each process looks so often, and believes what it saw at most so long.
LOOK_SECONDS, KEEP_SECONDS = 30, 600
# Bodies that are looked at, spread over the queue: how long the others are is estimated.
SAMPLES = 16
# No body is longer but by what is kept beside it (`traces.intake.reading`): fewer rows need no look at their bodies.
_MAX_BODY_BYTES = 400 * 1024


@dataclass(frozen=True, slots=True)
class Waiting:
    """Submissions that wait for a portal, and about how many bytes they have."""

    rows: int = 0
    bytes: int = 0

    @property
    def is_full(self) -> bool:
        """Whether no more is taken for the portal."""
        max_bytes = settings.PORTAL_WAITING_MIB * 1024 * 1024
        return bool(0 < settings.PORTAL_WAITING_ROWS <= self.rows or 0 < max_bytes <= self.bytes)


def waiting(portal_id: int) -> Waiting:
    """What waits for the portal, as it was not long ago."""
    key = f"waiting:{portal_id}"
    if cache.add(f"{key}:looked", 1, LOOK_SECONDS):  # one looks, the others need not wait for it
        with suppress(Late):  # nor that one for a database that answers nobody
            cache.set(key, looker.ask(portal_id), KEEP_SECONDS)
    found: Waiting | None = cache.get(key)
    return found or Waiting()


def _look_at_all(portal_ids: Sequence[int]) -> list[Waiting | BaseException]:
    if looker.has_thread:  # else Django looks after the connection, at the beginning of each request
        close_old_connections()
    return [_look(portal_id) for portal_id in portal_ids]


def _look(portal_id: int) -> Waiting:
    queued = Submission.objects.filter(portal=portal_id, state=Submission.State.QUEUED)
    rows = queued[: max(1, settings.PORTAL_WAITING_ROWS)].count() if settings.PORTAL_WAITING_ROWS else queued.count()
    if not settings.PORTAL_WAITING_MIB or rows * _MAX_BODY_BYTES < settings.PORTAL_WAITING_MIB * 1024 * 1024:
        return Waiting(rows)
    bodies = queued.order_by("received_at").values_list(Length("body"), flat=True)
    places = dict.fromkeys(number * rows // SAMPLES for number in range(SAMPLES))
    lengths = [length for place in places for length in bodies[place : place + 1]]
    return Waiting(rows, rows * sum(lengths) // max(1, len(lengths)))


looker: Together[int, Waiting] = Together("looker", _look_at_all, seconds=0.95, at_once=8)
