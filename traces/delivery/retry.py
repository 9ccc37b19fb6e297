"""When a submission that could not be delivered is tried again. Pure."""

from datetime import datetime, timedelta

MIN_SECONDS = 1.0
FIRST_SECONDS = 5.0
GROWTH = 3.0
MAX_SECONDS = 4 * 3600.0
GIVE_UP_AFTER = timedelta(days=3)


def delay(tries: int, chance: float) -> float:
    """Seconds until the next try after `tries` failed ones: up to 5 s, 15 s, 45 s … 4 hours.

    `chance` in [0, 1) spreads them over all of that (full jitter), so that many rows do not come back at once.
    """
    max_seconds = min(MAX_SECONDS, FIRST_SECONDS * GROWTH ** min(max(tries, 1) - 1, 12))
    return MIN_SECONDS + (max_seconds - MIN_SECONDS) * chance


def is_over(trying_since: datetime, now: datetime) -> bool:
    """Whether a submission has been tried for long enough."""
    return now - trying_since > GIVE_UP_AFTER
