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
_REFERENCE = re.compile(r"\$(result|error|total|next|time)(?=\S*\[[^\s\[\]]+\])\S*", re.IGNORECASE)
_KEY = re.compile(r"\[([^\[\]]+)\]")

Left = Mapping[str, Mapping[str, Any]]


def substitute(value: Any, left: Left) -> Any:
    """`value` with the references in its texts replaced, at any depth.

    `left` maps result, error, total, next and time to what the commands so far have left, by command.
    """
    if isinstance(value, list):
        return [substitute(item, left) for item in value]
    if isinstance(value, dict):
        return {_of_key(key, left): substitute(item, left) for key, item in value.items()}
    if not isinstance(value, str) or "$" not in value:
        return value
    whole = _REFERENCE.fullmatch(value)
    if whole:
        return _resolve(whole, left)
    return _REFERENCE.sub(lambda found: _inside(found, left), value)


def _of_key(key: str, left: Left) -> str:
    """A key with its references replaced: keys are looked at as well, but only a scalar can be one."""
    value = substitute(key, left)
    return key if isinstance(value, (list, dict)) else php.text(value)


def _inside(found: re.Match[str], left: Left) -> str:
    """A reference inside a text; what is no text and no number leaves it as it was written."""
    value = _resolve(found, left)
    return value if isinstance(value, str) else php.text(value) if php.is_numeric(value) else found[0]


def _resolve(found: re.Match[str], left: Left) -> Any:
    """The deepest part of the path that exists; the collection's name is looked up in its own case."""
    collection = left.get(found[1])
    if collection is None:
        return None
    value: Any = php.array(dict(collection))
    for key in _KEY.findall(found[0]):
        deeper = php.get(value, key)
        if deeper is None:
            break
        value = deeper
    return value
