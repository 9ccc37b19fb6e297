"""The sandbox' own time, which tests can move forward."""

import asyncio
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

    async def sleep(self, seconds: float) -> None:
        """Let so much time pass."""
        await asyncio.sleep(seconds)


class SteppedClock(Clock):
    """Time that passes in no time: it stands still until somebody sleeps. For one caller at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.start = time.time()

    def now(self) -> float:
        return self.start + self.ahead

    async def sleep(self, seconds: float) -> None:
        self.advance(seconds)
