"""What becomes of a submission: its facts, the rule that gives its source, its trace and the records' fields.

Everything is made anew from the stored body each time, by the rules and the form as they are then; so a submission
that waits, or is sent again, follows what the administrator has changed meanwhile.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings

from traces.compose import addresses, fields, sources, steps, trace
from traces.compose.records import BY_NAME, KINDS
from traces.compose.visitor import Visitor, recognise
from traces.models import Form, SourceRule, Submission


@dataclass(frozen=True, slots=True)
class Work:
    """An order and how it came about."""

    order: steps.Order
    facts: sources.Facts
    rule: sources.Rule | None
    trace: Mapping[str, Any]
    repairs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rulebook:
    """A portal's forms by their id, and its source rules in their order: read once, used for many submissions."""

    forms: Mapping[int, Form]
    rules: tuple[sources.Rule, ...]
    # What came and no rule took, as (field, value); counted at the end of the turn (`traces.delivery.unmatched`).
    unmatched: Counter[tuple[str, str]] = field(default_factory=Counter)

    def note_unmatched(self, work: Work) -> None:
        """Count a delivered submission's values that no rule took and no rule gives."""
        known = {rule.utm_source for rule in self.rules}
        self.unmatched.update(sources.unmatched(work.rule, work.facts, known))


def rulebook(portal_id: int) -> Rulebook:
    """The rulebook of a portal as it is now."""
    forms = {form.pk: form for form in Form.objects.filter(portal=portal_id)}
    return Rulebook(forms, tuple(row.rule() for row in SourceRule.objects.filter(portal=portal_id)))


def work(row: Submission, form: Form, rules: tuple[sources.Rule, ...]) -> Work:
    """What is to be made of a submission of this form."""
    secret_names = addresses.SECRET_NAMES | settings.SECRET_PARAMETERS
    prepared = trace.prepare(row.body, int(row.received_at.timestamp()), secret_names)
    facts = sources.facts(form.key, form.name, row.body, prepared.trace, prepared.source_id, prepared.click_ids)
    rule = sources.matcher(rules)(facts)
    built = prepared.trace
    if rule and rule.utm_source:
        built = trace.with_source(built, rule.utm_source)
    records: dict[str, dict[str, Any]] = {}
    repairs = list(prepared.repairs)
    visitor = recognise(row.body) if KINDS[form.creates] else None
    for name in _records(form.creates, visitor):
        made = fields.build(name, row.body, form.mapping, _texts(form, facts, built))
        records[name] = made.values | _source(name, rule) | _utm(form.creates, built)
        repairs += made.repairs
    find = visitor if form.find_existing else None
    order = steps.Order(
        kind=form.creates,
        origin=str(row.pk),
        trace=trace.write(built),
        records=records,
        entities=() if form.creates == "trace" else steps.entities(row.body),
        phones=find.phones if find else (),
        emails=find.emails if find else (),
    )
    return Work(order, facts, rule, built, tuple(dict.fromkeys(repairs)))


def _records(kind: str, visitor: Visitor | None) -> list[str]:
    """Which records are made: of a deal's contact and company those of which something is known."""
    if kind != "deal" or visitor is None:
        return list(KINDS[kind])
    known = {"contact": fields.has_person(visitor), "company": fields.has_company(visitor)}
    return [name for name in KINDS[kind] if known.get(name, True)]


def _source(name: str, rule: sources.Rule | None) -> dict[str, str]:
    if rule is None or not BY_NAME[name].has_source:
        return {}
    given = {"SOURCE_ID": rule.crm_source, "SOURCE_DESCRIPTION": rule.crm_description}
    return {field: text for field, text in given.items() if text}


def _utm(kind: str, built: Mapping[str, Any]) -> dict[str, str]:
    """The easiest way: the tags as fields of the record, and no trace."""
    if kind != "lead_utm":
        return {}
    tags: Mapping[str, str] = built.get("tags", {}).get("list", {})
    return {name.upper(): text for name, text in tags.items()}


def _texts(form: Form, facts: sources.Facts, built: Mapping[str, Any]) -> dict[str, str]:
    """What a template of the mapping can name besides the posted fields."""
    return {
        "form": form.name,
        "page_url": built.get("url", ""),
        "page_host": facts.page_host,
        "page_path": facts.page_path,
        "referrer": facts.referrer,
        "source": facts.source,
        "utm_source": facts.utm_source,
        "utm_medium": facts.utm_medium,
        "utm_campaign": facts.utm_campaign,
    }
