"""What a source rule would have changed, had it been there for the submissions of the last days."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import QuerySet
from django.utils import timezone

from b24app.models import Portal
from traces.compose import sources
from traces.compose.matching import Matcher
from traces.models import SourceRule, Submission
from traces.setup import rulebook

DAYS = 14
# The newest ones alone, and no more than can be read while somebody waits: each body is decrypted and cleaned.
MAX_SUBMISSIONS, MAX_SECONDS = 2000, 3.0
MAX_MOVES = 5

# A utm_source, a CRM source and its description, as a submission goes out.
Source = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Effect:
    """How many of the submissions (`total`) would have another source, and the most frequent changes.

    `moves` are the source before, the source afterwards and how often; "" is none. `is_partial` is whether there are
    older ones of these days that were not looked at.
    """

    changed: int
    total: int
    moves: tuple[tuple[str, str, int], ...]
    is_partial: bool = False


def effect(portal: Portal, row: SourceRule) -> Effect:
    """What a rule, new or changed but not stored, would have changed in the last `DAYS` days."""
    now = rulebook.load(portal.pk)
    matcher = Matcher(_with(now.rules, row.rule()))
    looked_at, total, moves = 0, 0, Counter[tuple[str, str]]()
    for looked_at, facts in enumerate(_newest(portal, now), start=1):  # noqa: B007 (it counts beyond the loop)
        if facts is None:
            continue
        total += 1
        before, after = _given(now.matcher.match(facts), facts), _given(matcher.match(facts), facts)
        if before != after:
            moves[_shown(before), _shown(after)] += 1
    common = tuple((before, after, count) for (before, after), count in moves.most_common(MAX_MOVES))
    return Effect(moves.total(), total, common, _rows(portal)[looked_at : looked_at + 1].exists())


def _with(rules: Sequence[sources.Rule], rule: sources.Rule) -> list[sources.Rule]:
    """The rules with this one: in its place where it is one of them, or else where a new one goes."""
    others = [other for other in rules if other.id != rule.id or not rule.id]
    before = sum(other.position < rule.position for other in others)
    others.insert(sources.place(others, rule, before + 1 if rule.position else None), rule)
    return others


def _rows(portal: Portal) -> QuerySet[Submission]:
    since = timezone.now() - timedelta(days=DAYS)
    rows = Submission.objects.filter(portal=portal, received_at__gte=since, emptied_at=None)
    return rows.exclude(state__in=[Submission.State.TEST, Submission.State.SPAM]).order_by("-received_at")


def _newest(portal: Portal, now: rulebook.Rulebook) -> Iterator[sources.Facts | None]:
    """The facts of the newest submissions that still have data; None where they cannot be prepared."""
    until = time.monotonic() + MAX_SECONDS
    for row in _rows(portal)[:MAX_SUBMISSIONS].iterator(chunk_size=200):
        try:
            yield now.facts(row)
        except Exception:  # one that cannot be prepared has no source; its delivery says so
            yield None
        if time.monotonic() > until:
            return


def _given(rule: sources.Rule | None, facts: sources.Facts) -> Source:
    if rule is None:
        return facts.utm_source, "", ""
    return rule.utm_source or facts.utm_source, rule.crm_source, rule.crm_description


def _shown(source: Source) -> str:
    return ", ".join(filter(None, source))
