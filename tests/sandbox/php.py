"""PHP's ways with data, as far as they show on the wire: query strings, JSON, XML, arrays, numbers.

A PHP array is a list here where its keys are 0, 1, 2 … in order, else a dict with text keys; the empty one is
a list. Source: the fact sheets on REST calls (§§1, 3) and batch ("Shape rule").
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from email.parser import BytesParser
from typing import Any
from urllib.parse import unquote_plus

_KEY = re.compile(r"\[([^\]]*)\]")
_ESCAPED = re.compile(r"\\(.)")
_HTML = {
    "<": "\\u003C", ">": "\\u003E", "&": "\\u0026", "'": "\\u0027", "/": "\\/",
    "\u2028": "\\u2028", "\u2029": "\\u2029",
}  # fmt: skip
_HTML_CHARACTERS = re.compile("[<>&'/\u2028\u2029]")
_NUMBER = re.compile(r"\s*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?\s*", re.ASCII)
_INTEGER = re.compile(r"\s*[+-]?\d+", re.ASCII)
_INDEX = re.compile(r"0|[1-9][0-9]{0,17}")
_XML = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;"}
_XML_CHARACTERS = re.compile("[&<>\"']")


class TypeStop(Exception):
    """PHP stops with a type error, which the portal answers with HTTP 500 and no REST body."""


def array(value: Any) -> Any:
    """`value` with every array in it in its normal form."""
    if isinstance(value, list):
        return [array(item) for item in value]
    if not isinstance(value, dict):
        return value
    return _normal({str(key): array(item) for key, item in value.items()})


def _normal(items: dict[str, Any]) -> Any:
    if not items or (next(iter(items)) == "0" and list(items) == [str(number) for number in range(len(items))]):
        return list(items.values())
    return items


def parse_query(text: str) -> dict[str, Any]:
    """The parameters of a query string or a form body, brackets resolved."""
    pairs = [pair.partition("=") for pair in text.split("&") if pair]
    return array_of((unquote_plus(name), unquote_plus(value)) for name, _, value in pairs)


def array_of(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """The parameters of decoded names and values, brackets resolved."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        _put(found, name, value)
    return {key: array(value) for key, value in found.items()}


def _put(found: dict[str, Any], name: str, value: str) -> None:
    if "[" in name and "]" not in name.partition("[")[2]:
        name = name.replace("[", "_", 1)  # a bracket that is never closed is none
    head, _, rest = name.lstrip(" ").partition("[")
    if not head:
        return
    path = [re.sub(r"[ .]", "_", head)]
    rest = f"[{rest}" if rest else ""
    while bracket := _KEY.match(rest):  # what stands between two brackets ends the path
        path.append(bracket[1])
        rest = rest[bracket.end() :]
    place = found
    for depth, key in enumerate(path):
        key = key if key or depth == 0 else _next_number(place)
        if depth == len(path) - 1:
            place[key] = value
        else:
            if not isinstance(place.get(key), dict):
                place[key] = {}
            place = place[key]


def _next_number(place: dict[str, Any]) -> str:
    numbers = [int(key) for key in place if _INDEX.fullmatch(key)]
    return str(max(numbers) + 1 if numbers else 0)


def decode(text: str | bytes) -> Any:
    """`text` read as JSON, arrays in their normal form. Raises ValueError for what PHP does not read."""
    if isinstance(text, bytes):
        text = text.decode()
    try:
        value = json.loads(text, object_hook=_normal, parse_constant=_no_constant)
    except RecursionError:
        raise ValueError("too deep") from None
    if "\\ud" in text.lower():
        json.dumps(value, ensure_ascii=False).encode()  # half a surrogate pair is an error
    return value


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def encode(value: Any) -> str:
    """JSON as the portal writes it: HTML's characters and the slash escaped, other Unicode as it is."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    text = _HTML_CHARACTERS.sub(lambda found: _HTML[found[0]], text)
    if "\\" not in text:
        return text
    return _ESCAPED.sub(lambda found: "\\u0022" if found[1] == '"' else found[0], text)


def encode_xml(value: Any) -> str:
    """XML as the portal writes it for a method with `.xml`: no declaration, `item` for the keys of a list."""
    return f"<response>{_elements(value)}</response>"


def _elements(value: Any) -> str:
    if isinstance(value, dict):
        pairs = [("item" if _INDEX.fullmatch(key) else key, item) for key, item in value.items()]
    elif isinstance(value, list):
        pairs = [("item", item) for item in value]
    else:
        return _XML_CHARACTERS.sub(lambda found: _XML[found[0]], text(value))
    return "".join(f"<{key}>{_elements(item)}</{key}>" for key, item in pairs)


def text(value: Any) -> str:
    """PHP's cast of a scalar to string."""
    if isinstance(value, bool):
        return "1" if value else ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value)


def is_numeric(value: Any) -> bool:
    """PHP's is_numeric."""
    if isinstance(value, str):
        return bool(_NUMBER.fullmatch(value))
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def integer(value: Any) -> int:
    """PHP's cast to int: a text's leading digits, 1 for a filled array, 0 for what is out of range."""
    if isinstance(value, (list, dict)):
        return 1 if value else 0
    try:
        if isinstance(value, str) and (numeric := _NUMBER.fullmatch(value)):
            return int(float(value)) if numeric[2] or numeric[3] or numeric[1].startswith(".") else int(value)
        if isinstance(value, str):
            leading = _INTEGER.match(value)
            return int(leading[0]) if leading else 0
        return int(value or 0)
    except (OverflowError, ValueError):
        return 0


def truthy(value: Any) -> bool:
    """PHP's cast to bool: the text "0" is false, the text "false" is true."""
    return bool(value) and value != "0"


def get(value: Any, *path: str) -> Any:
    """The value at a path of keys, None where it does not exist."""
    for key in path:
        if isinstance(value, list):
            value = value[int(key)] if _INDEX.fullmatch(key) and int(key) < len(value) else None
        elif isinstance(value, dict):
            value = value.get(key)
        else:
            return None
    return value


def items(value: Any) -> list[Any]:
    """The values of an array, none of anything else."""
    return list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []


def parts(kind: str, body: bytes) -> list[tuple[str, str]]:
    """The names and values of a multipart body of this content type; files are left out."""
    message = BytesParser().parsebytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + body)
    parts = [part for part in message.walk() if not part.is_multipart() and part.get_filename() is None]
    values = [part.get_payload(decode=True) for part in parts]
    return [
        (str(part.get_param("name", "", "Content-Disposition")), value.decode("utf-8", "replace"))
        for part, value in zip(parts, values, strict=True)
        if isinstance(value, bytes)
    ]
