"""The portal's two limiters, with the time passed in.

Source: the fact sheet on limits: a leaky bucket of requests per portal and source address, and the
operating time per application and method in ten buckets of a minute.
"""

from __future__ import annotations

from dataclasses import dataclass, field

# plan: (threshold X, drained a second Y)
PLANS = {"standard": (50.0, 2.0), "enterprise": (250.0, 5.0)}
BUCKETS = 10
BUCKET_SECONDS = 60
MIN_COUNTED = 0.1


@dataclass
class Leaky:
    """One bucket of requests."""

    threshold: float
    drain: float
    level: float = 0.0
    at: float = 0.0

    def take(self, now: float) -> bool:
        """Whether one more request is let in at `now` (seconds)."""
        self.level = max(0.0, self.level - self.drain * max(0.0, now - self.at))
        self.at = now
        if self.level + 1 > self.threshold:
            return False
        self.level += 1
        return True


@dataclass
class Operating:
    """The operating time of one method of one application."""

    limit: float
    buckets: dict[int, float] = field(default_factory=dict)
    first: dict[int, float] = field(default_factory=dict)

    def used(self, now: float) -> float:
        """Seconds used in the last ten minutes."""
        oldest = int(now // BUCKET_SECONDS) - BUCKETS
        for minute in [minute for minute in self.buckets if minute <= oldest]:
            del self.buckets[minute], self.first[minute]
        return sum(self.buckets.values())

    def is_blocked(self, now: float) -> bool:
        """Whether a call is refused at `now`: looked at before the call, so the crossing one still runs."""
        return self.used(now) > self.limit

    def add(self, seconds: float, now: float) -> None:
        """Count what one HTTP request used; short ones are not counted."""
        if seconds > MIN_COUNTED:
            minute = int(now // BUCKET_SECONDS)
            self.buckets[minute] = self.buckets.get(minute, 0.0) + seconds
            self.first.setdefault(minute, now)

    def reset_at(self, now: float) -> int:
        """When the oldest bucket leaves (unix seconds)."""
        self.used(now)  # forgets what is over
        began = min(self.first.values(), default=now)
        return int(began) + BUCKETS * BUCKET_SECONDS
