"""XML as simple programs and SOAP clients write it: elements and attributes as fields. No entity, no DTD, no depth."""

from __future__ import annotations

import re
from typing import Any
from xml.parsers import expat

from traces.intake.reading import limits
from traces.intake.reading.tree import merged

_DECLARED = re.compile(rb"^<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9._-]{1,40})[\"']")


class _Refused(Exception):
    """A document type or an entity: what makes a short XML text grow without end."""


def declared_charset(raw: bytes) -> str:
    """The charset that an XML text names at its beginning, or ""."""
    return found[1].decode("ascii") if (found := _DECLARED.match(raw)) else ""


def tree(text: str) -> Any:
    """The object that an XML text stands for, without what wraps it; None if there is none.

    Raises `Problem` (422) if it is nested too deeply or has too many values.
    """
    builder = _Builder()
    parser = expat.ParserCreate("utf-8")  # whatever the text declares: it has been decoded
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.text
    parser.StartDoctypeDeclHandler = _refuse
    parser.EntityDeclHandler = _refuse
    try:
        parser.Parse(text.encode("utf-8", "replace"), True)
    except (expat.ExpatError, _Refused):
        return None
    return _unwrapped(builder.root)


class _Builder:
    def __init__(self) -> None:
        self.root: Any = None
        self.count = 0
        # Of each open element: its children and attributes, and the pieces of its text.
        self.open: list[tuple[list[tuple[str, Any]], list[str]]] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.count += 1 + len(attributes)
        if self.count > limits.MAX_VALUES:
            limits.too_complex("it has too many values")
        if len(self.open) >= limits.MAX_DEPTH:
            limits.too_complex("it is nested too deeply")
        own = [(_local(key), value) for key, value in attributes.items() if key.partition(":")[0] != "xmlns"]
        self.open.append((own, []))

    def text(self, data: str) -> None:
        if self.open:
            self.open[-1][1].append(data)

    def end(self, name: str) -> None:
        children, pieces = self.open.pop()
        text = "".join(pieces).strip()
        value: Any = text
        if children:
            value = merged([*children, *([("value", text)] if text else [])])
        if self.open:
            self.open[-1][0].append((_local(name), value))
        else:
            self.root = value


def _local(name: str) -> str:
    """A name without its namespace: `Body` of `soap:Body`."""
    return name.rpartition(":")[2]


def _unwrapped(value: Any) -> Any:
    """What stands inside of elements that hold but one other."""
    while isinstance(value, dict) and len(value) == 1:
        (inner,) = value.values()
        are_elements = isinstance(inner, list) and all(isinstance(item, dict) for item in inner)
        if not are_elements and not isinstance(inner, dict):
            break
        value = inner
    return value if isinstance(value, (dict, list)) else None


def _refuse(*_: Any) -> None:
    raise _Refused
