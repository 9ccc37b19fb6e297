"""The figures of the queues, read from the database when they are asked for, so that every process agrees."""

from collections.abc import Iterator

from django.core.cache import cache
from django.db.models import Count, Min, Q
from django.utils import timezone
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from b24app.models import Portal
from traces.models import Batch, ShownState, Submission

# Counting all submissions reads their whole index, and anybody may ask for the figures.
STATES_SECONDS = 15


def states(portals: Q | None = None) -> dict[str, int]:
    """How many submissions are in each state; "held" are the queued ones of held portals.

    `portals` narrows it to some portals, as a condition on `Submission.portal`.
    """
    rows = (
        Submission.objects.filter(portals or Q())
        .order_by()
        .values_list("state", "portal__state")
        .annotate(number=Count("pk"))
    )
    counts = dict.fromkeys(ShownState.values, 0)
    for state, portal_state, number in rows:
        held = state == Submission.State.QUEUED and portal_state != Portal.State.ACTIVE
        counts["held" if held else state] += number
    return counts


def oldest_due_seconds(portals: Q | None = None) -> float:
    """How long the oldest row that could be sent has been waiting; 0 if there is none."""
    now = timezone.now()
    rows = Submission.objects.filter(portals or Q(), due_at__lte=now, portal__state=Portal.State.ACTIVE)
    oldest = rows.aggregate(oldest=Min("due_at"))["oldest"]
    return round((now - oldest).total_seconds(), 3) if oldest else 0.0


class _Collector:
    def __init__(self, *, redis_up: bool) -> None:
        self.redis_up = redis_up

    def collect(self) -> Iterator[Metric]:
        total = GaugeMetricFamily("trace_relay_submissions", "Submissions by state", labels=["state"])
        counts: dict[str, int] = cache.get_or_set("metrics:states", states, STATES_SECONDS) or {}
        for state, number in counts.items():
            total.add_metric([state], number)
        yield total
        yield GaugeMetricFamily(
            "trace_relay_oldest_due_seconds", "Wait of the oldest row that is due", value=oldest_due_seconds()
        )
        portals = GaugeMetricFamily("trace_relay_portals", "Portals by state", labels=["state"])
        for state, number in Portal.objects.order_by().values_list("state").annotate(number=Count("pk")):
            portals.add_metric([state], number)
        yield portals
        lost = Batch.objects.filter(state=Batch.State.LOST).count()
        yield GaugeMetricFamily(
            "trace_relay_answers_missing", "Batches whose answer was lost, not settled yet", value=lost
        )
        yield GaugeMetricFamily("trace_relay_redis_up", "Whether Redis answers", value=float(self.redis_up))


def exposition(*, redis_up: bool) -> tuple[bytes, str]:
    """The figures in Prometheus' text format, and its content type."""
    registry = CollectorRegistry()
    registry.register(_Collector(redis_up=redis_up))
    return generate_latest(registry), CONTENT_TYPE_LATEST
