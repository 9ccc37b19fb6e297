"""The page "submissions": all that came, found by what an administrator knows of it; one page each: `submission`."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.http import HttpRequest, HttpResponse, QueryDict, StreamingHttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.debug import sensitive_post_parameters

from b24app.models import Portal
from traces import sentences
from traces.compose.visitor import Visitor, recognise
from traces.history import csv_export, listing, resending
from traces.history.listing import Cursor, Filter
from traces.history.resending import Resend
from traces.models import Form, ShownState, Submission
from traces.pages.frame import Reader, render, view
from traces.pages.numbers import grouped

BADGES = {"delivered": "good", "failed": "bad", "held": "warn"}  # the others wait
STATES = (
    ("", gettext_lazy("Any")),
    ("queued", gettext_lazy("Waiting")),
    *(choice for choice in ShownState.choices if choice[0] in ("sending", "delivered", "failed")),
)
# How a source that is not known yet is asked for; "" asks for any.
NOT_KNOWN = "-"
MAX_SOURCES = 30
# A day outside of these was mistyped.
_DAYS = (MinValueValidator(date(2000, 1, 1)), MaxValueValidator(date(2199, 12, 31)))
_NO_DAY = {"invalid": gettext_lazy("This is no date. Give one like 2026-11-23.")}


class FilterForm(forms.Form):
    """What the list is asked for."""

    text = forms.CharField(required=False, max_length=100)
    state = forms.ChoiceField(required=False, choices=STATES)
    form = forms.ChoiceField(required=False)
    source = forms.CharField(required=False, max_length=255)
    since = forms.DateField(required=False, input_formats=["%Y-%m-%d"], validators=_DAYS, error_messages=_NO_DAY)
    until = forms.DateField(required=False, input_formats=["%Y-%m-%d"], validators=_DAYS, error_messages=_NO_DAY)

    def __init__(self, portal: Portal, data: QueryDict) -> None:
        super().__init__(data)
        known = Form.objects.filter(portal=portal).order_by("name", "pk").values_list("pk", "name")
        self.forms = [("", _("Any")), *((str(pk), name) for pk, name in known)]
        field = self.fields["form"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = self.forms

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        since, until = cleaned.get("since"), cleaned.get("until")
        if since and until and until < since:
            self.add_error("until", _("The last day is before the first one."))
        return cleaned

    def wanted(self) -> Filter:
        """The filter of a valid form."""
        given = self.cleaned_data
        source = given["source"]
        return Filter(
            text=given["text"],
            state=given["state"],
            form_id=int(given["form"]) if given["form"] else None,
            source="" if source == NOT_KNOWN else source or None,
            since=_midnight(given["since"]),
            until=_midnight(given["until"], 1),
        )

    def applied(self) -> list[tuple[str, str]]:
        """What is asked for as hidden fields of other forms, so that they are about what is shown."""
        return [(name, value) for name in self.fields if (value := self.data.get(name, ""))]


def _midnight(day: date | None, later: int = 0) -> datetime | None:
    """When a day of the reader's begins, or one so many days later."""
    if day is None:
        return None
    return datetime.combine(day + timedelta(days=later), time.min, timezone.get_current_timezone())


@dataclass(frozen=True, slots=True)
class Row:
    """A submission as the list shows it."""

    row: Submission
    who: str
    contacts: Sequence[str]
    state: sentences.Text
    badge: str
    source: str
    happened: sentences.Text
    may_send: bool


@sensitive_post_parameters("text")
@view("GET", "POST")
def show(request: HttpRequest, reader: Reader) -> HttpResponse:
    """The list; a filter that may hold a visitor's data is posted, so that it stands in no address."""
    return page(request, reader)


def page(request: HttpRequest, reader: Reader, notice: str = "", trouble: str = "") -> HttpResponse:
    """The list with what was done before (`notice`), or why it was not (`trouble`)."""
    # A link may ask for a state or a form; nothing else is read from an address.
    data = request.POST if request.method == "POST" else _of_link(request.GET)
    asked = FilterForm(reader.portal, data)
    valid = asked.is_valid()
    context: dict[str, Any] = {
        "asked": asked,
        "states": STATES,
        "sources": _sources(reader.portal, data.get("source", "")),
        "applied": asked.applied() if valid else [],
        "notice": notice,
        "trouble": trouble,
    }
    if valid:
        after, before = (Cursor.read(data.get(name, "")) for name in ("after", "before"))
        found = listing.page(reader.portal, asked.wanted(), after=after, before=before)
        if not found.rows and (after or before):
            # What stood there does not match any more, or is deleted.
            after = before = None
            found = listing.page(reader.portal, asked.wanted())
        now = timezone.now()
        # What was sent again, or deleted, belongs to the place where it was seen.
        context |= {"found": found, "rows": [_shown(row, now) for row in found.rows], "counted": _counted(found.found)}
        context |= {"place": [(name, str(at)) for name, at in (("after", after), ("before", before)) if at]}
    status = 422 if trouble or not valid else 200
    return render(request, reader, "traces/submissions/page.html", context, page="submissions", status=status)


def _counted(found: int | None) -> str:
    if found is None or found <= listing.MAX_COUNTED:
        return "" if found is None else grouped(found)
    return _("more than %(number)s") % {"number": grouped(listing.MAX_COUNTED)}


def _of_link(query: QueryDict) -> QueryDict:
    given = QueryDict(mutable=True)
    for name in ("state", "form"):
        if value := query.get(name):
            given[name] = value
    return given


def _sources(portal: Portal, chosen: str) -> list[tuple[str, str]]:
    known = [source or NOT_KNOWN for source in listing.recent_sources(portal)[:MAX_SOURCES]]
    if chosen and chosen not in known:
        known.append(chosen)
    labels = ((source, sentences.source_label("" if source == NOT_KNOWN else source)) for source in known)
    return [("", _("Any")), *labels]


def _shown(row: Submission, now: datetime) -> Row:
    state = row.shown_state
    failed = row.state == Submission.State.FAILED
    named, contacts = who(recognise(row.body))
    return Row(
        row=row,
        who=named,
        contacts=contacts,
        state=state.label,
        badge=BADGES.get(state, "wait"),
        source=sentences.source_label(row.source),
        happened=sentences.failure(row.code, row.params).happened if failed else "",
        may_send=resending.may(row, now),
    )


def who(visitor: Visitor) -> tuple[str, list[str]]:
    """What a visitor is called, and by what else to be recognised: phone and e-mail."""
    known = [visitor.full_name, *visitor.phones[:1], *visitor.emails[:1], visitor.company]
    named = next(filter(None, known), "")
    contacts = [text for text in known[1:-1] if text and text != named]
    return named or _("Without a name"), contacts


@sensitive_post_parameters("text")
@view("POST")
def again(request: HttpRequest, reader: Reader) -> HttpResponse:
    """Send those again that were chosen in the list: one by its button, or several by their boxes."""
    one = request.POST.get("one", "")
    ids = _ids([one] if one else request.POST.getlist("id"))
    if not ids:
        return page(request, reader, trouble=_("Choose at least one submission first."))
    sent = resending.chosen(reader.portal, ids)
    return page(request, reader, notice=told_of_sent(sent, len(ids) - sent))


def told_of_sent(sent: int, left: int) -> str:
    """How many are sent again, and how many are not."""
    told = ngettext("%(count)s submission is sent again.", "%(count)s submissions are sent again.", sent)
    if not left:
        return told % {"count": grouped(sent)}
    told_left = ngettext(
        "%(count)s is left as it is: it is delivered or under way.",
        "%(count)s are left as they are: they are delivered or under way.",
        left,
    )
    return f"{told % {'count': grouped(sent)}} {told_left % {'count': grouped(left)}}"


def _ids(texts: Sequence[str]) -> list[uuid.UUID]:
    ids = []
    for text in texts[: listing.PAGE_ROWS]:
        try:
            ids.append(uuid.UUID(text))
        except ValueError:
            continue
    return ids


@sensitive_post_parameters("text")
@view("POST")
def again_all(request: HttpRequest, reader: Reader) -> HttpResponse:
    """One step of sending all again that the filter matches; the answer asks for the next one by itself."""
    asked = FilterForm(reader.portal, request.POST)
    if not asked.is_valid():
        return page(request, reader)
    wanted = asked.wanted()
    so_far = _so_far(request.POST) or resending.begin(reader.portal, wanted)
    progress = resending.go_on(reader.portal, wanted, so_far)
    notice = told_of_sent(progress.sent, progress.left) if progress.done else ""
    numbers = {"total": progress.total, "sent": progress.sent, "looked_at": progress.looked_at}
    context = {"progress": progress, "applied": asked.applied(), "notice": notice}
    context |= {name: grouped(number) for name, number in numbers.items()}
    return render(request, reader, "traces/submissions/_again.html", context)


def _so_far(data: QueryDict) -> Resend | None:
    """The progress that the answer before has told; None at the first step."""
    after = Cursor.read(data.get("so_far", ""))
    try:
        total, sent, left = (min(max(int(data.get(name, "")), 0), 10**9) for name in ("total", "sent", "left"))
    except ValueError:
        return None
    return Resend(total, sent, left, after) if after else None


@sensitive_post_parameters("text")
@view("POST")
def export(request: HttpRequest, reader: Reader) -> HttpResponse | StreamingHttpResponse:
    """What the filter matches as a CSV file."""
    asked = FilterForm(reader.portal, request.POST)
    if not asked.is_valid():
        return page(request, reader)
    response = StreamingHttpResponse(
        csv_export.lines(reader.portal, asked.wanted()), content_type="text/csv; charset=utf-8"
    )
    name = f"submissions-{timezone.localdate().isoformat()}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
