"""What an administrator asks the list of submissions for, and does with it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.http import QueryDict
from django.utils import formats, timezone
from django.utils.translation import gettext_lazy as _

from b24app.models import Portal
from traces import sentences
from traces.compose import search
from traces.history import listing
from traces.history.listing import Filter
from traces.history.resending import Resend
from traces.models import Form, ShownState
from traces.pages.inputs import CursorField, NumberField, PageInput

STATES = (
    ("", _("Any")),
    ("queued", _("Queued")),
    *(choice for choice in ShownState.choices if choice[0] in ("sending", "delivered", "failed", "spam", "test")),
)
# How a source that is not known yet is asked for; "" asks for any.
NOT_KNOWN = "-"
MAX_COUNT = 10**9
MAX_NUMBER = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Chip:
    """One part of the filter in words, and the hidden fields of the others: what is left once it is taken away."""

    label: str
    value: str
    others: list[tuple[str, str]]


class DayField(forms.DateField):
    """A day of the reader's; one that is centuries away was mistyped."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            required=False,
            input_formats=["%Y-%m-%d"],
            validators=[MinValueValidator(date(2000, 1, 1)), MaxValueValidator(date(2199, 12, 31))],
            error_messages={"invalid": _("This is not a date. Enter one like 2026-11-23.")},
            widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
            **options,
        )


class FilterInput(PageInput):
    """What the list is asked for."""

    ids = "filter-%s"

    text = forms.CharField(
        label=_("Name, phone, email or text"),
        help_text=_(
            "Finds names by their beginning, phone numbers also by the last four digits, email "
            "addresses and whole words."
        ),
        required=False,
        max_length=100,
        widget=forms.SearchInput(attrs={"autocomplete": "off"}),
    )
    state = forms.ChoiceField(label=_("State"), required=False, choices=STATES)
    form = forms.ModelChoiceField(label=_("Form"), required=False, queryset=Form.objects.none(), empty_label=_("Any"))
    reason = forms.CharField(label=_("Reason"), required=False, max_length=60)
    source = forms.CharField(label=_("Source"), required=False, max_length=255)
    medium = forms.CharField(label=_("Medium"), required=False, max_length=255)
    campaign = forms.CharField(label=_("Campaign"), required=False, max_length=255)
    first_source = forms.CharField(label=_("First visit"), required=False, max_length=255)
    since = DayField(label=_("Received from"))
    until = DayField(label=_("Received until"))

    def __init__(self, portal: Portal, data: QueryDict) -> None:
        super().__init__(data)
        field = self.fields["form"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = Form.objects.filter(portal=portal).order_by("name", "pk")

    def offer(self, known: Mapping[str, Sequence[str]]) -> None:
        """Let one of these sources, media and campaigns be chosen, or the one that is asked for already."""
        for name, texts in known.items():
            values = [text or NOT_KNOWN for text in texts]
            asked = self[name].value()
            if asked and asked not in values:
                values.append(asked)
            labels = ((value, sentences.came_by_label(name, "" if value == NOT_KNOWN else value)) for value in values)
            self.fields[name].widget = forms.Select(choices=[("", _("Any")), *labels])

    def offer_reasons(self, codes: Sequence[str]) -> None:
        """Let one of the reasons with these codes be chosen, or the one that is asked for; one sentence once."""
        asked = self["reason"].value()
        named = {
            str(sentences.failure(code, {}).happened): _named(code) for code in [*codes, *([asked] if asked else [])]
        }
        choices = [("", _("Any")), *((code, text) for text, code in named.items())]
        self.fields["reason"].widget = forms.Select(choices=choices)

    def chips(self) -> list[Chip]:
        """What is asked for, a part at a time."""
        asked = self.hidden_fields_of_others()
        return [
            Chip(str(self[name].label), self._in_words(name), [field for field in asked if field[0] != name])
            for name, _value in asked
        ]

    def _in_words(self, name: str) -> str:
        value = self.cleaned_data[name]
        if isinstance(value, date):
            return formats.date_format(value)
        choices = getattr(self.fields[name].widget, "choices", ())
        return str(dict(choices).get(value, value))

    def clean(self) -> dict[str, Any]:
        """The last day is not before the first one."""
        cleaned: dict[str, Any] = super().clean() or {}
        since, until = cleaned.get("since"), cleaned.get("until")
        if since and until and until < since:
            self.add_error("until", _("The end date is before the start date."))
        return cleaned

    def filter(self) -> Filter:
        """The filter of a valid input."""
        asked = self.cleaned_data
        form = asked["form"]
        came_by = {name: "" if (text := asked[name]) == NOT_KNOWN else text or None for name in search.CAME_BY}
        return Filter(
            text=asked["text"],
            state=asked["state"],
            form_id=form.pk if form else None,
            reasons=sentences.alike(asked["reason"]) if asked["reason"] else (),
            **came_by,
            since=_midnight(asked["since"]),
            until=_midnight(asked["until"], 1),
        )

    def hidden_fields_of_others(self) -> list[tuple[str, str]]:
        """What is asked for as hidden fields of the page's other forms, so that they are about what is listed."""
        return [(name, value) for name in self.fields if (value := self.data.get(name, ""))]


class PlaceInput(PageInput):
    """Where the page of the list begins or ends; the list's beginning without either."""

    after = CursorField()
    before = CursorField()


class IdsField(forms.Field):
    """The ids that were ticked in the list; what is none is left out."""

    widget = forms.MultipleHiddenInput

    def to_python(self, value: Any) -> list[uuid.UUID]:
        ids = []
        for text in (value or [])[: listing.PAGE_ROWS]:
            try:
                ids.append(uuid.UUID(text))
            except ValueError:
                continue
        return ids


class SavedInput(PageInput):
    """The name of a saved filter."""

    name = forms.CharField(max_length=40)


class LiveInput(PageInput):
    """What the list shows: its first row, how many are known to be new, and the rows that are under way."""

    counted = forms.CharField(required=False)
    first = CursorField()
    new = NumberField(required=False, max_value=MAX_COUNT)
    way = IdsField(required=False)

    @property
    def is_counted(self) -> bool:
        """Whether the list is shown from its beginning, so that what is new belongs above it."""
        return bool(self.cleaned_data["counted"])


class ChosenInput(PageInput):
    """The submissions that are to be sent again: one by its button, or several by their boxes."""

    one = forms.UUIDField(required=False)
    id = IdsField(required=False)

    @property
    def is_one(self) -> bool:
        """Whether it is one by its button."""
        return bool(self["one"].data)

    def ids_chosen(self) -> list[uuid.UUID]:
        """Their ids; none where nothing was chosen."""
        self.full_clean()
        button = self.cleaned_data.get("one")
        return [button] if button else self.cleaned_data["id"]


class UndoInput(PageInput):
    """What was deleted a moment ago and shall come back."""

    undo = NumberField(max_value=MAX_NUMBER)


class ProgressInput(PageInput):
    """How far sending all again has come, as the answer before has told."""

    total = NumberField(max_value=MAX_COUNT)
    sent = NumberField(max_value=MAX_COUNT)
    left = NumberField(max_value=MAX_COUNT)
    so_far = CursorField()

    def progress(self) -> Resend | None:
        """The progress; None at the first step."""
        if not self.is_valid() or self.cleaned_data["so_far"] is None:
            return None
        counts = {name: self.cleaned_data[name] for name in ("total", "sent", "left")}
        return Resend(**counts, after=self.cleaned_data["so_far"])


def _named(code: str) -> str:
    """A code that can be asked for, of those with the same sentence: "" asks for any."""
    return next(filter(None, sentences.alike(code)))


def _midnight(day: date | None, later: int = 0) -> datetime | None:
    """When a day of the reader's begins, or one so many days later."""
    if day is None:
        return None
    return datetime.combine(day + timedelta(days=later), time.min, timezone.get_current_timezone())
