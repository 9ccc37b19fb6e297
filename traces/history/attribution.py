"""Where delivered submissions came from, beside the former period of the same length.

What is counted was stored with the delivery (`traces.delivery.findable`): one query over an index that holds nothing
else, and no visitor's text is read but the labels that are shown. The folding is pure.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Count, Q

from b24app.models import Portal
from traces.compose import search
from traces.delivery import findable
from traces.models import Form, Source, Submission

FORM, FIRST_SOURCE = "form", "first_source"
DIMENSIONS = (*search.CAME_BY, FORM)
MAX_ROWS = 8
# The numbers of a group in the order of `DIMENSIONS`, None where it has none; how many in the period, and before.
Group = tuple[Sequence[int | None], int, int]


@dataclass(slots=True)
class Figure:
    """How many submissions came in the period, and in the former one."""

    count: int = 0
    former: int = 0

    def add(self, count: int, former: int) -> None:
        """Count more."""
        self.count, self.former = self.count + count, self.former + former

    @property
    def trend(self) -> int | None:
        """The change in percent; None where there was nothing to compare with."""
        return round(100 * (self.count - self.former) / self.former) if self.former else None


@dataclass(slots=True)
class Line(Figure):
    """A row of a table: its number and label, None and "" for what has none."""

    key: int | None = None
    label: str = ""


@dataclass(slots=True)
class Ranking:
    """The most frequent rows, what the others count together, and what has no value at all."""

    top: Sequence[Line] = ()
    others: Figure = field(default_factory=Figure)
    missing: Figure = field(default_factory=Figure)


@dataclass(frozen=True, slots=True)
class Attribution:
    """All that was delivered, its rankings by `DIMENSIONS`, and direct visits with the numbers of their source."""

    total: Figure
    rankings: Mapping[str, Ranking]
    direct: Figure
    direct_keys: Sequence[int] = ()

    @property
    def share_without_source(self) -> int:
        """How many percent came with no tag and from no other site."""
        return round(100 * self.direct.count / self.total.count) if self.total.count else 0


def of(portal: Portal, since: datetime, until: datetime | None = None, form_id: int | None = None) -> Attribution:
    """What came `since` then, before `until` or now, and was delivered; beside as long a time before. Four queries."""
    length = (until or datetime.now(since.tzinfo)) - since
    rows = Submission.objects.filter(portal=portal, source__isnull=False, received_at__gte=since - length)
    rows = rows.filter(received_at__lt=until) if until else rows
    rows = rows.filter(form=form_id) if form_id is not None else rows
    now = Count("received_at", filter=Q(received_at__gte=since))
    counted = rows.order_by().values_list(*DIMENSIONS).annotate(now=now, all=Count("*"))
    groups: list[Group] = [(keys, number, every - number) for *keys, number, every in counted]
    direct = findable.source_numbers(portal.pk, search.DIRECT)
    found = fold(groups, direct)
    _name(portal, found.rankings)
    return found


def fold(groups: Iterable[Group], direct: Sequence[int] = (), max_rows: int = MAX_ROWS) -> Attribution:
    """Groups as rankings, without their labels; `direct` are the numbers of the source of direct visits."""
    total, of_direct = Figure(), Figure()
    by_key: dict[str, defaultdict[int | None, Figure]] = {name: defaultdict(Figure) for name in DIMENSIONS}
    for keys, count, former in groups:
        total.add(count, former)
        if keys[0] in direct:
            of_direct.add(count, former)
        for name, key in zip(DIMENSIONS, keys, strict=True):
            by_key[name][key].add(count, former)
    return Attribution(
        total, {name: _ranking(figures, max_rows) for name, figures in by_key.items()}, of_direct, direct
    )


def _ranking(figures: dict[int | None, Figure], max_rows: int) -> Ranking:
    missing = figures.pop(None, Figure())
    ranked = sorted(figures, key=lambda key: (-figures[key].count, -figures[key].former, key or 0))
    ranked = [key for key in ranked if figures[key].count or figures[key].former]
    others = Figure()
    for key in ranked[max_rows:]:
        others.add(figures[key].count, figures[key].former)
    top = [Line(figures[key].count, figures[key].former, key) for key in ranked[:max_rows]]
    return Ranking(top, others, missing)


def _name(portal: Portal, rankings: Mapping[str, Ranking]) -> None:
    """Give the rows their labels: the names of forms, and the texts of all others."""
    lines = [(name, line) for name, ranking in rankings.items() for line in ranking.top]
    keys = {line.key for name, line in lines if name != FORM and line.key is not None}
    texts = {source.pk: source.text for source in Source.objects.filter(portal=portal, pk__in=keys)}
    forms = dict(Form.objects.filter(portal=portal).values_list("pk", "name"))
    for name, line in lines:
        line.label = (forms if name == FORM else texts).get(line.key or 0, "")
