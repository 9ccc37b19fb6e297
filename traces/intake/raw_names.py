"""The names that a sender itself gives its values: a mapping may be older than what is recognised of them now. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from traces.compose.fields import mapped_names
from traces.compose.submitted import NAMES, submitted_values
from traces.intake.senders import Posted


def with_named(mapping: Mapping[str, Any], fields: Any, posted: Posted) -> dict[str, Any]:
    """The body of `posted`, with the values that a form's `mapping` asks for by a name that the body does not have.

    They stand under `NAMES`, by that name. `fields` is the tree that was read from the request.
    """
    wanted = mapped_names(mapping) - posted.body.keys()
    if not wanted:
        return posted.body
    raw = fields[0] if isinstance(fields, list) and len(fields) == 1 else fields
    found: dict[str, list[str]] = {}
    for name, text in submitted_values(raw) if isinstance(raw, Mapping) else ():
        if name in wanted and name not in posted.secrets:
            found.setdefault(name, []).append(text)
    for name in wanted - found.keys():
        if texts := posted.names.get(name):
            found[name] = list(texts)
    if not found:
        return posted.body
    return {**posted.body, NAMES: {name: texts[0] if len(texts) == 1 else texts for name, texts in found.items()}}
