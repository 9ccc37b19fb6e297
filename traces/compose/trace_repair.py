"""Repairing a trace: whatever came, it goes out in the form that the portal's own tracker gives it. Pure.

The portal reads `url`, `ref`, `gid`, `device.isMobile`, `tags.ts`, `tags.list`, `pages.list`, `channels`, `client` and
`previous.list`, and stops with HTTP 500 on wrong types (`crm/lib/tracking/trace.php`, version 26.250). So only these
keys leave us, each with its type. Every change is noted as a key of `traces.sentences.REPAIRS`.
"""

from __future__ import annotations

import html
import json
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

from traces.compose import addresses
from traces.compose.addresses import UTM

MAX_PAGES = 5
MAX_VISITS = 5
MAX_URL_LENGTH = 2048
MAX_TITLE_LENGTH = 255
MAX_TAG_LENGTH = 255
MAX_SECONDS = 10**11  # the year 5138: a larger number is in milliseconds

_KNOWN = frozenset(
    ("url", "ref", "gid", "device", "tags", "client", "pages", "previous", "channels", "order", "source_id")
)
# Keys of the documented old form and of traces in capital letters; the portal reads neither.
_OLD = ("source_id", "source_desc")

Json = dict[str, Any]


@dataclass(slots=True)
class Repairer:
    """Gives single values the type that a trace has there, and notes what it changes.

    `received_at` (unix seconds) is the time of a page that has none.
    """

    received_at: int
    secret_names: Collection[str]
    notes: list[str] = field(default_factory=list)

    def note(self, repair: str) -> None:
        self.notes.append(repair)

    def text(self, value: Any, max_length: int) -> str:
        """A text of at most `max_length` characters, or ""."""
        if isinstance(value, str):
            return value[:max_length]
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return str(value)
        if value is not None:
            self.note("value_dropped")
        return ""

    def address(self, value: Any) -> str:
        """An address without secrets, of at most `MAX_URL_LENGTH` characters, or ""."""
        text = self.text(value, MAX_URL_LENGTH)
        if "=" not in text and "@" not in text:
            return text
        clean = addresses.without_secrets(text, self.secret_names)
        if clean != text:
            self.note("secret_removed")
        return clean

    def seconds(self, value: Any, unreadable: int = 0) -> int:
        """Unix seconds of a time as the tracker writes it, or of an ISO date.

        0 if there is no value, `unreadable` if it is no time.
        """
        if value is None or value == "":
            return 0
        number = _number(value)
        if number is not None and number <= MAX_SECONDS:
            return number
        seconds = _seconds_of_date(value) if number is None else number // 1000
        if seconds is None:
            self.note("time_unreadable")
            return unreadable
        self.note("time_converted")
        return seconds

    def page_time(self, value: Any) -> int:
        """Unix seconds of a page: those of the submission's arrival if it has no readable time."""
        if value is None or value == "":
            self.note("time_missing")
            return self.received_at
        return self.seconds(value, unreadable=self.received_at)

    def object(self, value: Any) -> Json:
        """An object, empty if the value is none."""
        if isinstance(value, dict):
            return value
        if value:
            self.note("value_dropped")
        return {}

    def array(self, value: Any) -> list[Any]:
        """An array, empty if the value is none."""
        if isinstance(value, list):
            return value
        if value:
            self.note("value_dropped")
        return []

    def listed(self, value: Any) -> list[Any]:
        """An array that stands under `list`, or by itself."""
        if isinstance(value, list):
            if value:
                self.note("shape_changed")
            return value
        named = self.object(value)
        return self.array(named.get("list", named.get("LIST")))


def parse(value: Any, repairer: Repairer) -> Json:
    """The object that a TRACE is, its keys in the tracker's letters; empty if it is missing or unreadable."""
    if value in (None, "", {}, []):
        return {}
    if isinstance(value, str):
        value = _unwrapped(value, repairer)
    elif isinstance(value, dict):
        repairer.note("trace_as_text")
    if not isinstance(value, dict):
        repairer.note("trace_unreadable")
        return {}
    return value if all(key in _KNOWN for key in value) else _renamed(value, repairer)


def clean(raw: Json, repairer: Repairer) -> Json:
    """A clean trace of what `parse` returned, with its earlier visits."""
    trace = _visit(raw, repairer)
    visits = repairer.listed(raw.get("previous"))
    if len(visits) > MAX_VISITS:
        repairer.note("visits_shortened")
    trace["previous"] = {"list": [_visit(visit, repairer) for visit in visits[-MAX_VISITS:] if isinstance(visit, dict)]}
    return trace


def storable(trace: Json, repairer: Repairer) -> Json:
    """The trace without half surrogate pairs, which a JSON escape can hold: the portal's parser would refuse them."""
    text = json.dumps(trace, ensure_ascii=False)
    if text.isascii():
        return trace
    replaced = text.encode(errors="replace").decode()
    if replaced == text:
        return trace
    repairer.note("characters_replaced")
    cleaned: Json = json.loads(replaced)
    return cleaned


# --- Parsing ----------------------------------------------------------------------------------


def _unwrapped(text: str, repairer: Repairer) -> Any:
    """The JSON value of a text, also where it was wrapped once too often on its way."""
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
        repairer.note("trace_unwrapped")
    return value


def _loaded(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _renamed(value: Json, repairer: Repairer) -> Json:
    """The object with its keys in small letters; a key that is right already wins."""
    known = {key: item for key, item in value.items() if key in _KNOWN}
    renamed = {key.lower(): item for key, item in value.items()} | known
    if any(key.lower() in _OLD for key in value) or "PAGES" in value:
        repairer.note("old_form")
    elif any(key not in value for key in renamed if key in _KNOWN):
        repairer.note("shape_changed")
    return renamed


# --- Cleaning ---------------------------------------------------------------------------------


def _visit(raw: Json, repairer: Repairer) -> Json:
    """One visit, without earlier ones."""
    addresses_ = {key: repairer.address(raw.get(key)) for key in ("url", "ref")}
    texts = {**addresses_, "gid": repairer.text(raw.get("gid"), MAX_URL_LENGTH)}
    trace: Json = {key: text for key, text in texts.items() if text}
    device = repairer.object(raw.get("device"))
    trace["device"] = {"isMobile": bool(device.get("isMobile", device.get("ismobile")))}
    if tags := _tags(raw.get("tags"), repairer):
        trace["tags"] = tags
    if client := _client(raw.get("client"), repairer):
        trace["client"] = client
    trace["pages"] = {"list": _pages(raw.get("pages"), repairer)}
    if channels := _channels(raw.get("channels"), repairer):
        trace["channels"] = channels
    return trace


def _tags(value: Any, repairer: Repairer) -> Json | None:
    tags = repairer.object(value)
    listed = tags.get("list", tags.get("LIST"))
    if listed is None and any(key.lower() in UTM for key in tags):
        listed = tags  # the tags themselves, without a list around them
        repairer.note("shape_changed")
    if isinstance(listed, list):  # an empty PHP map arrives as a list
        return None
    return {"ts": repairer.seconds(tags.get("ts")), "list": _tag_texts(listed, repairer)}


def _tag_texts(value: Any, repairer: Repairer) -> dict[str, str]:
    """The UTM tags. Their names count in any case; the last of several spellings stays, as on the portal."""
    tags: dict[str, str] = {}
    for key, item in repairer.object(value).items():
        name = key.lower()
        if name in UTM and (text := repairer.text(item, MAX_TAG_LENGTH)):
            tags[name] = text
    return tags


def _client(value: Any, repairer: Repairer) -> dict[str, str]:
    client = repairer.object(value)
    return {key: repairer.text(client[key], MAX_TAG_LENGTH) for key in client if key in ("gaId", "yaId")}


def _pages(value: Any, repairer: Repairer) -> list[list[Any]]:
    pages = [page for item in repairer.listed(value) if (page := _page(item, repairer))]
    if len(pages) > MAX_PAGES:
        repairer.note("pages_shortened")
    return pages[-MAX_PAGES:]


def _page(value: Any, repairer: Repairer) -> list[Any]:
    """A page as `[url, unix seconds, title]` or without the title; empty if it has no address."""
    if isinstance(value, dict):  # the old form: {"URL": …, "DATE": …}
        named = {key.lower(): item for key, item in value.items()}
        value = [named.get("url"), named.get("date"), named.get("title")]
    if not isinstance(value, list) or not value or not (url := repairer.address(value[0])):
        repairer.note("page_dropped")
        return []
    seconds = repairer.page_time(value[1] if len(value) > 1 else None)
    return [url, seconds, *(title[:MAX_TITLE_LENGTH] for title in value[2:3] if isinstance(title, str))]


def _channels(value: Any, repairer: Repairer) -> list[Json]:
    channels = []
    for channel in repairer.array(value)[:MAX_PAGES]:
        if isinstance(channel, dict) and (code := repairer.text(channel.get("code"), MAX_TAG_LENGTH)):
            channels.append({"code": code, "value": repairer.text(channel.get("value"), MAX_TAG_LENGTH)})
    return channels


# --- Times ------------------------------------------------------------------------------------


def _number(value: Any) -> int | None:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return int(number) if abs(number) < 2**53 else None


def _seconds_of_date(value: Any) -> int | None:
    try:
        moment = datetime.fromisoformat(value.strip())
        return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
    except (AttributeError, ValueError, OverflowError):
        return None
