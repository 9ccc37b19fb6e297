"""References between the commands of a batch, as the portal's own code substitutes them.

Source: the fact sheet on batch, §4, whose rows are results of running that code.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tests.sandbox import php

COLLECTIONS = ("result", "error", "total", "next", "time")
# Everything up to the next white space belongs to a reference.
_REFERENCE = re.compile(r"\$(result|error|total|next|time)\[\S+\]\S*", re.IGNORECASE)
_KEY = re.compile(r"\[([^\[\]]+)\]")


def substitute(value: Any, collections: Mapping[str, Mapping[str, Any]]) -> Any:
    """`value` with the references in its texts replaced, at any depth.

    `collections` maps result, error, total, next and time to what the commands so far have left, by command.
    """
    if isinstance(value, list):
        return [substitute(item, collections) for item in value]
    if isinstance(value, dict):
        return {key: substitute(item, collections) for key, item in value.items()}
    if not isinstance(value, str) or "$" not in value:
        return value
    whole = _REFERENCE.fullmatch(value)
    if whole:
        return _resolve(whole, collections)[0]
    return _REFERENCE.sub(lambda found: _inside(found, collections), value)


def _inside(found: re.Match[str], collections: Mapping[str, Mapping[str, Any]]) -> str:
    value, _ = _resolve(found, collections)
    return found[0] if isinstance(value, (list, dict)) or value is None else str(value)


def _resolve(found: re.Match[str], collections: Mapping[str, Mapping[str, Any]]) -> tuple[Any, bool]:
    """The deepest part of the path that exists; the name is looked up in its own case."""
    collection = collections.get(found[1])
    if collection is None:
        return None, False
    value: Any = dict(collection)
    for key in _KEY.findall(found[0]):
        if not isinstance(value, (list, dict)):
            return value, True
        deeper = php.get(value, key)
        if deeper is None:
            return value, False
        value = deeper
    return value, True
