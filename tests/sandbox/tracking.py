"""What a portal stores for a trace, and the source that it decides. Pure.

Source: the fact sheet on TRACE, §§2-5, and the golden file. Where PHP stops with a type error, it raises
`php.TypeStop`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from tests.sandbox import php

Source = dict[str, Any]
TAGS = ("UTM_SOURCE", "UTM_MEDIUM", "UTM_CAMPAIGN", "UTM_CONTENT", "UTM_TERM")
TYPES = {"LEAD": 1, "DEAL": 2, "CONTACT": 3, "COMPANY": 4, "QUOTE": 7}
_CHANNELS = {
    "site", "site-domain", "site24", "shop24", "crm-shop", "form", "button", "callback", "mail", "call", "imol",
    "rest", "order", "sales-center", "fb-lead-ads", "vk-lead-ads",
}  # fmt: skip
MAX_PREVIOUS = 5


@dataclass
class Trace:
    """One stored trace; `entities` are [type id, id], `parent` is the trace whose former visit it is."""

    id: int = 0
    parent: int = 0
    source_id: int = 0
    is_mobile: bool = False
    tags: dict[str, Any] = field(default_factory=dict)
    pages: list[dict[str, Any]] = field(default_factory=list)
    channels: list[list[Any]] = field(default_factory=list)
    entities: list[list[int]] = field(default_factory=list)
    previous: list[Trace] = field(default_factory=list)

    def as_golden(self) -> dict[str, Any]:
        """In the golden file's words."""
        return {
            "source_id": self.source_id,
            "is_mobile": self.is_mobile,
            "tags": self.tags,
            "pages": self.pages,
            "has_child": bool(self.previous),
            "channels": self.channels,
            "entities": self.entities,
            "previous_sources": [trace.source_id for trace in self.previous],
        }


def load(text: str, sources: Sequence[Source], sites: dict[str, int], now: int) -> Trace:
    """The trace of a TRACE text. Raises ValueError where it is no JSON, php.TypeStop where PHP stops."""
    return _load(php.decode(text), sources, sites, now)


def _load(data: Any, sources: Sequence[Source], sites: dict[str, int], now: int) -> Trace:
    trace = Trace(is_mobile=php.truthy(php.get(data, "device", "isMobile")))
    trace.tags = _tags(php.get(data, "tags", "list"))
    trace.pages = _pages(php.get(data, "pages", "list"))
    ref, url = _string(php.get(data, "ref")), _string(php.get(data, "url"))
    url = url or (trace.pages[0]["URL"] if trace.pages else "")
    if host := _host(url):
        trace.channels.append(["site", sites[host]] if host in sites else ["site-domain", host])
    for channel in php.items(php.get(data, "channels")):
        code = php.get(channel, "code")
        if isinstance(code, str) and code in _CHANNELS:
            trace.channels.append([code, php.get(channel, "value")])
    trace.source_id = source_of(trace.tags, ref, sources)
    if ref:
        when = trace.pages[0]["DATE_INSERT"] if trace.pages else now
        trace.pages.insert(0, {"URL": ref, "DATE_INSERT": when, "TITLE": _host(ref), "IS_REF": True})
    visits = php.items(php.get(data, "previous", "list"))[-MAX_PREVIOUS:]
    trace.previous = [_load(visit, sources, sites, now) for visit in visits if isinstance(visit, dict)]
    return trace


def source_of(tags: dict[str, Any], ref: str, sources: Sequence[Source]) -> int:
    """The Sales Intelligence source: by utm_source, else by the referrer's host, else 0."""
    for source in sources:
        if tags.get("UTM_SOURCE") in source["UTM_SOURCE"]:
            return int(source["ID"])
    host = _host(ref)
    for source in sources:
        for domain in source["REF_DOMAIN"] if host else []:
            if domain == host or (isinstance(domain, dict) and re.fullmatch(domain["regexp"], host)):
                return int(source["ID"])
    return 0


def _tags(value: Any) -> dict[str, Any]:
    tags: dict[str, Any] = {}
    for key, tag in value.items() if isinstance(value, dict) else ():
        if key.upper() in TAGS and php.truthy(tag):
            if isinstance(tag, (list, dict)):
                raise php.TypeStop("a tag is an array")
            tags[key.upper()] = tag
    return tags


def _pages(value: Any) -> list[dict[str, Any]]:
    pages = []
    for page in php.items(value):
        url = php.get(page, "0")
        if not php.truthy(url):
            continue
        when = php.get(page, "1")
        if when is not None and not php.is_numeric(when):
            raise php.TypeStop("a page's time is no number")
        pages.append({"URL": _string(url), "DATE_INSERT": php.integer(when), "TITLE": php.get(page, "2")})
    return pages


def _string(value: Any) -> str:
    if isinstance(value, (list, dict)) and value:
        raise php.TypeStop("an address is an array")
    return str(value) if php.truthy(value) else ""


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
