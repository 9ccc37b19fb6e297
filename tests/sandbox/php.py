"""PHP's ways with data, as far as they show on the wire: query strings, JSON, arrays, numbers.

A PHP array is a list here where its keys are 0, 1, 2 … in order, else a dict with text keys; the empty one is
a list. Source: the fact sheets on REST calls and batch ("Shape rule").
"""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import unquote_plus

_KEY = re.compile(r"\[([^\]]*)\]")
_ESCAPED = re.compile(r"\\(.)")
_HTML = {"<": "\\u003C", ">": "\\u003E", "&": "\\u0026", "'": "\\u0027", "/": "\\/"}
_HTML_CHARACTERS = re.compile("[<>&'/]")
_NUMBER = re.compile(r"\s*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?\s*")
_INTEGER = re.compile(r"\s*([+-]?\d+)")


def array(value: Any) -> Any:
    """`value` with every array in it in its normal form."""
    if isinstance(value, list):
        return [array(item) for item in value]
    if not isinstance(value, dict):
        return value
    items = {str(key): array(item) for key, item in value.items()}
    if list(items) == [str(number) for number in range(len(items))]:
        return list(items.values())
    return items


def parse_query(text: str) -> dict[str, Any]:
    """The parameters of a query string or a form body, brackets resolved."""
    found: dict[str, Any] = {}
    for pair in text.split("&"):
        if pair:
            name, _, value = pair.partition("=")
            _put(found, unquote_plus(name), unquote_plus(value))
    return {key: array(value) for key, value in found.items()}


def _put(found: dict[str, Any], name: str, value: str) -> None:
    head, bracket, _ = name.partition("[")
    keys = _KEY.findall(name[len(head) :]) if bracket else []
    place = found
    path = [re.sub(r"[ .]", "_", head), *keys]
    for depth, key in enumerate(path):
        key = key if key or depth == 0 else _next_number(place)
        if depth == len(path) - 1:
            place[key] = value
        else:
            if not isinstance(place.get(key), dict):
                place[key] = {}
            place = place[key]


def _next_number(place: dict[str, Any]) -> str:
    numbers = [int(key) for key in place if key.isdigit()]
    return str(max(numbers) + 1 if numbers else 0)


def encode(value: Any) -> str:
    """JSON as the portal writes it: HTML's characters and the slash escaped, other Unicode as it is."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    text = _HTML_CHARACTERS.sub(lambda found: _HTML[found[0]], text)
    return _ESCAPED.sub(lambda found: "\\u0022" if found[1] == '"' else found[0], text)


def is_numeric(value: Any) -> bool:
    """PHP's is_numeric."""
    if isinstance(value, str):
        return bool(_NUMBER.fullmatch(value))
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def integer(value: Any) -> int:
    """PHP's cast to int: a text's leading digits, 1 for a filled array."""
    if isinstance(value, str):
        if is_numeric(value):
            return int(float(value)) if not value.strip().lstrip("+-").isdigit() else int(value)
        found = _INTEGER.match(value)
        return int(found[1]) if found else 0
    if isinstance(value, (list, dict)):
        return 1 if value else 0
    return int(value or 0)


def truthy(value: Any) -> bool:
    """PHP's cast to bool: the text "0" is false, the text "false" is true."""
    return bool(value) and value != "0"


def get(value: Any, *path: str) -> Any:
    """The value at a path of keys, None where it does not exist."""
    for key in path:
        if isinstance(value, list):
            value = value[int(key)] if key.isdigit() and int(key) < len(value) else None
        elif isinstance(value, dict):
            value = value.get(key)
        else:
            return None
    return value
