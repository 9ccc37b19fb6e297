"""What the pages read: Django's forms, with the few fields that Django lacks.

A page's inputs stand beside it, in a module of their own (`form_inputs`, `settings_inputs` …). The templates render
each field with `traces/_field.html`, `_check.html` or `_choice.html`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils.functional import Promise, lazy

from traces.history.listing import Cursor

Text = str | Promise
_CODES = ("required", "invalid", "invalid_choice", "max_length", "min_value", "max_value")


class PageInput(forms.Form):
    """What a page's form sends; the ids of its fields are made by `ids`."""

    ids: ClassVar[str] = "input-%s"

    def __init__(self, data: Mapping[str, Any] | None = None, **options: Any) -> None:
        super().__init__(data, **{"auto_id": self.ids, "label_suffix": "", **options})


class NameField(forms.CharField):
    """A name on one line, without spaces around it or more than one between its words."""

    def to_python(self, value: Any) -> str:
        return " ".join(str(super().to_python(value)).replace("\0", "").split())


class NumberField(forms.IntegerField):
    """A whole number in plain digits: Python's `int` takes "3_0" too, and the digits of every script."""

    def to_python(self, value: Any) -> int | None:
        text = str(value or "").strip()
        if text and not (text.isascii() and text.isdigit()):
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        return super().to_python(text)


class SwitchField(forms.BooleanField):
    """What is on or off, shown as a switch."""

    widget = forms.CheckboxInput({"role": "switch"})

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, **options)


class CursorField(forms.CharField):
    """A place in the list of submissions; None where it cannot be read, which is the list's beginning."""

    def __init__(self) -> None:
        super().__init__(required=False)

    def clean(self, value: Any) -> Cursor | None:
        return Cursor.read(value or "")


def filled(text: Text, **values: object) -> str:
    """A text to be translated when it is read, with these values in its places."""
    return lazy(lambda: str(text) % values, str)()


def one_answer(text: Text) -> dict[str, Any]:
    """The `error_messages` of a field that says the same, whatever is wrong with its value."""
    return dict.fromkeys(_CODES, text)
