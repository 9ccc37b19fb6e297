"""A sender as data: how it is recognised, and where its body has what.

A path is written with slashes (`form_response/hidden`), in lower case and without the numbers of lists. `*` stands
for any letters of one part, `**` at the end for everything below; `**` alone makes noise of all the rest, for records
of a hundred fields. A `place` says what becomes of a value: a key of the flat body (`first_name`, `phone`, `page_url`
…) or one of the names below.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import re2

from traces.intake.senders.posted import Notes

NOISE = "(noise)"  # known to be of no use in the CRM
SECRET = "(secret)"  # never stored
BY_VALUE = "(by value)"  # the name says nothing; the value may
GENERAL = "(by its name)"  # as if no sender had claimed the body
OWN_NAME = "(own name)"  # stays, under a readable name, whatever its name looks like
COOKIES = "(cookies)"  # holds UTM fields, and nothing else of use
DELIVERY = "(delivery id)"
FORM_ID = "(form id)"
FORM_NAME = "(form name)"
PROBE = "(probe)"  # where this is true, somebody tries the connection
MAX_PATH_LENGTH = 400


@dataclass(frozen=True, slots=True)
class Sender:
    """One product that posts forms, leads or orders."""

    key: str
    name: str  # shown to people
    # It is recognised by one of these sets of paths: all of a set are there.
    shapes: tuple[tuple[str, ...], ...] = ()
    # … or by a header that only it sends, by the name's beginning.
    headers: tuple[str, ...] = ()
    # What becomes of the values at these paths; the first that fits counts.
    places: Mapping[str, str] = field(default_factory=dict)
    # Headers with the delivery's own id.
    delivery_headers: tuple[str, ...] = ()
    # Bodies that only try the connection: these paths have these values and nothing else stands there.
    probes: tuple[Mapping[str, str], ...] = ()
    # What it wants to read in answer, "" if any 2xx will do; a probe may want what a parameter of the address says.
    answer: str = ""
    probe_answer_parameter: str = ""
    # What a table cannot say: makes another tree of a tree.
    prepare: Callable[[dict[str, Any], Notes], Any] | None = None


def path_text(path: tuple[str, ...]) -> str:
    """A path as the table writes it."""
    parts = (part.replace("/", " ") for part in path if part)
    return "/".join(parts).lower()[:MAX_PATH_LENGTH]


@lru_cache(maxsize=2048)
def _pattern(text: str) -> Any:
    body, below = (text[:-3], "(/.*)?") if text.endswith("/**") else (text, "")
    return re2.compile("[^/]*".join(re2.escape(part) for part in body.split("*")) + below)


def fits(pattern: str, path: str) -> bool:
    """Whether a path is the one that a pattern of the table names."""
    if "*" not in pattern or pattern == "**":
        return pattern in (path, "**")
    start = pattern.partition("*")[0].rstrip("/")
    return path.startswith(start) and _pattern(pattern).fullmatch(path) is not None


def place_of(sender: Sender | None, path: str) -> str:
    """The place of the value at a path by the sender's table, or "" if it has none."""
    if sender is None:
        return ""
    if place := sender.places.get(path):
        return place
    for pattern, place in sender.places.items():
        if "*" in pattern and fits(pattern, path):
            return place
    return ""


def has_shape(sender: Sender, paths: frozenset[str]) -> bool:
    """Whether a tree with these paths is one of the sender's."""
    return any(all(_is_there(path, paths) for path in shape) for shape in sender.shapes)


def _is_there(pattern: str, paths: frozenset[str]) -> bool:
    if "*" not in pattern:
        return pattern in paths
    return any(fits(pattern, path) for path in paths)


def has_header(sender: Sender, headers: Mapping[str, str]) -> bool:
    """Whether one of the headers (in lower case) is used by this sender alone."""
    return any(name.startswith(sender.headers) for name in headers) if sender.headers else False
