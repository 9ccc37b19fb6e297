"""Faults on demand: what the next requests meet instead of, before or after being served."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_plus

KINDS = (
    "throttle", "operation_time_limit", "expired_token", "error", "html_502", "html_500", "html_403", "html_404",
    "empty", "hang", "close_before", "close_after", "partial_batch", "redirect", "slow",
)  # fmt: skip


@dataclass
class Fault:
    """One scripted fault. `method` and `portal` narrow it (None: any), `containing` to requests whose body has this
    text (as it was typed: percent-encoding and JSON's are read), `after` lets so many matching requests pass.

    Options: `seconds` for hang and slow; `code`, `description`, `status` for error; `url` for redirect;
    `commands` for partial_batch. `probability` below 1 makes it strike at random, `times` = 0 for ever.
    """

    kind: str
    times: int = 1
    method: str | None = None
    portal: str | None = None
    after: int = 0
    options: dict[str, Any] = field(default_factory=dict)
    probability: float = 1.0
    chance: random.Random = field(default_factory=random.Random)
    containing: str = ""

    def strikes(self, method: str, portal: str, body: bytes) -> bool:
        """Whether this request meets the fault; counts it."""
        if self.method not in (None, method) or self.portal not in (None, portal):
            return False
        if self.containing and self.containing not in unquote_plus(body.decode("utf-8", "replace")):
            return False
        if self.after > 0:
            self.after -= 1
            return False
        return self.probability >= 1 or self.chance.random() < self.probability


def _known(kind: str) -> str:
    if kind not in KINDS:
        raise ValueError(f"no such fault: {kind}")
    return kind


class Faults:
    """The script, in the order in which it was written."""

    def __init__(self) -> None:
        self.script: list[Fault] = []
        self.struck: dict[str, int] = {}

    def add(
        self,
        kind: str,
        times: int = 1,
        method: str | None = None,
        portal: str | None = None,
        after: int = 0,
        containing: str = "",
        **options: Any,
    ) -> None:
        """Let the next `times` matching requests meet a fault of this kind."""
        self.script.append(Fault(_known(kind), times, method, portal, after, options, containing=containing))

    def random(self, kind: str, probability: float, seed: int = 0, method: str | None = None, **options: Any) -> None:
        """Let each matching request meet the fault with this probability."""
        chance = random.Random(seed)
        self.script.append(Fault(_known(kind), 0, method, None, 0, options, probability, chance))

    def clear(self) -> None:
        """Forget the script."""
        self.script.clear()

    def take(self, method: str, portal: str, body: bytes = b"") -> Fault | None:
        """The fault that this request meets, if any."""
        for fault in self.script:
            if fault.strikes(method, portal, body):
                if fault.times == 1:
                    self.script.remove(fault)
                fault.times -= fault.times > 0
                self.struck[fault.kind] = self.struck.get(fault.kind, 0) + 1
                return fault
        return None
