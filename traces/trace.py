"""Building the TRACE of a submission: whatever came, a clean trace in the tracker's own form goes out.

The portal reads `url`, `ref`, `gid`, `device.isMobile`, `tags.ts`, `tags.list`, `pages.list`, `channels`,
`client` and `previous.list`, and stops with HTTP 500 on wrong types (`crm/lib/tracking/trace.php`, version
26.250). So only these keys leave us, each with the type that the portal's tracker gives it. Pure: no
database, no clock, no network.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

UTM = ("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term")
MOST_PAGES = 5
MOST_VISITS = 5
LONGEST_URL = 2048
LONGEST_TITLE = 255
LONGEST_TAG = 255

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Built:
    """`text` is the value of TRACE; `repairs` are keys of `traces.sentences.REPAIRS`, in order, without repetition."""

    text: str
    repairs: tuple[str, ...]


def build(body: Mapping[str, Any], received: int) -> Built:
    """The trace of a submission's body: from its TRACE, completed from its UTM fields, page and referrer.

    `received` (unix seconds) is the time of a page that comes without one.
    """
    repairs: list[str] = []
    trace = _clean(_given(body.get("TRACE"), repairs), repairs)
    _complete(trace, {key.lower(): value for key, value in body.items()}, received)
    text = write(trace)
    # Half of a surrogate pair, which a JSON escape can hold, would make the portal's parser refuse the whole call.
    kept = text.encode(errors="replace").decode()
    if kept != text:
        repairs.append("characters_replaced")
    return Built(kept, tuple(dict.fromkeys(repairs)))


def write(trace: Json) -> str:
    """The JSON text of a trace. A dollar sign is written as an escape: inside a batch the portal would put other
    commands' results in the place of `$result[...]`, and its parser restores the escape.
    """
    return json.dumps(trace, ensure_ascii=False, separators=(",", ":")).replace("$", "\\u0024")


def _given(value: Any, repairs: list[str]) -> Json:
    if value in (None, ""):
        return {}
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            value = None
    if not isinstance(value, dict):
        repairs.append("trace_unreadable")
        return {}
    return value


def _clean(given: Json, repairs: list[str], *, previous: bool = False) -> Json:
    trace: Json = {}
    for key in ("url", "ref", "gid"):
        if text := _text(given.get(key), LONGEST_URL, repairs):
            trace[key] = text
    device = _object(given.get("device"), repairs)
    trace["device"] = {"isMobile": bool(device.get("isMobile"))}
    tags = _object(given.get("tags"), repairs)
    if not isinstance(tags.get("list"), list):  # an empty PHP map arrives as a list
        trace["tags"] = {"ts": _seconds(tags.get("ts"), repairs), "list": _tags(tags.get("list"), repairs)}
    if client := {
        key: _text(value, LONGEST_TAG, repairs)
        for key, value in _object(given.get("client"), repairs).items()
        if key in ("gaId", "yaId")
    }:
        trace["client"] = client
    trace["pages"] = {"list": _pages(_object(given.get("pages"), repairs).get("list"), repairs)}
    if channels := _channels(given.get("channels"), repairs):
        trace["channels"] = channels
    if not previous:
        visits = _list(_object(given.get("previous"), repairs).get("list"), repairs)
        kept = [_clean(visit, repairs, previous=True) for visit in visits[-MOST_VISITS:] if isinstance(visit, dict)]
        trace["previous"] = {"list": kept}
    return trace


def _tags(value: Any, repairs: list[str]) -> dict[str, str]:
    tags: dict[str, str] = {}
    for key, text in _object(value, repairs).items():
        # The names count in any case; the first of several stays, as on the portal.
        if key.lower() in UTM and key.lower() not in tags and (kept := _text(text, LONGEST_TAG, repairs)):
            tags[key.lower()] = kept
    return tags


def _pages(value: Any, repairs: list[str]) -> list[list[Any]]:
    pages: list[list[Any]] = []
    for page in _list(value, repairs):
        if not isinstance(page, list) or not page or not (url := _text(page[0], LONGEST_URL, repairs)):
            repairs.append("page_dropped")
            continue
        entry: list[Any] = [url, _seconds(page[1] if len(page) > 1 else None, repairs)]
        if len(page) > 2 and isinstance(page[2], str):
            entry.append(_text(page[2], LONGEST_TITLE, repairs))
        pages.append(entry)
    if len(pages) > MOST_PAGES:
        repairs.append("pages_shortened")
    return pages[-MOST_PAGES:]


def _channels(value: Any, repairs: list[str]) -> list[Json]:
    channels = []
    for channel in _list(value, repairs)[:MOST_PAGES]:
        if isinstance(channel, dict) and (code := _text(channel.get("code"), LONGEST_TAG, repairs)):
            channels.append({"code": code, "value": _text(channel.get("value"), LONGEST_TAG, repairs)})
    return channels


def _complete(trace: Json, body: Json, received: int) -> None:
    """Fill what the trace lacks from the fields beside it."""
    page, referrer = body.get("page_url"), body.get("referrer")
    if isinstance(page, str) and page:
        page = page[:LONGEST_URL]
        trace.setdefault("url", page)
        if not trace["pages"]["list"]:
            trace["pages"]["list"] = [[page, received]]
    if isinstance(referrer, str) and _host(referrer) and _host(referrer) != _host(trace.get("url", "")):
        trace.setdefault("ref", referrer[:LONGEST_URL])
    tags: dict[str, str] = trace.setdefault("tags", {"ts": 0, "list": {}})["list"]
    known = tags or _pick(body.items()) or _pick(_query(trace.get("url", "")))
    tags.update({key: known[key] for key in UTM if key in known})


def _pick(pairs: Iterable[tuple[str, Any]]) -> dict[str, str]:
    return {
        key.lower(): value[:LONGEST_TAG]
        for key, value in pairs
        if key.lower() in UTM and isinstance(value, str) and value
    }


def _query(url: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(urlsplit(url).query, max_num_fields=100)
    except ValueError:
        return []


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _text(value: Any, longest: int, repairs: list[str]) -> str:
    if isinstance(value, str):
        return value[:longest]
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    if value is not None:
        repairs.append("value_dropped")
    return ""


def _seconds(value: Any, repairs: list[str]) -> int:
    """Unix seconds of a time as the tracker writes it, or of an ISO date; 0 where there is none."""
    if isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 2**53:
        return int(value)
    if isinstance(value, str):
        try:
            return int(float(value)) if abs(float(value)) < 2**53 else 0
        except ValueError:
            pass
        try:
            repairs.append("time_converted")
            return int(datetime.fromisoformat(value).timestamp())
        except (ValueError, OverflowError):
            return 0
    return 0


def _object(value: Any, repairs: list[str]) -> Json:
    if isinstance(value, dict):
        return value
    if value:
        repairs.append("value_dropped")
    return {}


def _list(value: Any, repairs: list[str]) -> list[Any]:
    if isinstance(value, list):
        return value
    if value:
        repairs.append("value_dropped")
    return []
