"""Addresses of pages and websites as an administrator types them."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from traces.intake.access import normal_origin


def with_scheme(typed: str) -> str:
    """An address as it was typed, with https:// where only a host was."""
    host = re.match(r"[^\s/:@]+\.[^\s/:@]+(?=$|[/:?#])", typed)
    return f"https://{typed}" if host else typed


class AddressField(forms.CharField):
    """The address of a page; https:// may be left out."""

    def to_python(self, value: Any) -> str:
        return with_scheme(str(super().to_python(value)))


def origin_of(line: str) -> str:
    """The origin of a website's address. Raises `ValidationError` where it is none."""
    try:
        return normal_origin(with_scheme(line) if line.isprintable() else "")
    except ValueError:
        raise ValidationError(
            _("“%(line)s” isn't a website address. Enter one per line, such as https://shop.example."),
            params={"line": line[:100]},
        ) from None
