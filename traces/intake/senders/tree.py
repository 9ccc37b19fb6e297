"""Builds the tree of a submission from names with brackets, dots and double underscores, and from JSON inside a text.

What lies beyond the limits below stays one text.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl

from traces.intake.senders.escapes import storable
from traces.intake.senders.names import KNOWN, joined
from traces.intake.senders.posted import Notes

MAX_DEPTH = 16
MAX_NODES = 50_000  # what is grown
MAX_LEAVES = 3000  # of these, what is looked at one by one
MAX_NAME_PARTS = 8
# The product's own values: they stay as they came, wherever they stand.
OWN = ("TRACE", "ENTITIES", "PAGES")


def grow(fields: Any, notes: Notes) -> Any:
    """The tree that the names and texts of `fields` stand for; leaves are texts, lists keep their order."""
    return _with_lists(_Gardener(notes).grow(fields, 0), notes)


def _entries(items: list[Any], notes: Notes) -> dict[str, Any] | None:
    """The object that a list of names and values stands for (`[["name", "Kim"], ["phone", "…"]]`), or None."""
    if len(items) < 2 or not all(isinstance(item, list) and len(item) == 2 and is_name(item[0]) for item in items):
        return None
    node: dict[str, Any] = {}
    for name, value in items:
        notes.drop(name)
        _put(node, name_parts(name), value)
    return node


def is_name(value: Any) -> bool:
    """Whether a text can be a field's name in a program."""
    if not isinstance(value, str) or value in ("true", "false"):  # these were no texts
        return False
    return value[:1].isalpha() and not any(map(str.isspace, value)) and "@" not in value


def _with_lists(node: Any, notes: Notes) -> Any:
    """The tree with lists where names only count from 0, as `phones[0]`, `phones[1]` do."""
    if isinstance(node, list):
        entries = _entries(node, notes)
        return [_with_lists(item, notes) for item in node] if entries is None else _with_lists(entries, notes)
    if not isinstance(node, dict):
        return node
    if "0" in node and all(key == str(number) for number, key in enumerate(node)):
        return _with_lists(list(node.values()), notes)
    return {key: item if key in OWN else _with_lists(item, notes) for key, item in node.items()}


def as_text(value: Any) -> str:
    """All texts of a tree in one line, each behind its name. Needs no recursion, however deep the tree is."""
    parts: list[str] = []
    stack: list[tuple[str, Any]] = [("", value)]
    while stack:
        name, item = stack.pop()
        if isinstance(item, dict):
            stack.extend((str(key), child) for key, child in reversed(item.items()))
        elif isinstance(item, list):
            stack.extend((name, child) for child in reversed(item))
        elif text := leaf_text(item):
            parts.append(f"{name}: {text}" if name else text)
    return ", ".join(parts)


def leaf_text(value: Any) -> str:
    """A leaf as a text without space around it; "" if there is nothing in it."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # a number that a program keeps as one with a fraction
    return str(value).lower() if isinstance(value, bool) else str(value).strip()


def name_parts(name: str) -> tuple[str, ...]:
    """The parts of a name: `fields[name][]`, `contact.phone` and `contact__phone` have parts, a label has one."""
    if name.endswith("]") and not name.startswith("["):
        head, *rest = name[:-1].replace("][", "[").split("[")
        whole = not any(character.isspace() or character == "]" for character in head)
        if whole and rest and not any("]" in part for part in rest) and len(rest) < MAX_NAME_PARTS:
            return (head, *(part for part in rest if part))
    for separator in ("__", "."):
        if separator in name and name.isascii():
            parts = name.split(separator)
            if len(parts) <= MAX_NAME_PARTS and _are_identifiers(parts):
                return tuple(parts)
    return (name,)


def _are_identifiers(parts: list[str]) -> bool:
    inner = (part for part in parts[1:-1] if not part.isdigit())
    return all(_is_identifier(part) for part in (parts[0], *inner, parts[-1]))


def _is_identifier(part: str) -> bool:
    return part[:1].isalpha() and part.replace("_", "").replace("-", "").isalnum()


class _Gardener:
    def __init__(self, notes: Notes) -> None:
        self.notes = notes
        self.nodes = 0

    def grow(self, value: Any, depth: int) -> Any:
        if isinstance(value, str):
            inner = _inner(value)
            return value if inner is None else self.grow(self._storable(inner), depth + 1)
        if not isinstance(value, (dict, list)):
            return leaf_text(value)
        if depth >= MAX_DEPTH:
            return self._joined(value)
        if isinstance(value, list):
            return [self._bounded(item, depth + 1) for item in self._first(value)]
        node: dict[str, Any] = {}
        for key, item in value.items():
            name = str(key)
            if name in OWN:
                node[name] = item
            else:
                parts = name_parts(name)
                _put(node, parts, self._bounded(item, depth + len(parts)))
        return node

    def _storable(self, inner: Any) -> Any:
        """What was found inside a text, whose escapes the reader has not seen: no expression takes half a character."""
        found = storable(inner)
        if found != inner:
            self.notes.note("characters_replaced")
        return found

    def _bounded(self, item: Any, depth: int) -> Any:
        self.nodes += 1
        if self.nodes > MAX_NODES and isinstance(item, (dict, list)):
            return self._joined(item)
        return self.grow(item, depth)

    def _first(self, items: list[Any]) -> list[Any]:
        """A list within the bound; its end becomes one text."""
        left = max(MAX_NODES - self.nodes, 0)
        return items if len(items) <= left else [*items[:left], self._joined(items[left:])]

    def _joined(self, value: Any) -> str:
        text = as_text(value)
        if text:
            self.notes.note("values_joined")
        return text


def _inner(text: str) -> Any:
    """The object or list that a text is the JSON of, or a whole form; None for others. Numbers stay as written."""
    text = text.strip()
    if text.startswith("eyJ"):
        return _of_base64(text)
    if text[:1] + text[-1:] not in ("{}", "[]"):
        return _of_form(text)
    try:
        value = json.loads(text, parse_int=str, parse_float=str, parse_constant=str, object_pairs_hook=_object)
    except (ValueError, RecursionError):
        return None
    return value or None


def _of_base64(text: str) -> Any:
    """The form that a text is in base64, as queues wrap it, or None. A token in that form has no visitor's names."""
    try:
        value = json.loads(base64.b64decode(text, validate=True), parse_int=str, parse_float=str)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) and _has_contact(value) else None


def _of_form(text: str) -> dict[str, Any] | None:
    """The fields of a whole form in one text, as `$(form).serialize()` makes it, or None."""
    if "&" not in text or "=" not in text or any(map(str.isspace, text)) or text.count("&") > MAX_LEAVES:
        return None
    pairs = parse_qsl(text, keep_blank_values=True)
    is_whole = len(pairs) > text.count("&") and "?" not in pairs[0][0]
    return _object(pairs) if is_whole and _has_contact(name for name, _ in pairs) else None


def _has_contact(names: Iterable[str]) -> bool:
    """Whether a visitor's name, telephone number or e-mail address is among these fields."""
    return any(KNOWN.get(joined(name_parts(name)[-1])) in ("name", "first_name", "phone", "email") for name in names)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object in which a name that comes twice keeps both values."""
    node: dict[str, Any] = {}
    for key, value in pairs:
        node[key] = _merged(node[key], value) if key in node else value
    return node


def _put(node: dict[str, Any], parts: tuple[str, ...], value: Any) -> None:
    for part in parts[:-1]:
        child = node.get(part)
        if not isinstance(child, dict):
            child = {} if child is None else {"": child}
            node[part] = child
        node = child
    last = parts[-1]
    node[last] = _merged(node[last], value) if last in node else value


def _merged(old: Any, new: Any) -> Any:
    """Both values of one name."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key, value in new.items():
            old[key] = _merged(old[key], value) if key in old else value
        return old
    if isinstance(old, dict) or isinstance(new, dict):
        node, other = (old, new) if isinstance(old, dict) else (new, old)
        node[""] = _merged(node[""], other) if "" in node else other
        return node
    values = old if isinstance(old, list) else [old]
    values.extend(new if isinstance(new, list) else [new])  # in place: a name may come ten thousand times
    return values
