"""The receipt that a batch leaves on the portal, to learn later what became of it. Pure.

A batch begins by writing a mark into an option of the application and ends by writing its results there. If the
answer was lost, the option has the results. The portal reads all options of a set, changes one and writes
them all back, so of two batches that write into one set at once, one is lost (`b24app.portal.receipt_slots` keeps them
apart). Each writes into its own option: a slot is an option set and a number of the option in it. Source:
`user.option.set` and `app.option.set` in Bitrix24's documentation; what a reference in a text becomes, and the
overwriting, is checked behaviour of the server (fact sheet on verified behaviour).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from b24app.api.batch import Command

# The options of the user whose token it is; those of the application, which only an administrator may change.
OPTION_SETS = ("user.option", "app.option")
MARK_KEY, RECEIPT_KEY = "mark", "receipt"


def slot_of(option_set: int, *, option: int) -> int:
    """The slot for an option of an option set: slots 0 and 1 are in different sets, as are 2 and 3."""
    return option_set + len(OPTION_SETS) * option


def option_set_of(slot: int) -> int:
    """The number of the option set that a slot is in."""
    return slot % len(OPTION_SETS)


def _option(slot: int) -> str:
    return f"trace_relay_receipt_{slot // len(OPTION_SETS)}"


def mark(slot: int, batch_id: str) -> Command:
    """The first command of a batch: "it has begun"."""
    return _write(slot, f"{batch_id} begun")


def receipt(slot: int, batch_id: str, keys: Sequence[str]) -> Command:
    """The last command of a batch: the results of the commands with these keys, which must be numbers.

    A reference reaches to the next white space; one to a command that failed stays as it is written.
    """
    return _write(slot, " ".join([batch_id, "done", *(f"$result[{key}]" for key in keys)]))


def _write(slot: int, text: str) -> Command:
    return Command(f"{OPTION_SETS[option_set_of(slot)]}.set", {"options": {_option(slot): text}})


def question(slot: int) -> Command:
    """The call that reads what the last batch of a slot has left."""
    return Command(f"{OPTION_SETS[option_set_of(slot)]}.get", {"option": _option(slot)})


def has_begun(text: Any, batch_id: str) -> bool:
    """Whether the text was left by this batch."""
    return isinstance(text, str) and text.split(" ")[0] == batch_id


def read(text: Any, batch_id: str, keys: Sequence[str]) -> dict[str, int] | None:
    """The results in a receipt of this batch, by key, without those that failed; None if it is no such receipt.

    No receipt never means that nothing was done: the batch may have been cut off, or its writing lost.
    """
    if not has_begun(text, batch_id):
        return None
    words = text.split(" ")[1:]
    if words[:1] != ["done"] or len(words) != len(keys) + 1:
        return None
    return {key: int(word) for key, word in zip(keys, words[1:], strict=True) if re.fullmatch(r"[0-9]{1,18}", word)}
