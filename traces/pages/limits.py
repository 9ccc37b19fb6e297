"""How close a portal is to its limits, and how long its deliveries take: as pages show it."""

from __future__ import annotations

from collections.abc import Set

from django.utils.translation import ngettext

from b24app.models import Portal
from b24app.pace import usage
from traces import sentences
from traces.compose import steps
from traces.history import statistics
from traces.models import Form
from traces.pages.numbers import grouped

# What forms make, and what they do about visitors who come again.
Kinds = Set[tuple[str, str]]


def kinds(portal: Portal) -> Kinds:
    """What the portal's forms make, each once."""
    return set(Form.objects.filter(portal=portal).values_list("creates", "repeats").order_by().distinct())


def usage_of(portal: Portal, kinds: Kinds) -> usage.Usage | None:
    """What the portal's forms use of its limits; None where that is not known."""
    needed = {steps.TRACE_ADD}.union(*(steps.methods(kind, repeats) for kind, repeats in kinds))
    return usage.of(portal, sorted(needed))


def speed(portal: Portal) -> dict[str, str] | None:
    """How long the latest deliveries took, in words; None where there was none."""
    speed = statistics.speed(portal)
    if speed is None:
        return None
    text = ngettext("Last delivery", "Last %(count)s deliveries", speed.count)
    return {
        "median": sentences.duration(speed.median),
        "slowest": sentences.duration(speed.slowest),
        "text": text % {"count": grouped(speed.count)},
    }
