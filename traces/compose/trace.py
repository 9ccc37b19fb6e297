"""Building the TRACE of a submission: whatever came, a clean trace in the tracker's own form goes out.

The portal reads `url`, `ref`, `gid`, `device.isMobile`, `tags.ts`, `tags.list`, `pages.list`, `channels`,
`client` and `previous.list`, and stops with HTTP 500 on wrong types (`crm/lib/tracking/trace.php`, version
26.250). So only these keys leave us, each with the type that the portal's tracker gives it. What was changed is told as
keys of `traces.sentences.REPAIRS`. Pure: no database, no clock, no network.
"""

from __future__ import annotations

import html
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

from traces.compose import addresses
from traces.compose.addresses import SECRET_NAMES, UTM

MAX_PAGES = 5
MAX_VISITS = 5
MAX_URL_LENGTH = 2048
MAX_TITLE_LENGTH = 255
MAX_TAG_LENGTH = 255
LATEST = 10**11  # the year 5138
# Keys of the documented old form and of traces in capital letters; the portal reads neither.
_OLD = ("source_id", "source_desc")

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A clean trace, what was repaired, and what the portal does not read but a source rule may.

    `repairs` are in order and without repetition; `click_ids` are the names of those in the addresses, as `gclid`.
    """

    trace: Json
    repairs: tuple[str, ...]
    source_id: str = ""
    source_desc: str = ""
    click_ids: tuple[str, ...] = ()


@dataclass(slots=True)
class _Work:
    received: int
    secret_names: Collection[str]
    repairs: list[str] = field(default_factory=list)

    def note(self, repair: str) -> None:
        self.repairs.append(repair)

    def address(self, value: Any) -> str:
        """A bounded address without secrets, or ""."""
        text = _text(value, self, MAX_URL_LENGTH)
        if "=" in text or "@" in text:
            clean = addresses.without_secrets(text, self.secret_names)
            if clean != text:
                self.note("secret_removed")
            return clean
        return text


def prepare(body: Mapping[str, Any], received: int, secret_names: Collection[str] = SECRET_NAMES) -> Prepared:
    """The trace of a submission's body: from its TRACE, completed from its UTM fields, page and referrer.

    `received` (unix seconds) is the time of a page that comes without one.
    """
    work = _Work(received, secret_names)
    given = _given(body.get("TRACE"), work)
    trace = _clean(given, work)
    _complete(trace, {key.lower(): value for key, value in body.items()}, work)
    pages = [page[0] for page in trace["pages"]["list"]]
    clicks = set(addresses.click_ids([trace.get("url", ""), *pages]))
    tags = given.get("tags")
    clicks |= {name for name in addresses.CLICK_IDS if isinstance(tags, dict) and tags.get(name)}
    source_id, source_desc = (_scalar(given.get(name)) for name in _OLD)
    trace = _storable(trace, work)
    in_order = tuple(name for name in addresses.CLICK_IDS if name in clicks)
    return Prepared(trace, tuple(dict.fromkeys(work.repairs)), source_id, source_desc, in_order)


def with_source(trace: Mapping[str, Any], utm_source: str) -> Json:
    """The trace with the source that a rule has decided on; the other tags stay."""
    tags = trace.get("tags") or {"ts": 0, "list": {}}
    return {**trace, "tags": {**tags, "list": {**tags["list"], "utm_source": utm_source}}}


def write(trace: Mapping[str, Any]) -> str:
    """The JSON text of a trace. A dollar sign is written as an escape: inside a batch the portal would put other
    commands' results in the place of `$result[...]`, and its parser restores the escape.
    """
    return json.dumps(trace, ensure_ascii=False, separators=(",", ":")).replace("$", "\\u0024")


def _storable(trace: Json, work: _Work) -> Json:
    """Without half of a surrogate pair, which a JSON escape can hold: the portal's parser would refuse all of it."""
    text = json.dumps(trace, ensure_ascii=False)
    if text.isascii():
        return trace
    kept = text.encode(errors="replace").decode()
    if kept == text:
        return trace
    work.note("characters_replaced")
    cleaned: Json = json.loads(kept)
    return cleaned


# --- What came --------------------------------------------------------------------------------


def _given(value: Any, work: _Work) -> Json:
    """The object that a TRACE is, its keys in the tracker's letters."""
    if value in (None, "", {}, []):
        return {}
    if isinstance(value, str):
        value = _parsed(value, work)
    elif isinstance(value, dict):
        work.note("trace_as_text")
    if not isinstance(value, dict):
        work.note("trace_unreadable")
        return {}
    if all(key in _KNOWN for key in value):
        return value
    given = {key.lower(): item for key, item in value.items()} | {
        key: item for key, item in value.items() if key in _KNOWN
    }
    if any(key.lower() in _OLD for key in value) or "PAGES" in value:
        work.note("old_form")
    elif any(key not in value for key in given if key in _KNOWN):
        work.note("shape_changed")
    return given


_KNOWN = frozenset(
    ("url", "ref", "gid", "device", "tags", "client", "pages", "previous", "channels", "order", "source_id")
)


def _parsed(text: str, work: _Work) -> Any:
    """What a text holds, also where it was wrapped once too often on its way."""
    value = _loaded(text)
    if value is None and text.lstrip()[:3].upper() == "%7B":
        value = _loaded(unquote(text.replace("+", " ")))
    elif value is None and "&quot;" in text:
        value = _loaded(html.unescape(text))
    elif isinstance(value, str):
        value = _loaded(value)
    else:
        return value
    if isinstance(value, dict):
        work.note("trace_unwrapped")
    return value


def _loaded(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


# --- Cleaning ---------------------------------------------------------------------------------


def _clean(given: Json, work: _Work, *, previous: bool = False) -> Json:
    trace: Json = {}
    for key in ("url", "ref"):
        if text := work.address(given.get(key)):
            trace[key] = text
    if text := _text(given.get("gid"), work, MAX_URL_LENGTH):
        trace["gid"] = text
    device = _object(given.get("device"), work)
    trace["device"] = {"isMobile": bool(device.get("isMobile", device.get("ismobile")))}
    _clean_tags(given.get("tags"), trace, work)
    if client := {
        key: _text(value, work, MAX_TAG_LENGTH)
        for key, value in _object(given.get("client"), work).items()
        if key in ("gaId", "yaId")
    }:
        trace["client"] = client
    trace["pages"] = {"list": _pages(given.get("pages"), work)}
    if channels := _channels(given.get("channels"), work):
        trace["channels"] = channels
    if not previous:
        visits = _listed(given.get("previous"), work)
        if len(visits) > MAX_VISITS:
            work.note("visits_shortened")
        kept = [_clean(visit, work, previous=True) for visit in visits[-MAX_VISITS:] if isinstance(visit, dict)]
        trace["previous"] = {"list": kept}
    return trace


def _clean_tags(value: Any, trace: Json, work: _Work) -> None:
    tags = _object(value, work)
    listed = tags.get("list", tags.get("LIST"))
    if listed is None and any(key.lower() in UTM for key in tags):
        listed = tags  # the tags themselves, without a list around them
        work.note("shape_changed")
    if not isinstance(listed, list):  # an empty PHP map arrives as a list
        trace["tags"] = {"ts": _seconds(tags.get("ts"), work), "list": _tags(listed, work)}


def _tags(value: Any, work: _Work) -> dict[str, str]:
    tags: dict[str, str] = {}
    for key, text in _object(value, work).items():
        # The names count in any case; the first of several stays, as on the portal.
        if key.lower() in UTM and key.lower() not in tags and (kept := _text(text, work, MAX_TAG_LENGTH)):
            tags[key.lower()] = kept
    return tags


def _pages(value: Any, work: _Work) -> list[list[Any]]:
    pages: list[list[Any]] = []
    for page in _listed(value, work):
        if isinstance(page, dict):  # the old form: {"URL": …, "DATE": …}
            named = {key.lower(): item for key, item in page.items()}
            page = [named.get("url"), named.get("date"), named.get("title")]
        if not isinstance(page, list) or not page or not (url := work.address(page[0])):
            work.note("page_dropped")
            continue
        entry: list[Any] = [url, _page_time(page[1] if len(page) > 1 else None, work)]
        if len(page) > 2 and isinstance(page[2], str):
            entry.append(page[2][:MAX_TITLE_LENGTH])
        pages.append(entry)
    if len(pages) > MAX_PAGES:
        work.note("pages_shortened")
    return pages[-MAX_PAGES:]


def _page_time(value: Any, work: _Work) -> int:
    if value in (None, ""):
        work.note("time_missing")
        return work.received
    before = len(work.repairs)
    seconds = _seconds(value, work)
    return work.received if "time_unreadable" in work.repairs[before:] else seconds


def _channels(value: Any, work: _Work) -> list[Json]:
    channels = []
    for channel in _list(value, work)[:MAX_PAGES]:
        if isinstance(channel, dict) and (code := _text(channel.get("code"), work, MAX_TAG_LENGTH)):
            channels.append({"code": code, "value": _text(channel.get("value"), work, MAX_TAG_LENGTH)})
    return channels


# --- Completing -------------------------------------------------------------------------------


def _complete(trace: Json, body: Json, work: _Work) -> None:
    """Fill what the trace lacks from the fields beside it, and from its own addresses."""
    page, referrer = work.address(body.get("page_url")), work.address(body.get("referrer"))
    if page:
        trace.setdefault("url", page)
        if not trace["pages"]["list"]:
            trace["pages"]["list"] = [[page, work.received]]
    if referrer and addresses.host(referrer) and addresses.host(referrer) != addresses.host(trace.get("url", "")):
        trace.setdefault("ref", referrer)
    tags: dict[str, str] = trace.setdefault("tags", {"ts": 0, "list": {}})["list"]
    if tags:
        return
    newest_first = [trace.get("url", ""), *(page[0] for page in reversed(trace["pages"]["list"]))]
    from_addresses = (_pick(addresses.parameters(address)) for address in newest_first if "utm_" in address.lower())
    tags.update(_pick(body.items()) or next((found for found in from_addresses if found), {}))


def _pick(pairs: Iterable[tuple[str, Any]]) -> dict[str, str]:
    found = {
        key.lower(): value[:MAX_TAG_LENGTH]
        for key, value in pairs
        if key.lower() in UTM and isinstance(value, str) and value
    }
    return {key: found[key] for key in UTM if key in found}


# --- Values -----------------------------------------------------------------------------------


def _text(value: Any, work: _Work, longest: int) -> str:
    if isinstance(value, str):
        return value[:longest]
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    if value is not None:
        work.note("value_dropped")
    return ""


def _scalar(value: Any) -> str:
    return str(value).strip()[:MAX_TAG_LENGTH] if isinstance(value, (str, int, float)) else ""


def _seconds(value: Any, work: _Work) -> int:
    """Unix seconds of a time as the tracker writes it, or of an ISO date; 0 where there is none."""
    if value is None or value == "":
        return 0
    try:
        if isinstance(value, (int, float, str)) and not isinstance(value, bool) and abs(float(value)) < 2**53:
            seconds = int(float(value)) if isinstance(value, str) else int(value)
            if seconds > LATEST:  # in milliseconds, as JavaScript has it
                work.note("time_converted")
                seconds //= 1000
            return seconds
    except (ValueError, OverflowError):
        pass
    try:
        moment = datetime.fromisoformat(value.strip())
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        work.note("time_converted")
        return int(moment.timestamp())
    except (AttributeError, ValueError, OverflowError):
        work.note("time_unreadable")
        return 0


def _object(value: Any, work: _Work) -> Json:
    if isinstance(value, dict):
        return value
    if value:
        work.note("value_dropped")
    return {}


def _list(value: Any, work: _Work) -> list[Any]:
    if isinstance(value, list):
        return value
    if value:
        work.note("value_dropped")
    return []


def _listed(value: Any, work: _Work) -> list[Any]:
    """A list that stands under `list`, or by itself."""
    if isinstance(value, list):
        if value:
            work.note("shape_changed")
        return value
    named = _object(value, work)
    return _list(named.get("list", named.get("LIST")), work)
