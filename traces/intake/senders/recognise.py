"""Which sender a body comes from, and whether it only tries the connection."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from itertools import islice
from typing import Any

from traces.intake.senders.posted import Notes
from traces.intake.senders.sender import Sender, fits, has_header, has_shape, path_text
from traces.intake.senders.table import SENDERS
from traces.intake.senders.tree import leaf_text

_MAX_WRAPPINGS = 4
_MAX_DEPTH, _MAX_PATHS = 5, 3000


def unwrapped(tree: Any, notes: Notes) -> tuple[Any, dict[str, str]]:
    """The content of lists of one and of n8n's and Zapier's wrappers, and the query that these contain."""
    query: dict[str, str] = {}
    for _ in range(_MAX_WRAPPINGS):
        if isinstance(tree, list) and len(tree) == 1 and isinstance(tree[0], (dict, list)):
            tree = tree[0]
        elif isinstance(tree, dict) and isinstance(tree.get("body"), dict) and isinstance(tree.get("headers"), dict):
            asked = tree.get("query")
            if isinstance(asked, dict):
                query |= {name: text for name, value in asked.items() if (text := _scalar(value))}
            for name in tree:
                if name != "body":
                    notes.drop(name)
            tree = tree["body"]
        else:
            break
    return tree, query


def _scalar(value: Any) -> str:
    return "" if isinstance(value, (dict, list)) else leaf_text(value)


def sender_of(tree: Any, headers: Mapping[str, str]) -> Sender | None:
    """The sender that claims a tree by its shape, or by a header that only it sends; the first of the table counts."""
    first = _first_by_shape(_paths(tree))
    place = next((place for place in _WITH_HEADERS if place < first and has_header(SENDERS[place], headers)), first)
    place = next((probe for probe in _WITH_PROBES if probe < place and is_probe(SENDERS[probe], tree)), place)
    return SENDERS[place] if place < len(SENDERS) else None


def _first_by_shape(paths: frozenset[str]) -> int:
    """The place in the table of the first sender with such a shape; behind the last one where there is none."""
    is_usual = len(paths) <= _MAX_USUAL_PATHS and sum(map(len, paths)) <= _MAX_USUAL_LENGTH
    return _first_of_usual(paths) if is_usual else _look_for_shape(paths)


def _look_for_shape(paths: frozenset[str]) -> int:
    return next((place for place, sender in enumerate(SENDERS) if has_shape(sender, paths)), len(SENDERS))


# A website's forms have the same fields again and again.
_MAX_USUAL_PATHS, _MAX_USUAL_LENGTH = 200, 4000
_first_of_usual = lru_cache(maxsize=512)(_look_for_shape)
_WITH_HEADERS = [place for place, sender in enumerate(SENDERS) if sender.headers]
_WITH_PROBES = [place for place, sender in enumerate(SENDERS) if sender.probes]


def _paths(tree: Any) -> frozenset[str]:
    """The paths of a tree's values and branches, within bounds, and those inside of a wrapping without it."""
    found: set[str] = set()
    queue: list[tuple[tuple[str, ...], Any, int]] = [((), tree, 0)]
    for path, node, depth in queue:
        if len(queue) > _MAX_PATHS:
            break
        if isinstance(node, list):
            queue.extend((path, item, depth + 1) for item in node[:20] if isinstance(item, (dict, list)))
        elif isinstance(node, dict):
            for key, item in list(node.items())[:400]:
                below = path if key.isdigit() else (*path, key)
                found.add(path_text(below))
                if depth < _MAX_DEPTH and isinstance(item, (dict, list)):
                    queue.append((below, item, depth + 1))
    return frozenset(found)


def is_probe(sender: Sender, tree: Any) -> bool:
    """Whether a tree is one of the sender's probes: an object with these values, and little beside them."""
    if not isinstance(tree, dict) or not sender.probes:
        return False
    items = {key.lower(): item for key, item in islice(tree.items(), 10)}
    return any(
        len(tree) <= (len(probe) + 4 if len(probe) > 1 else 1)
        and all(key in items and fits(value, _scalar(items[key]).lower()) for key, value in probe.items())
        for probe in sender.probes
    )
