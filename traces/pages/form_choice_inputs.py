"""A form's conditions as an administrator types them: as they are stored, and back."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from traces import sentences
from traces.compose import choices, sources
from traces.compose.choices import Choice
from traces.compose.records import KINDS
from traces.models import LEADS, Form, Kind
from traces.pages.inputs import PageInput

MAX_DO_LENGTH = 20
# The record that has the stages of a kind.
STAGED = ("lead", "deal")
# What is wrong with a condition, by the field that says it; the value says the rest.
_FIELD_OF = {
    sources.FIELD_UNKNOWN: "field",
    sources.OPERATOR_UNKNOWN: "operator",
    choices.NAME_MISSING: "name",
    choices.NOTHING_CHOSEN: "creates",
    choices.NO_STAGE: "stage",
    choices.NO_PEOPLE: "people",
}


def _numbers(data: Any, name: str) -> list[str]:
    """The numbers that were chosen, or typed with commas between them."""
    listed = data.getlist(name) if isinstance(data, QueryDict) else [data.get(name) or ""]
    return [text.strip() for typed in listed for text in typed.split(",") if text.strip()]


class PeopleInput(forms.TextInput):
    """Users of the portal by their numbers, with commas between them."""

    def format_value(self, value: Any) -> str:
        """The numbers as they are typed."""
        return ", ".join(value or ())

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[str]:
        """The numbers as texts."""
        return _numbers(data, name)


class PeopleSelect(forms.SelectMultiple):
    """Users of the portal by their names."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[str]:
        """The numbers as texts, whether they were chosen or typed."""
        return _numbers(data, name)


class PeopleField(forms.Field):
    """Users of the portal, in their order."""

    widget = PeopleInput

    def to_python(self, value: Any) -> tuple[int, ...]:
        """The numbers, each once."""
        texts: list[str] = value or []
        if len(texts) > choices.MAX_PEOPLE or not all(_is_number(text) for text in texts):
            raise ValidationError(str(sentences.CHOICE_FAULTS[choices.NO_PEOPLE]))
        return tuple(dict.fromkeys(map(int, texts)))


class ChoicesInput(PageInput):
    """How many conditions were typed, and what a button asks to do."""

    rows = forms.IntegerField(required=False, min_value=0, max_value=choices.MAX_CHOICES)
    do = forms.CharField(required=False, max_length=MAX_DO_LENGTH)


class ChoiceInput(PageInput):
    """A condition to be filled in; `choice` is what is stored of a valid one."""

    ids = "%s"

    field = forms.ChoiceField(label=gettext_lazy("When"), choices=sentences.CHOICE_FIELDS.items())
    name = forms.CharField(
        label=gettext_lazy("Field name"),
        required=False,
        max_length=choices.MAX_NAME_LENGTH,
        widget=forms.TextInput(attrs={"list": "submitted-names", "autocomplete": "off", "spellcheck": "false"}),
    )
    operator = forms.ChoiceField(
        label=gettext_lazy("Condition"), required=False, choices=sentences.RULE_HOWS.items(), initial=sources.EQUALS
    )
    value = forms.CharField(
        label=gettext_lazy("Value"),
        required=False,
        max_length=sources.MAX_LENGTH,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    creates = forms.ChoiceField(label=gettext_lazy("Creates"), required=False)
    stage = forms.CharField(
        label=gettext_lazy("Stage"),
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    people = PeopleField(
        label=gettext_lazy("Responsible person"),
        help_text=gettext_lazy("User IDs with commas between them, such as 7, 9."),
        required=False,
    )

    def __init__(self, form: Form, number: int, data: QueryDict | None = None, **options: Any) -> None:
        """The condition with this number, from 0, of a form."""
        super().__init__(data, prefix=f"c{number}", **options)
        self.form, self.number = form, number
        self.choice: Choice | None = None
        hidden = {Kind.LINK, *(LEADS if form.portal.simple_crm else ())} - {str(self["creates"].value())}
        kinds = [(kind.value, kind.label) for kind in Kind if kind not in hidden]
        self._choose("creates", [("", _("As in the form's settings")), *kinds])

    @classmethod
    def of(cls, form: Form, number: int, choice: Choice) -> ChoiceInput:
        """A condition as it is stored."""
        stored = dataclasses.asdict(choice)
        return cls(form, number, initial={**stored, "people": list(map(str, choice.people))})

    @property
    def record(self) -> str:
        """Whose stages can be chosen: `lead`, `deal`, or "" of a record without."""
        made = KINDS.get(str(self["creates"].value() or self.form.creates), ())
        return next((name for name in STAGED if name in made), "")

    @property
    def looks_at_name(self) -> bool:
        """Whether the name of a submitted field is to be typed."""
        return str(self["field"].value() or choices.SUBMITTED) == choices.SUBMITTED

    @property
    def looks_at_all(self) -> bool:
        """Whether nothing is compared."""
        return str(self["field"].value()) == sources.ANY

    def offer_stages(self, known: Sequence[tuple[str, Sequence[tuple[str, str]]]]) -> None:
        """Let one of the portal's stages be chosen, or the one that is chosen already."""
        chosen = str(self["stage"].value() or "")
        listed = {stage for _pipeline, stages in known for stage, _name in stages}
        unknown = [(chosen, chosen)] if chosen and chosen not in listed else []
        groups: list[Any] = [(name, list(stages)) for name, stages in known if name]
        plain = [stage for name, stages in known if not name for stage in stages]
        self.fields["stage"].widget = forms.Select(choices=[("", _("The first one")), *unknown, *plain, *groups])

    def offer_people(self, known: Sequence[tuple[str, str]]) -> None:
        """Let several of the portal's users be chosen."""
        chosen = self["people"].value() or []
        unknown = [(text, text) for text in chosen if text not in dict(known)]
        self.fields["people"].widget = PeopleSelect(choices=[*unknown, *known], attrs={"size": 4})
        self.fields["people"].help_text = ""

    @property
    def types_people(self) -> bool:
        """Whether people are typed by their numbers."""
        return isinstance(self.fields["people"].widget, PeopleInput)

    def clean(self) -> dict[str, Any]:
        """Make the `choice` of what was typed."""
        cleaned: dict[str, Any] = super().clean() or {}
        if self.errors:
            return cleaned
        if cleaned["field"] != choices.SUBMITTED:
            cleaned["name"] = ""
        cleaned["operator"] = cleaned["operator"] or sources.EQUALS
        if sources.without_value(cleaned["field"], cleaned["operator"]):
            cleaned["value"] = ""
        self.choice = Choice(**cleaned)
        if fault := choices.fault(self.choice, self.form.creates):
            self.add_error(_FIELD_OF.get(fault, "value"), str(sentences.CHOICE_FAULTS[fault]))
        return cleaned

    def _choose(self, name: str, listed: Sequence[tuple[str, Any]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = list(listed)


def stored(form: Form) -> list[ChoiceInput]:
    """The conditions of a form."""
    return [ChoiceInput.of(form, number, Choice.of(choice)) for number, choice in enumerate(form.choices)]


def typed(form: Form, posted: QueryDict, rows: int) -> list[ChoiceInput]:
    """So many conditions as they were typed."""
    return [ChoiceInput(form, number, posted) for number in range(rows)]


def changed(posted: QueryDict, rows: int, do: str) -> tuple[QueryDict, int]:
    """What was typed, with a condition more (`add`), without one (`drop:1`), or one of them moved up (`up:1`)."""
    action, _colon, rest = do.partition(":")
    places = list(range(rows))
    number = int(rest) if _is_number(rest) else -1
    if action == "add" and rows < choices.MAX_CHOICES:
        places.append(rows)
    elif action == "drop" and number < rows:
        places.remove(number)
    elif action == "up" and 0 < number < rows:
        places[number - 1], places[number] = number, number - 1
    now = QueryDict(mutable=True)
    for new, old in enumerate(places):
        for name in ChoiceInput.base_fields:
            now.setlist(f"c{new}-{name}", posted.getlist(f"c{old}-{name}"))
    return now, len(places)


def as_stored(choice: Choice) -> Mapping[str, Any]:
    """A choice as a form keeps it, without what is empty."""
    return {name: value for name, value in dataclasses.asdict(choice).items() if value}


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= len(str(choices.MAX_USER_ID))
