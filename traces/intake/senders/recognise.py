"""Which sender a body comes from, and whether it only tries the connection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from traces.intake.senders.posted import Notes
from traces.intake.senders.sender import Sender, fits, has_header, has_shape, path_text
from traces.intake.senders.table import SENDERS
from traces.intake.senders.tree import leaf_text

_MAX_WRAPPINGS = 4
_MAX_DEPTH, _MAX_PATHS = 5, 3000


def unwrapped(tree: Any, notes: Notes) -> tuple[Any, dict[str, str]]:
    """What stands inside of lists of one and of n8n's and Zapier's wrappings, and the query that they tell of."""
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
    paths = _paths(tree)
    for sender in SENDERS:
        if has_header(sender, headers) or has_shape(sender, paths) or is_probe(sender, tree):
            return sender
    return None


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
    texts = {key.lower(): _scalar(item).lower() for key, item in list(tree.items())[:10]}
    return any(
        len(tree) <= (len(probe) + 4 if len(probe) > 1 else 1)
        and all(key in texts and fits(value, texts[key]) for key, value in probe.items())
        for probe in sender.probes
    )
