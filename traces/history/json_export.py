"""Everything that is stored of a portal, as JSON Lines: no tokens, no secrets, no hashes of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Model, Q, QuerySet
from django.utils.translation import override

from b24app.models import Portal
from traces.compose import search
from traces.models import CrmRecord, Form, KnownValue, Notice, Preferences, SourceRule, Submission, Unmatched

# Submissions that are read at a time.
CHUNK = 500

PORTAL = ("domain", "language", "state", "hold_code", "installed_at")
FORM = (
    *("name", "key", "creates", "origins", "mapping", "repeats", "thank_you_url", "honeypot", "min_seconds"),
    *("assigned_by_id", "choices", "consent_field", "agreement_id", "active", "created_at"),
)
RULE = ("position", "value", "utm_source", "crm_source", "crm_description", "also_known", "active")
PREFERENCES = (
    *(
        "fields_days",
        "retention_days",
        "viewers",
        "notify",
        "notify_email",
        "notify_user_id",
        "tell_of",
        "notices_a_day",
    ),
    *("erase_before", "earnings", "saved_filters"),
)
NOTICE = ("about", "at", "try_at", "over")
CRM_RECORD = ("record", "number", "lead", "came_at", "semantic", "amount", "currency", "closed_on", "looked_at")
UNMATCHED = ("week", "field", "value", "count", "last_at")
SUBMISSION = (
    *("id", "received_at", "body", "state", "tries", "code", "reason", "repairs"),
    *("trace_id", "entities", "progress", "due_at", "delivered_at", "consent", "emptied_at"),
)
ATTEMPT = ("at", "method", "outcome", "code", "reason", "milliseconds", "exchange")


def lines(portal: Portal) -> Iterator[str]:
    """One JSON object a line, `kind` first: portal, form, source_rule, known_value, preferences, notice,
    unmatched, crm_record, submission.

    A submission names its form by the form's key, and has its `attempts` with it. Made while it is read, a chunk of
    submissions at a time.
    """
    yield _line("portal", portal, PORTAL, plan=portal.tariff)
    for form in Form.objects.filter(portal=portal).order_by("pk"):
        texts = list(form.consent_texts.values("since", "text"))
        yield _line("form", form, FORM, most_per_minute=form.max_per_minute, consent_texts=texts)
    for rule in SourceRule.objects.filter(portal=portal):
        yield _line("source_rule", rule, RULE, match=rule.field, how=rule.operator)
    for known in KnownValue.objects.filter(portal=portal):
        yield _line("known_value", known, ("field", "value"))
    for chosen in Preferences.objects.filter(portal=portal):
        yield _line("preferences", chosen, PREFERENCES)
    for notice in Notice.objects.filter(portal=portal).order_by("at", "pk"):
        yield _line("notice", notice, NOTICE)
    for count in Unmatched.objects.filter(portal=portal).order_by("week", "pk").iterator(CHUNK):
        yield _line("unmatched", count, UNMATCHED)
    keys = dict(Form.objects.filter(portal=portal).values_list("pk", "key"))
    records = CrmRecord.objects.filter(portal=portal).order_by("came_at", "pk").select_related("source", "campaign")
    for record in records.iterator(CHUNK):
        labels = {name: text.text if (text := getattr(record, name)) else "" for name in ("source", "campaign")}
        yield _line("crm_record", record, CRM_RECORD, form=keys.get(record.form_id or 0, ""), **labels)
    yield from submission_lines(portal, Submission.objects.all())


def submission_lines(portal: Portal, wanted: QuerySet[Submission]) -> Iterator[str]:
    """Those of the wanted submissions that are the portal's, one JSON object a line."""
    keys = dict(Form.objects.filter(portal=portal).values_list("pk", "key"))
    for row in _submissions(wanted.filter(portal=portal)):
        attempts = [_facts(attempt, ATTEMPT) for attempt in row.attempts.all()]
        facts = {"form": keys.get(row.form_id, ""), "attempts": attempts}
        yield _line("submission", row, SUBMISSION, **{name: row.came_by_text(name) for name in search.CAME_BY}, **facts)


def _submissions(wanted: QuerySet[Submission]) -> Iterator[Submission]:
    """The submissions, oldest first; each chunk goes on behind the last row of the one before."""
    rows = wanted.order_by("received_at", "pk").select_related(*search.CAME_BY).prefetch_related("attempts")
    chunk = list(rows[:CHUNK])
    while chunk:
        yield from chunk
        last = chunk[-1]
        behind = Q(received_at__gt=last.received_at) | Q(pk__gt=last.pk)
        chunk = list(rows.filter(behind, received_at__gte=last.received_at)[:CHUNK])


def _line(kind: str, row: Model, names: tuple[str, ...], **more: Any) -> str:
    return json.dumps({"kind": kind, **_facts(row, names), **more}, cls=DjangoJSONEncoder, ensure_ascii=False) + "\n"


def _facts(row: Model, names: tuple[str, ...]) -> dict[str, Any]:
    with override("en"):
        return {name: getattr(row, name) for name in names}
