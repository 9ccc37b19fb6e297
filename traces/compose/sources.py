"""Which source a submission comes from, by the portal's rules. Pure: the rules and the facts in, a rule out.

A portal's rules are tried in their order and the first that matches decides; the default rule (`any`) is the last.
Letter case does not count (`str.casefold`), except in a regular expression. Nor does `www.` before a host: each
host is tried without and with it. Regular expressions run in RE2, which needs time in proportion to the text
whatever the pattern is (https://github.com/google/re2/wiki/Syntax): it has no look-around and no back references.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import translate
from functools import lru_cache
from typing import Any
from urllib.parse import unquote, urlsplit

import re2

ANY = "any"
FORM, CLICK_ID = "form", "click_id"
HOSTS = ("referrer", "page_host")
FIELDS = (
    *(FORM, "source", "source_id", "utm_source", "utm_medium", "utm_campaign"),
    *("referrer", "page_host", "page_path", CLICK_ID, ANY),
)
EQUALS, CONTAINS, WILDCARD, REGEX = "equals", "contains", "wildcard", "regex"
HOWS = (EQUALS, CONTAINS, WILDCARD, REGEX)
# What says where a visitor came from; a value that no rule takes is worth showing to the administrator.
TELLING = ("source", "source_id", "utm_source", "referrer")

MAX_LENGTH = 200
MAX_FACT_LENGTH = 255
MAX_PATH_LENGTH = 2048
# Bytes that one expression may fill with its automaton, and how many expressions a process keeps.
REGEX_MEMORY = 1 << 20
# The same for all expressions on a field together.
SET_MEMORY = 1 << 24
REGEXES = 256


@dataclass(frozen=True, slots=True)
class Rule:
    """Where `field` is as `how` and `value` say, the rest is what the submission gets; an empty part changes nothing.

    `utm_source` is a text that the portal's Sales Intelligence knows, `crm_source` a STATUS_ID of the CRM's
    directory of sources.
    """

    id: int
    field: str
    how: str
    value: str
    utm_source: str = ""
    crm_source: str = ""
    crm_description: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of where a submission comes from; "" is nothing.

    `form` holds its key and its name: a rule may give either. The hosts are without `www.` and port, in their own
    letters (not xn--), the path without percent signs. `click_ids` are the names of those that came, as `gclid`.
    """

    form: tuple[str, str] = ("", "")
    source: str = ""
    source_id: str = ""
    utm_source: str = ""
    utm_medium: str = ""
    utm_campaign: str = ""
    referrer: str = ""
    page_host: str = ""
    page_path: str = ""
    click_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Explained:
    """Whether a rule matched and `because` of what (see `explain`); `found` is what came in its field."""

    rule: Rule
    matched: bool
    because: str
    found: str


def facts(
    form_key: str,
    form_name: str,
    body: Mapping[str, Any],
    trace: Mapping[str, Any],
    source_id: str = "",
    click_ids: Iterable[str] = (),
) -> Facts:
    """The facts of a submission from its posted fields and its clean trace (`traces.compose.trace`).

    The page is the trace's `url`, or else the newest of its pages.
    """
    tags = (trace.get("tags") or {}).get("list") or {}
    page = trace.get("url") or _newest((trace.get("pages") or {}).get("list") or [])
    host, path = _address(page)
    return Facts(
        form=(form_key, form_name),
        source=_text(next((value for name, value in body.items() if name.lower() == "source"), "")),
        source_id=_text(source_id),
        utm_source=_text(tags.get("utm_source")),
        utm_medium=_text(tags.get("utm_medium")),
        utm_campaign=_text(tags.get("utm_campaign")),
        referrer=_address(trace.get("ref", ""))[0],
        page_host=host,
        page_path=path,
        click_ids=tuple(_text(name) for name in click_ids),
    )


@lru_cache(maxsize=64)
def matcher(rules: tuple[Rule, ...]) -> Matcher:
    """The matcher for a portal's rules, kept as long as they stay the same."""
    return Matcher(rules)


class Matcher:
    """Finds the first rule that matches without looking at each: what must be equal is looked up, and of the rest only
    what is before the best one so far, in the fields that came, is tried.
    """

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = rules
        self._equal: dict[str, dict[str, int]] = {}
        self._tests: dict[str, list[tuple[int, Callable[[str], bool]]]] = {}
        self._regexes: dict[str, _Regexes] = {}
        self._default = len(rules)
        for index, rule in enumerate(rules):
            if rule.field == ANY:
                self._default = min(self._default, index)
            elif rule.how == REGEX:
                self._regexes.setdefault(rule.field, _Regexes()).add(index, rule.value)
            elif rule.how == EQUALS:
                self._equal.setdefault(rule.field, {}).setdefault(_folded(rule.value, rule.field in HOSTS), index)
            else:
                self._tests.setdefault(rule.field, []).append((index, _test(rule.field in HOSTS, rule.how, rule.value)))

        for regexes in self._regexes.values():
            regexes.compile()

    def __call__(self, facts: Facts) -> Rule | None:
        """The first rule that matches."""
        best = self._default
        for field in self._equal.keys() | self._tests.keys() | self._regexes.keys():
            for text in _texts(field, facts):
                best = min(best, self._equal.get(field, {}).get(text.casefold(), best))
                if field in self._regexes:
                    best = min(best, self._regexes[field].first(text, best))
                for index, test in self._tests.get(field, ()):
                    if index >= best:
                        break
                    if test(text):
                        best = index
        return self._rules[best] if best < len(self._rules) else None


class _Regexes:
    """The regular expressions on one field, looked for all at once."""

    def __init__(self) -> None:
        self._all = re2.Set.SearchSet(_options(SET_MEMORY))
        self._single: list[tuple[int, Any]] = []

    def add(self, index: int, value: str) -> None:
        """One more, of the rule with this index; one that cannot be read never matches."""
        if (regex := _regex(value)) is not None:
            self._all.Add(value.encode(errors="replace"))
            self._single.append((index, regex))

    def compile(self) -> None:
        """To be called when all are there."""
        self._all.Add(b"")  # is found everywhere: where it is not, the set has run out of memory and says nothing
        self._all.Compile()

    def first(self, text: str, best: int) -> int:
        """The lowest index whose expression is found in the text, or `best`."""
        encoded = text.encode(errors="replace")
        found = set(self._all.Match(encoded))
        if len(self._single) in found:
            return min((self._single[place][0] for place in found if place < len(self._single)), default=best)
        return next((index for index, regex in self._single if regex.search(encoded) is not None), best)


def match(rules: Iterable[Rule], facts: Facts) -> Rule | None:
    """The first rule that matches, each looked at in turn."""
    return next((rule for rule in rules if _matches(rule, facts)), None)


def explain(rules: Iterable[Rule], facts: Facts) -> tuple[Explained, ...]:
    """Each rule with the reason why it decided or did not.

    The reasons: `matches`, `default` (it always does), `no_value` (nothing came in its field), `differs`,
    `after_match` (an earlier one decided), `unusable` (its expression cannot be read).
    """
    explained: list[Explained] = []
    decided = False
    for rule in rules:
        found = _shown(rule, facts)
        if decided:
            because = "after_match"
        elif decided := _matches(rule, facts):
            because = "default" if rule.field == ANY else "matches"
        elif rule.how == REGEX and _regex(rule.value) is None:
            because = "unusable"
        else:
            because = "differs" if found else "no_value"
        explained.append(Explained(rule, because in ("matches", "default"), because, found))
    return tuple(explained)


def unmatched(rule: Rule | None, facts: Facts, known_sources: Collection[str]) -> tuple[tuple[str, str], ...]:
    """What came, as (field, value), where no rule but a default one took the submission; `rule` is what `match` found.

    `known_sources` are the values of utm_source that the portal finds a source by itself, letter case included:
    with one of them nothing is left to tell. A value has at most `MAX_LENGTH` characters.
    """
    if (rule and rule.field != ANY) or (facts.utm_source and facts.utm_source in known_sources):
        return ()
    came = [(field, getattr(facts, field)) for field in TELLING] + [(CLICK_ID, name) for name in facts.click_ids]
    return tuple(dict.fromkeys((field, value[:MAX_LENGTH]) for field, value in came if value))


def place(rules: Sequence[Rule], rule: Rule, position: int | None = None) -> int:
    """Where (from 0) to insert a new rule: at a position (from 1) or at the end, but never behind a default rule."""
    if rule.field == ANY:
        return len(rules)
    last = next((index for index, other in enumerate(rules) if other.field == ANY), len(rules))
    return last if position is None else min(max(position, 1) - 1, last)


# Why a rule cannot be stored; in words in `traces.sentences`.
FIELD_UNKNOWN = "field_unknown"
HOW_UNKNOWN = "how_unknown"
VALUE_MISSING = "value_missing"
RESULT_MISSING = "result_missing"
TOO_LONG = "too_long"
NOT_PRINTABLE = "not_printable"
NOT_A_HOST = "not_a_host"
NOT_A_PATH = "not_a_path"
NOT_A_REGEX = "not_a_regex"
FAULTS = (
    FIELD_UNKNOWN,
    HOW_UNKNOWN,
    VALUE_MISSING,
    RESULT_MISSING,
    TOO_LONG,
    NOT_PRINTABLE,
    NOT_A_HOST,
    NOT_A_PATH,
    NOT_A_REGEX,
)


def fault(rule: Rule) -> str:
    """Why a rule cannot be stored, one of `FAULTS`, or "" where it can."""
    texts = (rule.value, rule.utm_source, rule.crm_source, rule.crm_description)
    if rule.field not in FIELDS:
        return FIELD_UNKNOWN
    if rule.how not in HOWS:
        return HOW_UNKNOWN
    if any(len(text) > MAX_LENGTH for text in texts):
        return TOO_LONG
    if not all(text.isprintable() for text in texts):
        return NOT_PRINTABLE
    if not rule.utm_source.strip() and not rule.crm_source.strip():
        return RESULT_MISSING
    return "" if rule.field == ANY else _fault_of_value(rule)


def _fault_of_value(rule: Rule) -> str:
    value = rule.value.strip()
    if not value:
        return VALUE_MISSING
    if rule.how == REGEX:
        return NOT_A_REGEX if _regex(rule.value) is None else ""
    if rule.field in HOSTS and "/" in value:
        return NOT_A_HOST
    # One that cannot match is a mistake; a wildcard may stand for the slash.
    begins = {EQUALS: "/", WILDCARD: "/*?"}.get(rule.how)
    if rule.field == "page_path" and begins and (value[0] not in begins or (rule.how == EQUALS and "?" in value)):
        return NOT_A_PATH
    return ""


def _matches(rule: Rule, facts: Facts) -> bool:
    if rule.field == ANY:
        return True
    test = _test(rule.field in HOSTS, rule.how, rule.value)
    return any(test(text) for text in _texts(rule.field, facts))


def _texts(field: str, facts: Facts) -> list[str]:
    """What a rule on this field is compared with; a host without and with `www.`."""
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
def _test(host: bool, how: str, value: str) -> Callable[[str], bool]:
    """Whether a text is as a rule says."""
    folded = value.strip().casefold()
    if how == EQUALS:
        equal = _folded(value, host)
        return lambda text: text.casefold() == equal
    if how == CONTAINS:
        return lambda text: folded in text.casefold()
    if how == WILDCARD:
        # `*` and `?` alone: a bracket is a letter. What `translate` makes does not backtrack over its stars.
        like = re.compile(translate(folded.replace("[", "[[]"))).match
        return lambda text: like(text.casefold()) is not None
    regex = _regex(value)
    return lambda text: regex is not None and regex.search(text.encode(errors="replace")) is not None


def _folded(value: str, host: bool) -> str:
    """What a text must be equal to, letter case aside."""
    folded = value.strip().casefold()
    return _plain_host(folded) if host else folded


@lru_cache(maxsize=REGEXES)
def _regex(value: str) -> Any:
    """The compiled expression, or None where it cannot be read or is too large."""
    try:
        return re2.compile(value.encode(errors="replace"), _options(REGEX_MEMORY))
    except re2.error:
        return None


def _options(memory: int) -> Any:
    options = re2.Options()
    options.max_mem = memory
    options.never_capture = True
    options.log_errors = False
    return options


def _newest(pages: Sequence[Sequence[Any]]) -> str:
    """The address of the latest page of a clean trace, `[url, unix seconds, title]` each; the last of equal ones."""
    return max(reversed(pages), key=lambda page: page[1])[0] if pages else ""


def _address(url: str) -> tuple[str, str]:
    """Host and path of an address, as `Facts` has them."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return "", ""
    return _text(_plain_host(host)), _text(unquote(parts.path) or "/", MAX_PATH_LENGTH) if host else ""


def _plain_host(host: str) -> str:
    """Without `www.` and the root's dot, and in its own letters where it is written as xn--."""
    host = host.lower().rstrip(".").removeprefix("www.")
    if "xn--" in host:
        try:
            return host.encode().decode("idna")
        except UnicodeError:
            pass
    return host


def _text(value: Any, longest: int = MAX_FACT_LENGTH) -> str:
    """A visitor's text as it can be stored: trimmed, short, without NUL and half surrogate pairs."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        return ""
    text = value.strip()[:longest]
    if "\0" in text or not text.isascii():
        text = text.replace("\0", "\ufffd").encode(errors="replace").decode()
    return text
