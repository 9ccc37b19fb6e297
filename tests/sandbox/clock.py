"""The sandbox' own time, which tests can move forward."""

import time


class Clock:
    """Unix seconds; they pass by themselves, and faster when asked to."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def now(self) -> float:
        """The time now."""
        return time.time() + self.ahead

    def advance(self, seconds: float) -> None:
        """Move forward."""
        self.ahead += seconds
