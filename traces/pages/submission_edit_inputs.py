"""The fields in which a failed submission is corrected."""

from __future__ import annotations

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from traces.compose.submitted import submitted_values
from traces.history import editing
from traces.models import Submission
from traces.pages.inputs import PageInput

MAX_VALUE = 10_000
LONG = 80


class EditInput(PageInput):
    """A field for each value of a submission, named by its place; and one that was missing."""

    ids = "edit-%s"

    name = forms.CharField(
        label=gettext_lazy("Missing field"),
        help_text=gettext_lazy("The name as the form on the website would send it, such as company."),
        required=False,
        max_length=100,
    )
    value = forms.CharField(label=gettext_lazy("Its value"), required=False, max_length=MAX_VALUE)

    def __init__(self, row: Submission, data: QueryDict | None = None) -> None:
        super().__init__(data)
        self.known = editing.editable(row)
        for number, (name, value) in enumerate(self.known.items()):
            is_long = len(value) > LONG or "\n" in value
            widget = forms.Textarea(attrs={"rows": 3}) if is_long else forms.TextInput()
            self.fields[f"value-{number}"] = forms.CharField(
                label=name,
                initial=value,
                required=False,
                strip=False,
                max_length=max(MAX_VALUE, len(value)),
                widget=widget,
            )
        self.order_fields([*(name for name in self.fields if name.startswith("value-")), "name", "value"])

    def clean_name(self) -> str:
        """Only a field that a visitor could have filled in can be added."""
        name = str(self.cleaned_data["name"])
        if name and not list(submitted_values({name: "x"})):
            raise forms.ValidationError(_("Trace Relay keeps this name for itself. Use another one."))
        return name

    def changed(self) -> dict[str, str]:
        """The values of a valid input that differ from what the visitor typed, by the names of their fields."""
        found = {}
        for number, (name, value) in enumerate(self.known.items()):
            text = self.cleaned_data[f"value-{number}"].replace("\r\n", "\n")
            if f"value-{number}" in self.data and text != value.replace("\r\n", "\n"):
                found[name] = text
        if self.cleaned_data["name"] and self.cleaned_data["value"]:
            found[self.cleaned_data["name"]] = self.cleaned_data["value"]
        return found
