"""Which source rule a submission's facts match, and why the others did not. Pure.

The rules are tried in their order and the first that matches decides; the default rule (`any`) is the last, and may
leave alone what is known (`Facts.is_known`). Letter case does not count (`str.casefold`), except in a regular
expression. Nor does `www.` before a host: each host is tried without and with it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fnmatch import translate
from functools import lru_cache

from traces.compose import expressions
from traces.compose.expressions import ExpressionSet
from traces.compose.sources import (
    ANY,
    CLICK_ID,
    CONTAINS,
    EMPTY,
    EQUALS,
    FORM,
    HOSTS,
    REGEX,
    WILDCARD,
    Facts,
    Rule,
    plain_host,
)


class Matcher:
    """Finds the first rule that matches without trying each: the texts of `equals` are looked up, the expressions on
    a field searched for all at once, and of the rest only those before the best match so far are tried, in the fields
    that have a value.

    A portal can have 1,000 rules, and each of its submissions goes through them (docs/benchmarks.md, "Source rules"):
    so a matcher is compiled once and used for many submissions (`traces.setup.rulebook.load`).
    """

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.utm_sources = frozenset(rule.utm_source for rule in rules)
        self._rules = rules
        self._default = self._unknown = len(rules)  # the second decides only where nothing is known
        self._empty: dict[str, int] = {}
        self._equal: dict[str, dict[str, int]] = {}
        self._tests: dict[str, list[tuple[int, Callable[[str], bool]]]] = {}
        self._expressions: dict[str, ExpressionSet] = {}
        for index, rule in enumerate(rules):
            self._add(index, rule)
        for expression_set in self._expressions.values():
            expression_set.compile()
        self._fields = self._equal.keys() | self._tests.keys() | self._expressions.keys()

    def match(self, facts: Facts) -> Rule | None:
        """The first rule that matches."""
        best = self._default if facts.is_known else min(self._default, self._unknown)
        for field, index in self._empty.items():
            if index < best and not texts(field, facts):
                best = index
        for field in self._fields:
            for text in texts(field, facts):
                best = self._first(field, text, best)
        return self._rules[best] if best < len(self._rules) else None

    def _add(self, index: int, rule: Rule) -> None:
        is_host = rule.field in HOSTS
        if rule.field == ANY and rule.also_known:
            self._default = min(self._default, index)
        elif rule.field == ANY:
            self._unknown = min(self._unknown, index)
        elif rule.operator == EMPTY:
            self._empty.setdefault(rule.field, index)
        elif rule.operator == REGEX:
            self._expressions.setdefault(rule.field, ExpressionSet()).add(index, rule.value)
        elif rule.operator == EQUALS:
            self._equal.setdefault(rule.field, {}).setdefault(_folded(rule.value, is_host), index)
        else:
            self._tests.setdefault(rule.field, []).append((index, _test(is_host, rule.operator, rule.value)))

    def _first(self, field: str, text: str, best: int) -> int:
        """The index of the first rule on this field that the text matches, where it is before `best`; else `best`."""
        best = min(best, self._equal.get(field, {}).get(text.casefold(), best))
        if field in self._expressions:
            best = min(best, self._expressions[field].first(text, best))
        for index, test in self._tests.get(field, ()):
            if index >= best:
                break
            if test(text):
                return index
        return best


@dataclass(frozen=True, slots=True)
class Explained:
    """Whether a rule matched and `because` of what (see `explain`); `found` is the value of its field."""

    rule: Rule
    matched: bool
    because: str
    found: str


def explain(rules: Iterable[Rule], facts: Facts) -> tuple[Explained, ...]:
    """Each rule with the reason why it decided or did not.

    The reasons: `matches`, `default` (the default rule decides), `known` (it leaves this alone), `no_value` (its field
    has none), `differs`, `after_match` (an earlier one decided), `unusable` (its expression cannot be read).
    """
    explained: list[Explained] = []
    decided = False
    for rule in rules:
        because = "after_match" if decided else _reason(rule, facts)
        matched = because in ("matches", "default")
        decided = decided or matched
        explained.append(Explained(rule, matched, because, _shown(rule, facts)))
    return tuple(explained)


def _reason(rule: Rule, facts: Facts) -> str:
    """Why a rule matches or not, without regard to those before it."""
    if rule.field == ANY:
        return "default" if rule.also_known or not facts.is_known else "known"
    if agrees(rule, texts(rule.field, facts)):
        return "matches"
    if rule.operator == REGEX and expressions.compiled(rule.value) is None:
        return "unusable"
    if rule.operator == EMPTY:
        return "differs"
    return "differs" if _shown(rule, facts) else "no_value"


def agrees(rule: Rule, found: Sequence[str]) -> bool:
    """Whether one of the texts that were found is as a rule says; a default rule agrees with all."""
    if rule.field == ANY:
        return True
    if rule.operator == EMPTY:
        return not found
    test = _test(rule.field in HOSTS, rule.operator, rule.value)
    return any(map(test, found))


def texts(field: str, facts: Facts) -> list[str]:
    """The texts that a rule on this field is compared with; a host without and with `www.`."""
    if field == ANY:
        return []
    if field == FORM:
        return [text for text in facts.form if text]
    if field == CLICK_ID:
        return [text for text in facts.click_ids if text]
    text: str = getattr(facts, field)
    if not text:
        return []
    return [text, f"www.{text}"] if field in HOSTS else [text]


def _shown(rule: Rule, facts: Facts) -> str:
    if rule.field == ANY:
        return ""
    if rule.field == FORM:
        return facts.form[1] or facts.form[0]
    return ", ".join(facts.click_ids) if rule.field == CLICK_ID else str(getattr(facts, rule.field))


@lru_cache(maxsize=4096)
def _test(is_host: bool, operator: str, value: str) -> Callable[[str], bool]:
    """A function that says whether a text matches a rule with this operator and value."""
    folded = _folded(value, is_host and operator == EQUALS)
    if operator == EQUALS:
        return lambda text: text.casefold() == folded
    if operator == CONTAINS:
        return lambda text: folded in text.casefold()
    if operator == WILDCARD:
        # `*` and `?` alone: a bracket is a letter. What `translate` makes does not backtrack over its stars.
        like = re.compile(translate(folded.replace("[", "[[]"))).match
        return lambda text: like(text.casefold()) is not None
    expression = expressions.compiled(value)
    return lambda text: expression is not None and expression.search(text.encode(errors="replace")) is not None


def _folded(value: str, is_host: bool) -> str:
    """A rule's value as texts are compared with it, letter case aside."""
    folded = value.strip().casefold()
    return plain_host(folded) if is_host else folded
