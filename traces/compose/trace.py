"""Builds the TRACE of a submission: a clean trace in the tracker's own format, completed from the other fields.

Pure: no database, no clock, no network.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from traces.compose import addresses, trace_repair
from traces.compose.addresses import CLICK_IDS, SECRET_NAMES, UTM
from traces.compose.trace_repair import MAX_TAG_LENGTH, Json, Repairer


@dataclass(frozen=True, slots=True)
class CleanTrace:
    """A clean trace, what was repaired, and what the portal does not read but a source rule may.

    `repairs` are keys of `traces.sentences.REPAIRS`, in order and without repetition; `source_id` is that of the old
    documented form; `click_ids` are the names of those in the addresses, as `gclid`.
    """

    trace: Json
    repairs: tuple[str, ...]
    source_id: str
    click_ids: tuple[str, ...]


def prepare(body: Mapping[str, Any], received_at: int, secret_names: Collection[str] = SECRET_NAMES) -> CleanTrace:
    """The trace of a submission's body: from its TRACE, completed from its UTM fields, page and referrer.

    `received_at` (unix seconds) is the time of a page that comes without one.
    """
    repairer = Repairer(received_at, secret_names)
    raw = trace_repair.parse(body.get("TRACE"), repairer)
    trace = trace_repair.clean(raw, repairer)
    _complete(trace, {key.lower(): value for key, value in body.items()}, repairer)
    click_ids = _click_ids(body, raw, trace)
    trace = trace_repair.storable(trace, repairer)
    return CleanTrace(trace, tuple(dict.fromkeys(repairer.notes)), _source_id(raw), click_ids)


def with_source(trace: Mapping[str, Any], utm_source: str) -> Json:
    """The trace with the source that a rule has decided on; the other tags stay."""
    tags = trace.get("tags") or {"ts": 0, "list": {}}
    return {**trace, "tags": {**tags, "list": {**tags["list"], "utm_source": utm_source}}}


def write(trace: Mapping[str, Any]) -> str:
    """The JSON text of a trace. A dollar sign is written as an escape: inside a batch the portal would put other
    commands' results in the place of `$result[...]`, and its parser restores the escape.
    """
    return json.dumps(trace, ensure_ascii=False, separators=(",", ":")).replace("$", "\\u0024")


def _complete(trace: Json, body: Json, repairer: Repairer) -> None:
    """Fill what the trace lacks from the fields beside it, and from its own addresses."""
    page, referrer = repairer.address(body.get("page_url")), repairer.address(body.get("referrer"))
    if page:
        trace.setdefault("url", page)
        if not trace["pages"]["list"]:
            trace["pages"]["list"] = [[page, repairer.received_at]]
    if referrer and addresses.host(referrer) and addresses.host(referrer) != addresses.host(trace.get("url", "")):
        trace.setdefault("ref", referrer)
    tags: dict[str, str] = trace.setdefault("tags", {"ts": 0, "list": {}})["list"]
    if not tags:
        tags.update(_utm_tags(body.items()) or _tags_of_addresses(trace))


def _tags_of_addresses(trace: Json) -> dict[str, str]:
    """The tags of the newest address that has some."""
    newest_first = [trace.get("url", ""), *(page[0] for page in reversed(trace["pages"]["list"]))]
    tags = (_utm_tags(addresses.parameters(address)) for address in newest_first if "utm_" in address.lower())
    return next(filter(None, tags), {})


def _utm_tags(pairs: Iterable[tuple[str, Any]]) -> dict[str, str]:
    tags = {
        key.lower(): value[:MAX_TAG_LENGTH]
        for key, value in pairs
        if key.lower() in UTM and isinstance(value, str) and value
    }
    return {key: tags[key] for key in UTM if key in tags}


def _click_ids(body: Mapping[str, Any], raw: Json, trace: Json) -> tuple[str, ...]:
    """The names of the click ids in the addresses of the visit, among the tags that came, and beside the trace."""
    tags = raw.get("tags")
    in_addresses = addresses.click_ids([trace.get("url", ""), *(page[0] for page in trace["pages"]["list"])])
    in_tags = (name for name, value in tags.items() if value) if isinstance(tags, dict) else ()
    named = {*in_addresses, *in_tags, *(name for name, value in body.items() if value)}
    return tuple(name for name in CLICK_IDS if name in named)


def _source_id(raw: Json) -> str:
    value = raw.get("source_id")
    return str(value).strip()[:MAX_TAG_LENGTH] if isinstance(value, (str, int, float)) else ""
