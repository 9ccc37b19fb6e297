"""JSON as senders really write it: duplicate names, endless numbers, line breaks inside texts."""

from __future__ import annotations

import json
import math
import re
from typing import Any

import re2

from traces.intake.reading import limits
from traces.intake.reading.tree import merged

MAX_DIGITS = 19  # of a whole number that a database holds; Python refuses to read 4,300
MAX_FLOAT_LENGTH = 17  # beyond that a number is an id or would lose digits
MAX_LOOSE_LENGTH = 32 * 1024  # of what people's own programs write; repairing more costs too much
_BRACKETS = re.compile(r"[\[\]{}]")


def tree(text: str) -> Any:
    """The list or object of a JSON text, also where it was written as JSON twice; None if there is none.

    Raises `Problem` (422) if it is nested too deeply.
    """
    try:
        value = parse(text)
        if isinstance(value, str):
            value = parse(value)
    except ValueError:
        return None
    return value if isinstance(value, (dict, list)) else None


def lines(text: str) -> list[Any] | None:
    """The objects of a text with one a line, as logs and queues write them; None for other texts. Raises `Problem`."""
    rows = list(filter(None, map(str.strip, text.splitlines())))
    if len(rows) < 2 or not all(row[:1] == "{" and row[-1:] == "}" for row in rows):
        return None
    values = [tree(row) for row in rows[: limits.MAX_VALUES + 1]]
    return values if all(isinstance(value, dict) for value in values) else None


_STRINGS = re2.compile(r"""("(?:[^"\\]|\\.)*")|('(?:[^'\\]|\\.)*')|([A-Za-z_$][\w$]*)|,(\s*[}\]])""")
_WORDS = {"None": "null", "True": "true", "False": "false", "undefined": "null"}


def loose(text: str) -> Any:
    """The list or object of a text that a program wrote for JSON, but with its own quotes, names or last commas.

    None if there is none. Raises `Problem` (422) if it is nested too deeply.
    """
    is_worth_it = len(text) <= MAX_LOOSE_LENGTH and text[-1:] in ("}", "]")
    return tree(_STRINGS.sub(_strict, text)) if is_worth_it else None


def _strict(found: Any) -> str:
    """One string, word or last comma as JSON writes it."""
    whole, single, word, end = (str(part) if part is not None else None for part in found.groups())
    if single is not None:
        inner = single[1:-1].replace("\\'", "'")
        return json.dumps(inner.replace("\\\\", "\\"), ensure_ascii=False)
    if word is not None:
        return _WORDS.get(word, word if word in ("null", "true", "false") else json.dumps(word))
    return whole or end or ""


def parse(text: str) -> Any:
    """The value of a JSON text, with `float` and `int` only where these hold the number, else its text.

    Raises ValueError if the text is no JSON, `Problem` (422) if it is nested too deeply.
    """
    if _depth(text) > limits.MAX_DEPTH:
        limits.too_complex("it is nested too deeply")
    return json.loads(
        text, strict=False, parse_int=_int, parse_float=_float, parse_constant=str, object_pairs_hook=merged
    )


def _depth(text: str) -> int:
    """How deeply lists and objects are nested. The parser itself would go as deep as the thread's stack is."""
    if text.count("[") + text.count("{") <= limits.MAX_DEPTH:
        return 0
    outside = "".join(text.replace("\\\\", "").replace('\\"', "").split('"')[::2])
    depth = deepest = 0
    for bracket in _BRACKETS.findall(outside):
        depth += 1 if bracket in "[{" else -1
        deepest = max(deepest, depth)
    return deepest


def _int(text: str) -> int | str:
    if len(text) > MAX_DIGITS + 1:
        return text
    number = int(text)
    return number if abs(number) < 2**63 else text


def _float(text: str) -> float | str:
    number = float(text) if len(text) <= MAX_FLOAT_LENGTH else math.inf
    return number if math.isfinite(number) else text
