"""Templates of a form's mapping: texts with a submitted name in braces, as `Request from {page_host}`. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

# What a template yields at most: no field takes more (`traces.compose.fields`).
MAX_LENGTH = 60_000
_PLACEHOLDER = re.compile(r"\{([^{}]{1,100})\}")


def names_in(template: str) -> list[str]:
    """The names that a template asks for."""
    return _PLACEHOLDER.findall(template)


def filled(template: str, texts: Mapping[str, str]) -> str:
    """The template with its names replaced by their texts, or by nothing; cut to the length of a field."""
    left = MAX_LENGTH

    def text_of(found: re.Match[str]) -> str:
        nonlocal left
        text = texts.get(found[1], "")[:left]
        left -= len(text)
        return text

    return _PLACEHOLDER.sub(text_of, template).strip()[:MAX_LENGTH]
