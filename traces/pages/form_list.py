"""The page "forms": the list of a portal's forms, switching one on or off, and removing one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from django import forms as fields
from django.db.models import OuterRef, Subquery
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from b24app.models import Portal
from traces.history import statistics
from traces.models import Form, Submission
from traces.pages import chart
from traces.pages.chart import Sparkline
from traces.pages.forms import of_portal, settings_page
from traces.pages.frame import Reader, render, view
from traces.pages.inputs import NumberField, PageInput
from traces.setup import forms

# How many days the list's pictures show, which its words say too.
DAYS = 14
ROWS = 50
MAX_WORDS_LENGTH, MAX_PAGE, MAX_SEALED_LENGTH = 120, 10_000, 200_000
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class FormRow:
    """A form in the list: its picture of the last `DAYS` days, and when something came through it last."""

    form: Form
    address: str
    spark: Sparkline
    last: datetime | None


# How a list is sorted; of equal forms the name decides.
_KEYS: dict[str, Callable[[FormRow], Any]] = {
    "name": lambda row: not row.form.active,
    "last": lambda row: _NEVER - (row.last or _NEVER),
    "count": lambda row: -row.spark.count,
}


class ListInput(PageInput):
    """Which forms are listed, and in which order."""

    ids = "list-%s"

    words = fields.CharField(
        label=gettext_lazy("Name"),
        required=False,
        max_length=MAX_WORDS_LENGTH,
        widget=fields.TextInput(attrs={"type": "search", "autocomplete": "off"}),
    )
    sort = fields.ChoiceField(
        label=gettext_lazy("Sort by"),
        required=False,
        choices=[
            ("name", gettext_lazy("Name")),
            ("last", gettext_lazy("Last submission")),
            ("count", gettext_lazy("Submissions")),
        ],
    )
    page = NumberField(required=False, min_value=1, max_value=MAX_PAGE, widget=fields.HiddenInput)


class SwitchInput(PageInput):
    """Whether a form is to accept submissions."""

    active = fields.BooleanField(required=False)


class RestoreInput(PageInput):
    """A deleted form."""

    sealed = fields.CharField(max_length=MAX_SEALED_LENGTH)


def rows(portal: Portal) -> list[FormRow]:
    """The portal's forms by name, as the list shows them: two queries, however many there are."""
    real = Submission.objects.filter(form=OuterRef("pk"), state__in=statistics.COUNTED)
    latest = real.order_by("-received_at").values("received_at")[:1]
    listed = Form.objects.filter(portal=portal).annotate(last=Subquery(latest))
    counts = statistics.by_form([form.pk for form in listed], DAYS)
    found = [FormRow(form, forms.address(form), chart.sparkline(counts[form.pk]), form.last) for form in listed]
    return sorted(found, key=lambda row: row.form.name.casefold())


@view()
def show(request: HttpRequest, reader: Reader) -> HttpResponse:
    """The list of the portal's forms."""
    return _list(request, reader, request.GET)


@view("POST")
@of_portal
def switch(request: HttpRequest, reader: Reader, form: Form) -> HttpResponse:
    """Let the form accept submissions, or nothing any more."""
    typed = SwitchInput(request.POST)
    typed.full_clean()
    form.active = typed.cleaned_data["active"]
    form.save(update_fields=["active"])
    return render(request, reader, "traces/forms/_switch.html", {"form": form})


@view("POST")
@of_portal
def delete_or_disable(request: HttpRequest, reader: Reader, form: Form) -> HttpResponse:
    """Delete a form that nothing came through, which can be undone for a minute; else switch it off."""
    sealed = forms.sealed(form)
    if forms.delete_or_disable(form):
        notice = _("Form “%(name)s” deleted.") % {"name": form.name}
        return _list(request, reader, {}, notice=notice, sealed=sealed)
    notice = _("The form is off and accepts nothing. Submissions already received will be delivered.")
    return settings_page(request, reader, form, notice=notice)


@view("POST")
def restore(request: HttpRequest, reader: Reader) -> HttpResponse:
    """Bring back a form that was deleted a moment ago."""
    typed = RestoreInput(request.POST)
    form = forms.restore(reader.portal, typed.cleaned_data["sealed"]) if typed.is_valid() else None
    if form is None:
        trouble = _("This form can't be restored any more: more than a minute has passed. Create a new one.")
        return _list(request, reader, {}, trouble=trouble)
    notice = _("Form “%(name)s” restored, with its address and secret.") % {"name": form.name}
    return _list(request, reader, {}, notice=notice)


def _list(
    request: HttpRequest,
    reader: Reader,
    asked: Mapping[str, Any],
    *,
    notice: str = "",
    trouble: str = "",
    sealed: str = "",
) -> HttpResponse:
    typed = ListInput(asked)
    typed.full_clean()
    wanted = typed.cleaned_data
    every = rows(reader.portal)
    found = _found(every, wanted.get("words", ""), wanted.get("sort", ""))
    last_page = max(1, -(-len(found) // ROWS))
    page = min(wanted.get("page") or 1, last_page)
    context = {
        "rows": found[(page - 1) * ROWS : page * ROWS],
        "has_forms": bool(every),
        "count": len(found),
        "asked": typed,
        "newer": _query(wanted, page - 1) if page > 1 else "",
        "older": _query(wanted, page + 1) if page < last_page else "",
        "notice": notice,
        "trouble": trouble,
        "sealed": sealed,
    }
    status = 422 if trouble else 200
    return render(request, reader, "traces/forms/page.html", context, page="forms", status=status)


def _found(every: Sequence[FormRow], words: str, sort: str) -> list[FormRow]:
    """The forms with all these words in their names or addresses, sorted."""
    wanted = words.casefold().split()
    found = [row for row in every if all(word in f"{row.form.name} {row.address}".casefold() for word in wanted)]
    return sorted(found, key=_KEYS.get(sort) or _KEYS["name"])


def _query(wanted: Mapping[str, Any], page: int) -> str:
    """What another page of the same list is asked for by."""
    return urlencode({name: value for name, value in {**wanted, "page": page}.items() if value})
