"""How often source rules decided, by what deliveries have stored: one query over an index that holds nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Max
from django.utils import timezone

from b24app.models import Portal
from traces.models import Submission

DAYS = 30


@dataclass(frozen=True, slots=True)
class Use:
    """How many delivered submissions of the last `DAYS` days a rule decided, and when the last of them came."""

    count: int
    last_at: datetime


def of(portal: Portal, rule_ids: Sequence[int]) -> dict[int, Use]:
    """The use of these rules by their number; those that decided nothing are not in it."""
    since = timezone.now() - timedelta(days=DAYS)
    rows = Submission.objects.filter(portal=portal, rule__in=rule_ids, received_at__gte=since)
    counted = rows.order_by().values_list("rule").annotate(number=Count("*"), last=Max("received_at"))
    return {number: Use(count, last_at) for number, count, last_at in counted}
