"""What Bitrix24 knows by itself: values of visitors that need no rule, and the names of Sales Intelligence."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from traces import sentences
from traces.compose import sources
from traces.history import statistics
from traces.pages.frame import Reader, render, view
from traces.pages.inputs import PageInput
from traces.pages.numbers import grouped
from traces.setup import known_values


class ValueInput(PageInput):
    """A visitor's value, by the field in which it came."""

    field = forms.ChoiceField(choices=[(field, field) for field in (*sources.TELLING, sources.CLICK_ID)])
    value = forms.CharField(max_length=sources.MAX_LENGTH, strip=False)


class NamesInput(PageInput):
    """The names of utm_source in Sales Intelligence, one a line; `cleaned_data["names"]` is their list."""

    ids = "known-%s"

    names = forms.CharField(
        label=gettext_lazy("utm_source names, one per line"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false", "autocomplete": "off"}),
    )

    def clean_names(self) -> list[str]:
        """The names, in the order in which they were typed."""
        names = list(dict.fromkeys(filter(None, map(str.strip, self.cleaned_data["names"].splitlines()))))
        if any(len(name) > sources.MAX_LENGTH for name in names):
            raise ValidationError(str(sentences.RULE_FAULTS[sources.TOO_LONG]))
        if not all(map(str.isprintable, names)):
            raise ValidationError(str(sentences.RULE_FAULTS[sources.NOT_PRINTABLE]))
        if len(names) > known_values.MAX_NAMES:
            raise ValidationError(_("Enter at most %(number)s names.") % {"number": known_values.MAX_NAMES})
        return names


@view("POST")
def add(request: HttpRequest, reader: Reader) -> HttpResponse:
    """Keep that a value needs no rule; the list without it."""
    typed = ValueInput(request.POST)
    if not typed.is_valid():
        return _unmatched(request, reader)
    known_values.add(reader.portal, **typed.cleaned_data)
    return _unmatched(request, reader, dismissed=typed.cleaned_data)


@view("POST")
def forget(request: HttpRequest, reader: Reader) -> HttpResponse:
    """A value may need a rule after all: the list with it, or the card of what is known where it was asked there."""
    typed = ValueInput(request.POST)
    if typed.is_valid():
        known_values.forget(reader.portal, **typed.cleaned_data)
    if request.POST.get("card"):
        return _names(request, reader)
    return _unmatched(request, reader, notice=_("The value is back in the list.") if typed.is_valid() else "")


@view("POST")
def save_names(request: HttpRequest, reader: Reader) -> HttpResponse:
    """Store the names of Sales Intelligence."""
    typed = NamesInput(request.POST)
    if not typed.is_valid():
        return _names(request, reader, typed, status=422)
    known_values.replace_names(reader.portal, typed.cleaned_data["names"])
    return _names(request, reader, notice=_("Names saved."))


def card_context(reader: Reader, typed: NamesInput | None = None) -> dict[str, Any]:
    """What the card of known values shows, with the names as they were `typed` or as they are stored."""
    rows = list(reader.portal.known_values.all())
    names = "\n".join(row.value for row in rows if row.field == known_values.UTM_SOURCE)
    return {
        "names": typed or NamesInput(initial={"names": names}),
        "known_others": [(row, _label(row.field)) for row in rows if row.field != known_values.UTM_SOURCE],
    }


def unmatched_context(reader: Reader) -> dict[str, Any]:
    """What the list of values without a rule shows."""
    rows = statistics.unmatched_of_week(reader.portal, timezone.now())
    return {
        "unmatched": [{"row": row, "field": _label(row.field), "count": grouped(row.count)} for row in rows],
    }


def _label(field: str) -> str:
    return str(sentences.RULE_FIELDS.get(field, field))


def _unmatched(
    request: HttpRequest, reader: Reader, *, dismissed: dict[str, Any] | None = None, notice: str = ""
) -> HttpResponse:
    context = {**unmatched_context(reader), "dismissed": dismissed, "value_notice": notice}
    return render(request, reader, "traces/overview/_unmatched.html", context)


def _names(
    request: HttpRequest, reader: Reader, typed: NamesInput | None = None, *, notice: str = "", status: int = 200
) -> HttpResponse:
    context = {**card_context(reader, typed), "names_notice": notice}
    return render(request, reader, "traces/sources/_known.html", context, status=status)
