"""What a worker does next about a portal. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Next:
    """When a worker takes up a portal again: in `seconds`; `math.inf` while the portal is held, None if not needed."""

    seconds: float | None

    def but_not_before(self, pause: float) -> Next:
        """The same, but after a pause of this many seconds for the portal."""
        return Next(max(self.seconds or 0.0, pause))


AT_ONCE = Next(0.0)
# Nothing is due, or another worker goes on: a wake-up or the sweep starts the next turn.
NOT_NEEDED = Next(None)
