"""The page "submissions": all that came, found by what an administrator knows of it; one page each: `submission`."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict, StreamingHttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters

from b24app.models import Portal
from traces import sentences
from traces.compose import search
from traces.compose.visitor import Visitor, recognise
from traces.history import csv_export, listing, resending
from traces.history.listing import Cursor, Filter
from traces.intake.senders.table import BY_KEY
from traces.models import OWN_TEST, Form, ShownState, Source, Submission
from traces.pages import submission_filters, submission_records
from traces.pages.frame import Reader, render, view
from traces.pages.numbers import grouped
from traces.pages.submission_inputs import NOT_KNOWN, FilterInput, PlaceInput
from traces.pages.submission_records import Record

BADGES = {"delivered": "good", "failed": "bad", "held": "warn", "test": ""}  # the others wait
UNDER_WAY = (Submission.State.QUEUED, Submission.State.SENDING)
MAX_LABELS = 30
MAX_RECORDS = 2
MAX_NUMBER = 2**63


@dataclass(frozen=True, slots=True)
class ListRow:
    """A submission as the list shows it."""

    row: Submission
    who: str
    contacts: Sequence[str]
    sender: str
    state: sentences.Text
    badge: str
    source: str
    happened: sentences.Text
    may_send: bool
    records: Sequence[Record]


@sensitive_post_parameters("text")
@view("GET", "POST")
def show(request: HttpRequest, reader: Reader) -> HttpResponse:
    """The list; a filter that may hold a visitor's data is posted, so that it stands in no address."""
    return page(request, reader)


def page(
    request: HttpRequest, reader: Reader, notice: str = "", trouble: str = "", undo: int | None = None
) -> HttpResponse:
    """The list with a `notice` of what was done before, or the `trouble` that kept it from being so.

    `undo` is the number of what can be put back (`traces.history.removal`).
    """
    data = request.POST if request.method == "POST" else _of_link(reader.portal, request.GET)
    asked = FilterInput(reader.portal, data)
    asked.offer({name: texts[:MAX_LABELS] for name, texts in listing.recent(reader.portal).items()})
    asked.offer_reasons(listing.reasons(reader.portal))
    applied = asked.hidden_fields_of_others()
    context: dict[str, Any] = {
        "presets": submission_filters.presets(reader.portal, applied),
        "saved": submission_filters.saved(reader.portal, applied),
        "may_save": bool(submission_filters.storable(applied)),
    }
    context |= {"asked": asked, "notice": notice, "trouble": trouble, "undo": undo}
    if asked.is_valid():
        context |= {"applied": applied, "chips": asked.chips(), **_listed(reader.portal, asked.filter(), data)}
    status = 422 if trouble or not asked.is_valid() else 200
    return render(request, reader, "traces/submissions/page.html", context, page="submissions", status=status)


def _listed(portal: Portal, wanted: Filter, data: QueryDict) -> dict[str, Any]:
    """The page of the list at the place that is asked for."""
    asked = PlaceInput(data)
    asked.full_clean()
    place = {name: cursor for name, cursor in asked.cleaned_data.items() if cursor}
    part = listing.page(portal, wanted, **place)
    if not part.rows and place:
        # What stood there does not match any more, or is deleted.
        place = {}
        part = listing.page(portal, wanted)
    first = Cursor(part.rows[0].received_at, part.rows[0].pk) if part.rows else None
    under_way = [row.pk for row in part.rows if row.state in UNDER_WAY]
    return {
        **live_context(0, first, under_way),
        "is_counted": not place,
        "part": part,
        "rows": list_rows(portal, part.rows, timezone.now()),
        "counted": _counted(part.found),
        # What was sent again, or deleted, belongs to the place where it was seen.
        "place": [(name, str(cursor)) for name, cursor in place.items()],
    }


def live_context(new: int, first: Cursor | None, way: Sequence[uuid.UUID]) -> dict[str, Any]:
    """What keeps the list up to date: how many are `new`, which row is the `first`, and which are under `way`."""
    return {"new": new, "first": first, "way": way, "shown": f"{new}+" if new >= listing.PAGE_ROWS else str(new)}


def list_rows(portal: Portal, rows: Sequence[Submission], now: datetime) -> list[ListRow]:
    """The portal's submissions as the list shows them."""
    for row in rows:
        row.portal = portal
    return [_list_row(row, now) for row in rows]


def _counted(number: int | None) -> str:
    if number is None or number <= listing.MAX_COUNTED:
        return "" if number is None else grouped(number)
    return _("more than %(number)s") % {"number": grouped(listing.MAX_COUNTED)}


def _of_link(portal: Portal, query: QueryDict) -> QueryDict:
    """What a link asks for: it names sources and campaigns by their numbers, since a visitor may have typed them."""
    data = QueryDict(mutable=True)
    for name in ("state", "form", "reason", "since", "until"):
        if value := query.get(name):
            data[name] = value
    numbers = {name: int(value) for name in search.CAME_BY if (value := query.get(name, "")).isdecimal()}
    numbers = {name: number for name, number in numbers.items() if number < MAX_NUMBER}
    texts = {source.pk: source.text for source in Source.objects.filter(portal=portal, pk__in=numbers.values())}
    for name in search.CAME_BY:
        if query.get(name) == NOT_KNOWN:
            data[name] = NOT_KNOWN
        elif text := texts.get(numbers.get(name, 0)):
            data[name] = text
    return data


def _list_row(row: Submission, now: datetime) -> ListRow:
    state = row.shown_state
    failed = row.state == Submission.State.FAILED
    name, contacts = name_and_contacts(recognise(row.body)) if not row.emptied_at else (_("Data deleted"), [])
    return ListRow(
        row=row,
        who=name,
        contacts=contacts,
        sender=sender_text(row),
        state=state.label,
        badge=BADGES.get(state, "wait"),
        source=sentences.source_label(row.source_text),
        happened=sentences.failure(row.code, row.params).happened if failed else "",
        may_send=resending.may(row, now),
        records=submission_records.cards(row.entities)[:MAX_RECORDS] if state == ShownState.DELIVERED else [],
    )


def latest_of(form: Form, number: int) -> list[ListRow]:
    """So many of the form's latest submissions, the newest first."""
    rows = Submission.objects.filter(form=form).select_related("portal", "source").order_by("-received_at")[:number]
    now = timezone.now()
    return [_list_row(row, now) for row in rows]


def sender_name(row: Submission) -> str:
    """What the sender of a submission is called; "" where none is known."""
    sender = BY_KEY.get(row.sender)
    return _("Test") if row.sender == OWN_TEST else sender.name if sender else ""


def sender_text(row: Submission) -> str:
    """The sender of a submission and what its form is called there; "" where neither is known."""
    return " · ".join(filter(None, (sender_name(row), row.sender_form_name)))


def name_and_contacts(visitor: Visitor) -> tuple[str, list[str]]:
    """What a visitor is called, and by what else to be recognised: phone and e-mail."""
    known = [visitor.full_name, *visitor.phones[:1], *visitor.emails[:1], visitor.company]
    name = next(filter(None, known), "")
    contacts = [text for text in known[1:-1] if text and text != name]
    return name or _("No name"), contacts


@sensitive_post_parameters("text")
@view("POST", asks_again=True)
def export(request: HttpRequest, reader: Reader) -> HttpResponse | StreamingHttpResponse:
    """What the filter matches as a CSV file."""
    asked = FilterInput(reader.portal, request.POST)
    if not asked.is_valid():
        return page(request, reader)
    response = StreamingHttpResponse(
        csv_export.lines(reader.portal, asked.filter()), content_type="text/csv; charset=utf-8"
    )
    name = f"submissions-{timezone.localdate().isoformat()}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
