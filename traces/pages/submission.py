"""The page of one submission: what came, what was made of it, and how it went."""

from __future__ import annotations

import json
import logging
import shlex
import uuid
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters

from b24app.api import remedies
from b24app.api.remedies import Remedy
from b24app.models import Portal
from b24app.portal import hold
from traces import sentences
from traces.compose import consent, journey
from traces.compose.visitor import Visitor, recognise
from traces.history import editing, erasure, explanation, listing, removal, resending
from traces.history.explanation import Explanation
from traces.history.listing import Filter
from traces.models import Kind, ShownState, Submission
from traces.pages import submission_records, submissions, tries
from traces.pages.frame import Reader, render, view
from traces.pages.submission_edit_inputs import EditInput
from traces.pages.submission_inputs import FilterInput
from traces.sentences.failures import Failure
from traces.setup import forms as setup_forms

logger = logging.getLogger(__name__)

MAX_RULES = 20
# A page that is open for longer than this asks no more by itself.
MAX_WATCH = timedelta(minutes=10)


@view()
def show(request: HttpRequest, reader: Reader, submission_id: uuid.UUID) -> HttpResponse:
    """The page itself."""
    return page(request, reader, submission_id)


@view("POST")
def watch(request: HttpRequest, reader: Reader, submission_id: uuid.UUID) -> HttpResponse:
    """The page again once the submission is in another state than it shows; 204 until then."""
    row = Submission.objects.filter(portal=reader.portal, pk=submission_id).only("state", "trying_since", "due_at")
    same = row.filter(state=request.POST.get("state", "")).first()
    if same and _is_under_way(same, reader.portal, timezone.now()):
        return HttpResponse(status=204)
    return page(request, reader, submission_id)


@view("POST")
def resend(request: HttpRequest, reader: Reader, submission_id: uuid.UUID) -> HttpResponse:
    """Send this one again."""
    if Submission.objects.filter(portal=reader.portal, pk=submission_id).exclude(emptied_at=None).exists():
        text = _("This submission can't be resent: the visitor's data has been deleted.")
        return page(request, reader, submission_id, trouble=text)
    if resending.one(reader.portal, submission_id):
        return page(request, reader, submission_id, notice=_("Sending again…"))
    return page(request, reader, submission_id, trouble=_("Left unchanged: it is delivered or being sent."))


@view("POST", asks_again=True)
def delete(request: HttpRequest, reader: Reader, submission_id: uuid.UUID) -> HttpResponse:
    """Delete what is stored of this one, unless it is being sent."""
    rows = Submission.objects.filter(erasure.SETTLED, pk=submission_id)
    number, undo = removal.remove(reader.portal, rows)
    if number:
        notice = _("The submission and the visitor's data were deleted.")
        return submissions.page(request, reader, notice=notice, undo=undo)
    return page(request, reader, submission_id, trouble=_("It is being sent right now. Try again in a minute."))


@sensitive_post_parameters("text")
@view("POST")
def step(request: HttpRequest, reader: Reader, submission_id: uuid.UUID, *, newer: bool) -> HttpResponse:
    """The page of the next one that the list's filter matches, in either direction; the same one where there is none.

    The filter is posted, since it may hold a visitor's data.
    """
    row = Submission.objects.filter(portal=reader.portal, pk=submission_id).first()
    asked = FilterInput(reader.portal, request.POST)
    wanted = asked.filter() if asked.is_valid() else Filter()
    found = listing.neighbours(row, wanted)[0 if newer else 1] if row else None
    if found is None:
        ends = _("This is the newest one that matches."), _("This is the oldest one that matches.")
        return page(request, reader, submission_id, notice=ends[0 if newer else 1])
    return page(request, reader, found)


def page(
    request: HttpRequest,
    reader: Reader,
    submission_id: uuid.UUID,
    notice: str = "",
    trouble: str = "",
    edit: forms.Form | None = None,
) -> HttpResponse:
    """The page with a `notice` of what was done before, or the `trouble` that kept it from being so.

    `edit` are the values that were typed wrong.
    """
    row = Submission.objects.filter(portal=reader.portal, pk=submission_id).select_related("form", "source").first()
    if row is None:
        return render(request, reader, "traces/missing.html", page="submissions", status=404)
    row.portal = reader.portal
    explained = explained_of(row)
    visitor = recognise(row.body)
    context = {
        **_went(row, explained),
        **_around(row, explained),
        **_stands(row, timezone.now()),
        "row": row,
        "who": submissions.name_and_contacts(visitor)[0] if not row.emptied_at else _("Data deleted"),
        "fields": fields(visitor),
        "body": explanation.pretty(row.body),
        "edit": edit or (EditInput(row) if editing.may(row) else None),
        "notice": notice,
        "trouble": trouble,
    }
    status = 422 if trouble or edit else 200
    return render(request, reader, "traces/submissions/submission.html", context, page="submissions", status=status)


def _stands(row: Submission, now: datetime) -> dict[str, Any]:
    """Where a submission stands, and what can be done with it."""
    state = row.shown_state
    return {
        "state": state,
        "state_text": state.label,
        "badge": submissions.BADGES.get(state, "wait"),
        "is_under_way": _is_under_way(row, row.portal, now),
        "source": sentences.source_label(row.source_text),
        "sender": submissions.sender_text(row),
        "consent": _consent(row),
        "may_send": resending.may(row, now),
        "next_try": _next_try(row, row.portal, now),
        "remedy": _remedy(row.portal, row),
    }


def _around(row: Submission, explained: Explanation | None) -> dict[str, Any]:
    """Why it has its source, its neighbours in the list, and how its request is made again."""
    newer, older = listing.neighbours(row)
    body = json.dumps(row.body, ensure_ascii=False)
    parts = (
        shlex.quote(setup_forms.address(row.form)),
        "-H 'Content-Type: application/json'",
        f"-d {shlex.quote(body)}",
    )
    around = {"newer": newer, "older": older, "curl": " \\\n  ".join((f"curl {parts[0]}", *parts[1:]))}
    if explained is None:
        return around
    prepared = explained.prepared
    why = (sentences.brought(prepared.facts), sentences.decided(prepared.rule))
    chosen = prepared.chosen
    return {
        **around,
        "why": [*why, sentences.told(row.source_text, prepared.source)],
        "rule": prepared.rule,
        "creates": Kind(prepared.kind).label,
        "chosen": sentences.chosen(chosen, len(chosen.choice.people)) if chosen else "",
    }


def _is_under_way(row: Submission, portal: Portal, now: datetime) -> bool:
    """Whether it is settled in a moment, so that its page waits for that."""
    is_queued = row.state == Submission.State.QUEUED and portal.state == Portal.State.ACTIVE
    is_near = is_queued and _next_try(row, portal, now) is None
    return (is_near or row.state == Submission.State.SENDING) and row.trying_since > now - MAX_WATCH


def _went(row: Submission, explained: Explanation | None) -> dict[str, Any]:
    """What became of a submission, and why."""
    prepared = explained.prepared if explained else None
    return {
        **(explained_context(explained) if explained else {}),
        "visits": journey.visits(prepared.built) if prepared else [],
        "failure": failure(row),
        "words": row.params.get("words", ""),
        **tries.context(row),
        "exchange_days": int(settings.EXCHANGE_DAYS),
        "records": submission_records.cards(explanation.records(row, prepared)),
        "trace_id": row.trace_id or row.progress.get("trace"),
    }


def failure(row: Submission) -> Failure | None:
    """What went wrong with a submission that is not delivered; None where nothing did."""
    unsettled = row.state != Submission.State.DELIVERED and (row.code or row.params)
    return sentences.failure(row.code, row.params) if unsettled else None


def explained_context(explained: Explanation) -> dict[str, Any]:
    """What `_explanation.html` shows. Of many rules the first ones are told, and the one that decided."""
    rules = [rule for number, rule in enumerate(explained.rules) if number < MAX_RULES or rule.matched]
    return {
        "explained": explained,
        "repairs": [sentences.REPAIRS[key] for key in explained.repairs],
        "rules": [(rule, sentences.seen(rule.rule), sentences.RULES[rule.because]) for rule in rules],
        "more_rules": len(explained.rules) - len(rules),
        "commands": [(command.method, explanation.pretty(command.params)) for command in explained.commands],
    }


def explained_of(row: Submission) -> Explanation | None:
    """What becomes of it as things are; None where it cannot be prepared, which its delivery has told already.

    None of what was emptied, too.
    """
    if row.emptied_at:
        return None
    try:
        return explanation.explain(row)
    except Exception as error:
        # Its text may quote what the visitor has sent.
        logger.error("submission %s cannot be explained (%s)", row.pk, type(error).__name__)
        return None


def fields(visitor: Visitor) -> list[tuple[str, str]]:
    """What the visitor has sent, by what it is; what was not recognised by its own name."""
    return [*recognised_fields(visitor), *((name, value) for name, value in visitor.rest if value)]


def recognised_fields(visitor: Visitor) -> list[tuple[str, str]]:
    """What is known of a visitor, by what it is: label and value."""
    known = [
        (_("Full name"), " ".join(filter(None, (visitor.name, visitor.second_name, visitor.last_name)))),
        *((_("Phone"), phone) for phone in visitor.phones),
        *((_("Email"), email) for email in visitor.emails),
        (_("Company"), visitor.company),
        (_("Position"), visitor.position),
        (_("Website"), visitor.web),
        (_("Message"), visitor.comments),
    ]
    return [(name, value) for name, value in known if value]


def _consent(row: Submission) -> dict[str, Any]:
    """Whether the visitor agreed, to which text, and its number in the portal's list; empty where nobody was asked."""
    if not row.consent:
        return {}
    text = consent.wording(row.form.consent_field, row.body) or setup_forms.consent_text(row.form, row.received_at)
    return {
        "given": row.consent == consent.GIVEN,
        "text": text,
        "number": row.progress.get(consent.NAME),
    }


def _next_try(row: Submission, portal: Portal, now: datetime) -> datetime | None:
    """When a waiting submission is tried next; None where that is at once, or it does not wait."""
    if row.state != Submission.State.QUEUED or row.due_at is None:
        return None
    next_try = max(row.due_at, portal.paused_until or row.due_at)
    return next_try if next_try > now else None


def _remedy(portal: Portal, row: Submission) -> Remedy | None:
    """What helps where the submission waits for somebody to act: on the portal's hold, or on a method's."""
    if row.state == Submission.State.QUEUED and row.code in hold.reasons_of_methods(portal):
        return remedies.of(row.code, portal.by_webhook)
    if row.shown_state != ShownState.HELD:
        return None
    unknown = Remedy(
        _("Bitrix24 isn't accepting requests right now."), _("Open Trace Relay once as a Bitrix24 administrator.")
    )
    return remedies.of(portal.hold_code, portal.by_webhook) or unknown
