"""How often a stranger may have something proven that costs us: an opening, an event, a code, an operator's password.

Each attempt is counted before it costs anything, and what proves true is given back: who is honest uses nothing up. An
address that has proven itself within a day is let in although all others together are too many.
"""

from __future__ import annotations

from django.http import HttpRequest

from b24app.pace import addresses, counters

# The total limit is that of this many addresses.
ADDRESSES = 10
KNOWN_SECONDS = 24 * 3600.0


class Gate:
    """One attempt at what is called `name`, of which `per_minute` may fail from one address; 0 is no limit."""

    def __init__(self, request: HttpRequest, name: str, per_minute: int) -> None:
        self._known = f"proven:{name}"
        self._address = addresses.hidden_address(request)
        of_address = per_minute if self._address else 0
        self._own = counters.limits_of((f"{name}:{self._address}", of_address, per_minute / 60))
        in_all = per_minute * ADDRESSES
        self._all = counters.limits_of((name, in_all, in_all / 60))
        self._counted: list[counters.Limit] = []

    def wait(self) -> int:
        """Count the attempt. Returns 0, or the seconds after which another one may be made."""
        limits = [*self._own, *self._all]
        taken = counters.take(limits)
        if taken.full in self._all and self._address and counters.remembers(self._known, self._address):
            limits = self._own
            taken = counters.take(limits)
        self._counted = [] if taken.full else limits
        return counters.seconds_of(taken.wait) if taken.full else 0

    def proved(self) -> None:
        """Give the attempt back: it was honest."""
        if self._counted:
            counters.give_back(self._counted)
        if self._counted and self._address:
            counters.remember(self._known, self._address, seconds=KNOWN_SECONDS)
