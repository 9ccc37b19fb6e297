"""Administrators' regular expressions, run by RE2. Pure.

RE2 needs time in proportion to the text whatever the pattern is, so that no expression can stop a worker; it has no
look-around and no back references (https://github.com/google/re2/wiki/Syntax).
"""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import Any

import re2

# Bytes that one expression may fill with its automaton, and how many expressions a process keeps.
MAX_MEMORY = 1 << 20
MAX_COMPILED = 256
# Bytes for all expressions of a set together.
MAX_SET_MEMORY = 1 << 24


@lru_cache(maxsize=MAX_COMPILED)
def compiled(pattern: str) -> Any:
    """The compiled expression, which searches bytes; None if it cannot be read or is too large."""
    try:
        return re2.compile(pattern.encode(errors="replace"), _options(MAX_MEMORY))
    except re2.error:
        return None


class ExpressionSet:
    """Numbered expressions that are searched for all at once, in one pass over the text."""

    def __init__(self) -> None:
        self._all = re2.Set.SearchSet(_options(MAX_SET_MEMORY))
        self._patterns: list[tuple[int, str]] = []
        self._fits = True

    def add(self, number: int, pattern: str) -> None:
        """Add an expression; one that cannot be read never matches."""
        try:
            self._all.Add(pattern.encode(errors="replace"))
        except re2.error:
            return
        self._patterns.append((number, pattern))

    def compile(self) -> None:
        """To be called once, after the last `add`."""
        self._all.Add(b"")  # matches every text: where it does not, the set ran out of memory and its answer is void
        try:
            self._all.Compile()
        except re2.error:
            self._fits = False  # together they are too large for a set

    def first(self, text: str, default: int) -> int:
        """The number of the first expression added that occurs in the text, or `default`."""
        encoded = text.encode(errors="replace")
        places = set(self._all.Match(encoded)) if self._fits else set()
        if len(self._patterns) in places:
            places.remove(len(self._patterns))
            return min((self._patterns[place][0] for place in places), default=default)
        return next((number for number, single in self._single if single.search(encoded) is not None), default)

    @cached_property
    def _single(self) -> list[tuple[int, Any]]:
        """The expressions one by one: compiling them takes much longer than the set, which usually does without."""
        singles = ((number, compiled(pattern)) for number, pattern in self._patterns)
        return [(number, single) for number, single in singles if single is not None]


def _options(memory: int) -> Any:
    options = re2.Options()
    options.max_mem = memory
    options.never_capture = True
    options.log_errors = False
    return options
