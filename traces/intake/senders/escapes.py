"""Texts that a program has escaped once too often: `O&#039;Reed`, `%D0%90%D0%BD%D0%BD%D0%B0`."""

from __future__ import annotations

import html
import re
from typing import Any
from urllib.parse import unquote_plus

MAX_LENGTH = 100_000
_MAX_ROUNDS = 2  # WordPress escapes what its theme has escaped
# Only with a semicolon: `?a=1&copy=2` is an address.
_REFERENCE = re.compile(r"&(?:amp|lt|gt|quot|apos|nbsp|laquo|raquo|mdash|ndash|#\d{1,7}|#[xX][0-9a-fA-F]{1,6});")
_OF_JAVASCRIPT = re.compile(r"(?:%u[0-9a-fA-F]{4})+")
# A letter beyond ASCII or one of ` +@` is escaped; a word such as `50%20` alone is not.
_PERCENT = re.compile(r"(?:[^%\s=/?&]|%[0-9a-fA-F]{2})*")
_ADDRESS = re.compile(r"(?i)https?%3a")
_SURE = re.compile(r"%[89A-Fa-f][0-9a-fA-F]|^%2[bB]\d|%40")


def unescaped(text: str) -> str:
    """The text without these escapes; unchanged if it has none.

    It does not touch addresses and queries, whose escapes belong to them.
    """
    if len(text) > MAX_LENGTH or ("&" not in text and "%" not in text):
        return text
    for _ in range(_MAX_ROUNDS):
        text = _REFERENCE.sub(lambda found: html.unescape(found[0]), text)
    text = _OF_JAVASCRIPT.sub(_of_javascript, text)
    if "%" in text and text.isascii() and _PERCENT.fullmatch(text) and _SURE.search(text) and not _ADDRESS.match(text):
        return _of_percent(text)
    return text


def storable(value: Any) -> Any:
    """A text, or all of a tree, without NUL and half surrogate pairs, which neither PostgreSQL nor UTF-8 can hold."""
    if isinstance(value, str):
        if value.isascii() and "\0" not in value:
            return value
        return value.replace("\0", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        found: dict[str, Any] = {}
        for name, item in value.items():
            name = storable(name)
            while name in found:  # two names that differ in what was replaced alone
                name += "\ufffd"
            found[name] = storable(item)
        return found
    if isinstance(value, (list, tuple)):
        return type(value)(map(storable, value))
    return value


def _of_javascript(found: re.Match[str]) -> str:
    units = bytes.fromhex(found[0].replace("%u", ""))
    return units.decode("utf-16-be", "replace").replace("\0", "\ufffd")


def _of_percent(text: str) -> str:
    try:
        plain = unquote_plus(text, errors="strict")
    except UnicodeDecodeError:
        return text
    return plain if plain.isprintable() else text
