"""Everything that goes out for one submission: its trace, the rule that gives its source, its records' fields. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from traces.compose import choices, existing, fields, search, sources, steps, trace
from traces.compose.addresses import SECRET_NAMES
from traces.compose.choices import Choice, Chosen
from traces.compose.matching import Matcher
from traces.compose.records import BY_NAME, KINDS
from traces.compose.typed_values import Types
from traces.compose.visitor import Visitor, recognise


@dataclass(frozen=True, slots=True)
class FormSettings:
    """The settings of a form that decide what becomes of its submissions.

    `creates` is one of `KINDS`, `repeats` what it does about visitors whom the CRM knows (`existing.NEW` …).
    """

    key: str
    name: str
    creates: str
    mapping: Mapping[str, Any]
    repeats: str = existing.NEW
    # What the portal says of the mapped fields, and the country whose ways the visitors have.
    field_types: Mapping[str, Any] = field(default_factory=dict)
    country: str = ""
    # The portal's user who is responsible for new records; None leaves it to the portal.
    assigned_by_id: int | None = None
    # What changes all that for some submissions, and how many turns the responsible people have had.
    choices: tuple[Choice, ...] = ()
    rota: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Prepared:
    """Everything that goes out for one submission, and how it came about.

    `kind` is one of `KINDS`, `origin` the submission's id as its records carry it. `trace` is the TRACE text and
    `built` the same trace as an object. `records` has the fields of each record by its name, without those that
    `steps` adds; `entities` the existing records to link; `known` is how the visitor is looked for in the CRM. `rule`
    is the source rule that matched, if any; `came_by` is what the submission is counted by (`search.came_by`);
    `repairs` are keys of `traces.sentences.REPAIRS`.
    """

    kind: str
    origin: str
    trace: str
    built: Mapping[str, Any]
    records: Mapping[str, Mapping[str, Any]]
    entities: Sequence[Mapping[str, Any]]
    known: existing.Known
    facts: sources.Facts
    rule: sources.Rule | None
    came_by: Mapping[str, str]
    repairs: tuple[str, ...]
    # The portal's agreement to write the visitor's consent under; 0 if none was given, or none is written.
    agreement: int = 0
    # None if no record is made of it, so that nobody had to recognise it.
    visitor: Visitor | None = None
    # The form's choice that the submission matches, if any.
    chosen: Chosen | None = None

    @property
    def source(self) -> str:
        """What the portal decides the source by."""
        return self.came_by["source"]


def facts_of(
    form: FormSettings,
    body: Mapping[str, Any],
    received_at: int,
    secret_names: Collection[str] = SECRET_NAMES,
    sender_form: tuple[str, str] = ("", ""),
) -> tuple[trace.CleanTrace, sources.Facts]:
    """The clean trace of a submission and what source rules look at, without anything that is sent (see `prepare`)."""
    clean = trace.prepare(body, received_at, secret_names)
    return clean, sources.facts(form.key, form.name, body, clean.trace, clean.source_id, clean.click_ids, sender_form)


def prepare(
    form: FormSettings,
    submission_id: str,
    body: Mapping[str, Any],
    received_at: int,
    matcher: Matcher,
    secret_names: Collection[str] = SECRET_NAMES,
    sender_form: tuple[str, str] = ("", ""),
    agreement: int = 0,
    responsible: int = 0,
) -> Prepared:
    """Prepare a submission of this form that arrived at `received_at` (unix seconds).

    `matcher` has the portal's source rules; no address keeps a parameter with one of `secret_names`; `sender_form` is
    what the sender calls its own form (name, id); `agreement` is the portal's, if given; `responsible` who was, or 0.
    """
    clean, facts = facts_of(form, body, received_at, secret_names, sender_form)
    rule = matcher.match(facts)
    form, chosen = _chosen(form, facts, body, responsible)
    built = trace.with_source(clean.trace, rule.utm_source) if rule and rule.utm_source else clean.trace
    visitor = recognise(body) if KINDS[form.creates] else Visitor()
    records, repairs = _records(form, visitor, body, facts, built, rule, chosen)
    known, repairs_of_comment = _known(form, visitor, body, built, records)
    return Prepared(
        kind=form.creates,
        origin=submission_id,
        trace=trace.write(built),
        built=built,
        records=records,
        entities=() if form.creates == "trace" else steps.entities(body),
        known=known,
        facts=facts,
        rule=rule,
        came_by=search.came_by(facts, built),
        repairs=tuple(dict.fromkeys([*clean.repairs, *repairs, *repairs_of_comment])),
        agreement=agreement,
        visitor=visitor if KINDS[form.creates] else None,
        chosen=chosen,
    )


def _chosen(
    form: FormSettings, facts: sources.Facts, body: Mapping[str, Any], responsible: int
) -> tuple[FormSettings, Chosen | None]:
    """The choice that a submission matches, with the person responsible by it; and the form as that one has it."""
    found = choices.first(form.choices, facts, body) if form.choices else None
    if found is None:
        return form, None
    number, choice = found
    person = choices.responsible(choice, form.rota, responsible)
    return replace(form, creates=choice.creates or form.creates), Chosen(number, choice, person)


def _records(
    form: FormSettings,
    visitor: Visitor,
    body: Mapping[str, Any],
    facts: sources.Facts,
    built: Mapping[str, Any],
    rule: sources.Rule | None,
    chosen: Chosen | None,
) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """The fields of each record, and what was repaired in them."""
    types, names = Types(form.field_types, form.country), _names(form.creates, visitor)
    texts = _texts(form, facts, built)
    filled = {
        name: fields.build(name, visitor, body, form.mapping, texts, types, set(names) - {name}) for name in names
    }
    records = {
        name: record.values
        | _responsible(form, name, record.values)
        | choices.fields_of(chosen, name)
        | _source_fields(name, rule)
        for name, record in filled.items()
    }
    if form.creates == "lead_utm":
        records["lead"] |= _utm_fields(built)
    return records, [key for record in filled.values() for key in record.repairs]


def _known(
    form: FormSettings,
    visitor: Visitor,
    body: Mapping[str, Any],
    built: Mapping[str, Any],
    records: Mapping[str, Mapping[str, Any]],
) -> tuple[existing.Known, tuple[str, ...]]:
    """By what the visitor is looked for in the CRM, if at all, and the repairs of the comment."""
    if form.repeats not in existing.repeats_of(form.creates) or form.repeats == existing.NEW:
        return existing.Known(), ()
    phones, emails = existing.channels(visitor.phones, visitor.emails, records)
    comment, repairs = existing.comment_text(form.name, built.get("url", ""), body)
    return existing.Known(form.repeats, phones, emails, comment), repairs


def _names(kind: str, visitor: Visitor) -> list[str]:
    """The records to make: a deal has a contact and a company only where the visitor named one."""
    if kind != "deal":
        return list(KINDS[kind])
    named = {"contact": fields.has_person(visitor), "company": fields.has_company(visitor)}
    return [name for name in KINDS[kind] if named.get(name, True)]


def _responsible(form: FormSettings, name: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """The responsible person, where the mapping gives none; a mapping of "" leaves it to the portal."""
    is_taken_away = (form.mapping.get(name) or {}).get("ASSIGNED_BY_ID") == ""
    if not form.assigned_by_id or values.get("ASSIGNED_BY_ID") or is_taken_away:
        return {}
    return {"ASSIGNED_BY_ID": form.assigned_by_id}


def _source_fields(name: str, rule: sources.Rule | None) -> dict[str, str]:
    if rule is None or not BY_NAME[name].has_source:
        return {}
    texts = {"SOURCE_ID": rule.crm_source, "SOURCE_DESCRIPTION": rule.crm_description}
    return {field: text for field, text in texts.items() if text}


def _utm_fields(built: Mapping[str, Any]) -> dict[str, str]:
    """The trace's tags as fields of the record, for the kind that sends no trace."""
    tags: Mapping[str, str] = built.get("tags", {}).get("list", {})
    return {name.upper(): text for name, text in tags.items()}


def _texts(form: FormSettings, facts: sources.Facts, built: Mapping[str, Any]) -> dict[str, str]:
    """What a template of the mapping can name besides the posted fields."""
    return {
        "form": form.name,
        "form_name": facts.form_name,
        "form_id": facts.form_id,
        "page_url": built.get("url", ""),
        "page_host": facts.page_host,
        "page_path": facts.page_path,
        "referrer": facts.referrer,
        "source": facts.source,
        "utm_source": facts.utm_source,
        "utm_medium": facts.utm_medium,
        "utm_campaign": facts.utm_campaign,
    }
