"""Runs several processes together, and starts again what ends by itself."""

import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass

from b24app.host.processes import Process

_FIRST_PAUSE_SECONDS = 0.5
_MAX_PAUSE_SECONDS = 30.0
# Having run this long, a process counts as healthy and its next restart comes quickly again.
_HEALTHY_SECONDS = 60.0


@dataclass
class _Watch:
    """Watches one process: when it ended, and when it may be started again."""

    process: Process
    started: float = 0.0
    pause: float = _FIRST_PAUSE_SECONDS
    due: float | None = None

    def look(self, now: float) -> None:
        """Start it again when it has ended and its pause is over."""
        if self.process.alive:
            return
        if self.due is None:
            if now - self.started > _HEALTHY_SECONDS:
                self.pause = _FIRST_PAUSE_SECONDS
            self.due = now + self.pause
            print(f"{self.process.name} ended ({self.process.returncode}); again in {self.pause:g} s", flush=True)
        elif now >= self.due:
            self.pause = min(self.pause * 2, _MAX_PAUSE_SECONDS)
            self.due = None
            self.started = now
            self.process.start()


def run_together(processes: Sequence[Process], *, grace: float = 10.0) -> None:
    """Run all until SIGINT or SIGTERM; start again, after a growing pause, what ends by itself.

    Ends them in reverse order with `grace` seconds each, so name first what others need. Call it in
    the main thread. A process that runs already is taken over as it is.
    """
    asked_to_end: list[int] = []  # a flag, as a signal handler must not take a lock

    def end(signum: int, frame: object) -> None:
        asked_to_end.append(signum)

    previous = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        watches = [_Watch(process, started=time.monotonic()) for process in processes]
        for process in processes:
            process.start()
        while not asked_to_end:
            time.sleep(0.2)
            for watch in watches:
                watch.look(time.monotonic())
        print(f"\nEnding… (up to {grace:.0f} s)", flush=True)
    finally:
        for process in reversed(processes):
            process.stop(grace)
        for number, handler in previous.items():
            signal.signal(number, handler)
