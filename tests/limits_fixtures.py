"""Portals whose limits no run has used before, and time that can be moved."""

import itertools
import time

import pytest

from b24app.api.batch import Operating
from b24app.models import Portal
from b24app.pace import limits

METHOD, ANOTHER = "crm.tracking.trace.add", "crm.lead.add"
LIMIT = limits.OPERATING_SECONDS
_numbers = itertools.count(time.time_ns() // 1000)


def new(plan=Portal.Plan.STANDARD):
    """A portal that no run has used before: the Redis may be one that stays."""
    return Portal(pk=next(_numbers), plan=plan)


def told(portal, used, resets_in, each=0.1, method=METHOD):
    """The portal answers: a command took so long, and so much of the method's operating time is used."""
    limits.report(portal, method, each, Operating(used, resets_in))


def take_all(portal, most=400):
    """Hits that are let through at once, the wait of the first that is not, and the real seconds that it took."""
    began = time.monotonic()
    for hits in range(most):
        if wait := limits.take_hit(portal):
            return hits, wait, time.monotonic() - began
    return most, 0.0, time.monotonic() - began


@pytest.fixture
def standard(redis):
    """A portal on an ordinary plan."""
    return new()


@pytest.fixture
def later(monkeypatch):
    """Let so many seconds pass."""

    def later(seconds):
        monkeypatch.setattr(limits, "ahead", limits.ahead + seconds)

    return later
