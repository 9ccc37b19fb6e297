"""Turns whatever a sender posted into one flat body. Pure.

The general kinds come first and last: names are expanded, JSON in texts is opened, labels are paired with values, and
what no sender claims is recognised by its name alone. A sender's row (`table.py`) only adds what its names do not say.
Each value of the tree ends in the body, or its name is among the noise.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from traces.intake.senders import recognise
from traces.intake.senders.escapes import storable, unescaped
from traces.intake.senders.leaves import Leaf, are_records, leaves_of
from traces.intake.senders.names import is_of_another, joined
from traces.intake.senders.noise import is_secret
from traces.intake.senders.placing import PROBE_NAMES, TRUE, Placing
from traces.intake.senders.posted import FileName, Notes, Posted, word_set
from traces.intake.senders.sender import SECRET, Sender, path_text, place_of
from traces.intake.senders.tracking import is_address, of_query
from traces.intake.senders.tree import grow

MAX_DELIVERY_ID_LENGTH = 150
MAX_ANSWER_LENGTH = 64
_DELIVERY_HEADERS = ("webhook-id", "x-hook-event-id", "x-webhook-event-id", "x-event-id", "x-delivery-id")
_UNKNOWN = ("", "0", "null", "undefined", "none")
_PROBE_VALUES = word_set("test ping webhook.test webhook_test test_event hello webhook test.ping")

Query = Mapping[str, str | list[str]]


def normalise(fields: Any, *, query: Query, headers: Mapping[str, str], files: Iterable[FileName] = ()) -> Posted:
    """One submission as a flat body, whatever names its sender uses; see `Posted`.

    `fields` is the tree that was read from the request's body, `query` the query of the address that it was posted to,
    `headers` its headers, `files` what was uploaded beside the fields. Never raises.
    """
    notes = Notes()
    hints = {name.lower(): value for name, value in headers.items()}
    tree, wrapped_query = recognise.unwrapped(grow(fields, notes), notes)
    sender = recognise.sender_of(tree, hints)
    placing = Placing(sender, notes)
    names, secrets = _place(placing, _leaves(tree, sender, notes))
    for file in files:
        placing.put(file.field or "file", file.filename)
        notes.note("file_left_out")
    asked = {**wrapped_query, **dict(of_query(query))}
    is_probe = (
        placing.is_probe
        or _is_test(placing.body)
        or (placing.is_empty() and not placing.take_query(asked))
        or (sender is not None and recognise.is_probe(sender, tree))
    )
    placing.add_addresses(asked, hints.get("referer", ""))
    body, names = _storable((placing.finished(), names), notes)
    return Posted(
        sender=sender.key if sender else "",
        body=body,
        delivery_id=_delivery_id(sender, placing, hints),
        is_probe=is_probe,
        answer=storable(_answer(sender, asked, is_probe=is_probe)),
        form_id=storable(placing.form_id),
        form_name=storable(placing.form_name),
        repairs=tuple(notes.repairs),
        noise=tuple(notes.noise),
        names=names,
        secrets=secrets,
    )


def _storable(value: Any, notes: Notes) -> Any:
    """What was found in queries and cookies, without the characters that no database takes."""
    found = storable(value)
    if found != value:
        notes.note("characters_replaced")
    return found


def _place(placing: Placing, leaves: Iterable[Leaf]) -> tuple[dict[str, tuple[str, ...]], frozenset[str]]:
    """Put each value in its place; the texts by the sender's own names, and the names of secrets."""
    names: dict[str, dict[str, None]] = {}
    secrets: set[str] = set()
    for leaf in leaves:
        placing.place(leaf)
        if place_of(placing.sender, path_text(leaf.path)) == SECRET or any(map(is_secret, leaf.path)):
            secrets.update(leaf.names())
        elif leaf.own is None:
            for name in leaf.names():
                names.setdefault(name, {})[leaf.text] = None
    return {name: tuple(texts) for name, texts in names.items() if name not in secrets}, frozenset(secrets)


def _leaves(tree: Any, sender: Sender | None, notes: Notes) -> list[Any]:
    """The values of a tree, those of a second person last."""
    if sender and sender.prepare and isinstance(tree, dict):
        tree = sender.prepare(tree, notes)
    if are_records(tree):
        notes.note("records_joined")
    found = leaves_of(tree, notes, brief_goods=bool(sender and "**" in sender.places))
    plain = (_unescaped(leaf, notes) for leaf in found)
    return sorted(plain, key=lambda leaf: is_of_another(leaf.path))


def _unescaped(leaf: Leaf, notes: Notes) -> Leaf:
    """A value as it was typed; addresses, queries and cookies keep their escapes, which belong to them."""
    if leaf.own is not None or "utm" in leaf.text.lower() or is_address(leaf.text):
        return leaf
    text = unescaped(leaf.text)
    if text == leaf.text:
        return leaf
    notes.note("text_unescaped")
    return replace(leaf, text=text.strip())


def _is_test(body: Mapping[str, Any]) -> bool:
    """Whether nothing is said but that this is a test: `{"test": true}`, `{"event": "ping"}`."""
    if len(body) > 4 or not all(joined(key) in PROBE_NAMES for key in body):
        return False
    texts = {joined(key): str(text).lower() for key, text in body.items()}
    return any(
        (key in ("test", "istest", "ping") and text in TRUE) or text in _PROBE_VALUES for key, text in texts.items()
    )


def _answer(sender: Sender | None, query: Mapping[str, str], *, is_probe: bool) -> str:
    """What a sender wants to read; VK, at its probe, the text that it shows to the community's owner."""
    if sender is None:
        return ""
    wanted = query.get(sender.probe_answer_parameter, "") if is_probe else ""
    return _echo(wanted) or sender.answer


def challenge(query: Query) -> str:
    """What Meta and WhatsApp want to read back before they post to an address, or "" for all other visitors."""
    asked = dict(of_query(query))
    return _echo(asked.get("hub.challenge", "")) if asked.get("hub.mode") == "subscribe" else ""


def _echo(text: str) -> str:
    """A sender's own code if it is safe to answer with, else ""."""
    return text if text.isascii() and text.isalnum() and len(text) <= MAX_ANSWER_LENGTH else ""


def _delivery_id(sender: Sender | None, placing: Placing, headers: Mapping[str, str]) -> str:
    """The delivery's id with its sender and form in front, or ""; two forms may count their entries alike."""
    names = (*(sender.delivery_headers if sender else ()), *_DELIVERY_HEADERS)
    candidates = [(name, headers.get(name, "").strip()) for name in names]
    candidates += [(name, text) for _, name, text in sorted(placing.deliveries, key=lambda item: item[0])]
    for name, text in candidates:
        if text.lower() not in _UNKNOWN:
            who = sender.key if sender else "sender"
            whole = ":".join(filter(None, (who, placing.form_id, name, text)))
            if len(whole) <= MAX_DELIVERY_ID_LENGTH and whole.isprintable():
                return whole
            return f"{who}:{hashlib.sha256(whole.encode(errors='replace')).hexdigest()}"
    return ""
