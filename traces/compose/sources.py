"""Source rules, and the facts of a submission that they look at; which of them matches is `matching`. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from traces.compose import expressions

ANY = "any"
FORM, CLICK_ID = "form", "click_id"
HOSTS = ("referrer", "page_host")
FIELDS = (
    *(FORM, "form_name", "form_id", "source", "source_id", "utm_source", "utm_medium", "utm_campaign"),
    *("referrer", "page_host", "page_path", CLICK_ID, ANY),
)
EQUALS, CONTAINS, WILDCARD, REGEX, EMPTY = "equals", "contains", "wildcard", "regex", "empty"
OPERATORS = (EQUALS, CONTAINS, WILDCARD, REGEX, EMPTY)
# What says where a visitor came from; a value that no rule takes is worth showing to the administrator.
TELLING = ("source", "source_id", "utm_source", "referrer")

MAX_LENGTH = 200
MAX_FACT_LENGTH = 255
MAX_PATH_LENGTH = 2048


@dataclass(frozen=True, slots=True)
class Rule:
    """If `field` matches by `operator` and `value`, the submission gets the rest; an empty part changes nothing.

    `utm_source` is a text that the portal's Sales Intelligence knows, `crm_source` a STATUS_ID of the CRM's
    directory of sources. `also_known` is for a default rule (`any`): whether it also matches visitors whose
    source is known (`Facts.is_known`). A rule that is not `active` never matches: the matcher does not get it.
    """

    id: int
    field: str
    operator: str
    value: str
    utm_source: str = ""
    crm_source: str = ""
    crm_description: str = ""
    also_known: bool = True
    active: bool = True
    position: int = 0  # among the portal's rules; 0 is none yet


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known about a submission's origin; "" is nothing.

    `form` holds its key and its name: a rule may give either. `form_name` and `form_id` are what the sender calls its
    own form. The hosts are without `www.` and port, in their own
    letters (not xn--), the path without percent signs. `click_ids` are the names of those that came, as `gclid`.
    """

    form: tuple[str, str] = ("", "")
    form_name: str = ""
    form_id: str = ""
    source: str = ""
    source_id: str = ""
    utm_source: str = ""
    utm_medium: str = ""
    utm_campaign: str = ""
    referrer: str = ""
    page_host: str = ""
    page_path: str = ""
    click_ids: tuple[str, ...] = ()

    @property
    def is_known(self) -> bool:
        """Whether the visitor brought a utm_source or came from another website than the form's own."""
        return bool(self.utm_source) or self.referrer not in ("", self.page_host)


def facts(
    form_key: str,
    form_name: str,
    body: Mapping[str, Any],
    trace: Mapping[str, Any],
    source_id: str = "",
    click_ids: Iterable[str] = (),
    sender_form: tuple[str, str] = ("", ""),
) -> Facts:
    """The facts of a submission from its posted fields and its clean trace (`traces.compose.trace`).

    The page is the trace's `url`, or else the newest of its pages; `sender_form` is the name and the id that the sender
    gives its own form.
    """
    tags = (trace.get("tags") or {}).get("list") or {}
    page = trace.get("url") or _newest((trace.get("pages") or {}).get("list") or [])
    host, path = _address(page)
    return Facts(
        form=(form_key, form_name),
        form_name=_text(sender_form[0]),
        form_id=_text(sender_form[1]),
        source=_text(next((value for name, value in body.items() if name.lower() == "source"), "")),
        source_id=_text(source_id),
        utm_source=_text(tags.get("utm_source")),
        utm_medium=_text(tags.get("utm_medium")),
        utm_campaign=_text(tags.get("utm_campaign")),
        referrer=host_of(trace.get("ref", "")),
        page_host=host,
        page_path=path,
        click_ids=tuple(_text(name) for name in click_ids),
    )


def host_of(url: str) -> str:
    """The host of an address, as `Facts` has it; "" if there is none."""
    return _address(url)[0]


def plain_host(host: str) -> str:
    """A host without `www.` and the root's dot, and in its own letters where it is written as xn--."""
    host = host.lower().rstrip(".").removeprefix("www.")
    if "xn--" in host:
        try:
            return host.encode().decode("idna")
        except UnicodeError:
            pass
    return host


def unmatched(rule: Rule | None, facts: Facts, known_sources: Collection[str]) -> tuple[tuple[str, str], ...]:
    """The submitted (field, value) if no rule but a default one matched; `rule` is the result of `match`.

    `known_sources` are the values of utm_source that the portal finds a source by itself, letter case included:
    with one of them there is nothing to report. A value has at most `MAX_LENGTH` characters.
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
OPERATOR_UNKNOWN = "operator_unknown"
VALUE_MISSING = "value_missing"
RESULT_MISSING = "result_missing"
TOO_LONG = "too_long"
NOT_PRINTABLE = "not_printable"
NOT_A_HOST = "not_a_host"
NOT_A_PATH = "not_a_path"
NOT_A_REGEX = "not_a_regex"
FAULTS = (
    FIELD_UNKNOWN,
    OPERATOR_UNKNOWN,
    VALUE_MISSING,
    RESULT_MISSING,
    TOO_LONG,
    NOT_PRINTABLE,
    NOT_A_HOST,
    NOT_A_PATH,
    NOT_A_REGEX,
)


def fault(rule: Rule) -> str:
    """Why a rule cannot be stored, one of `FAULTS`, or "" if it can."""
    texts = (rule.value, rule.utm_source, rule.crm_source, rule.crm_description)
    if rule.field not in FIELDS:
        return FIELD_UNKNOWN
    if rule.operator not in OPERATORS:
        return OPERATOR_UNKNOWN
    if any(len(text) > MAX_LENGTH for text in texts):
        return TOO_LONG
    if not all(text.isprintable() for text in texts):
        return NOT_PRINTABLE
    if not rule.utm_source.strip() and not rule.crm_source.strip():
        return RESULT_MISSING
    if rule.field == FORM and rule.operator == EMPTY:  # it always has one
        return OPERATOR_UNKNOWN
    return "" if without_value(rule.field, rule.operator) else _fault_of_value(rule)


def in_words(rule: Rule) -> str:
    """What a rule looks for, in the words of the commands: `source equals "Fair"`."""
    if rule.field == ANY:
        return ANY if rule.also_known else f"{ANY} unknown"
    return f"{rule.field} {EMPTY}" if rule.operator == EMPTY else f'{rule.field} {rule.operator} "{rule.value}"'


def without_value(field: str, operator: str) -> bool:
    """Whether a rule on this field with this operator looks for no value."""
    return field == ANY or operator == EMPTY


def _fault_of_value(rule: Rule) -> str:
    value = rule.value.strip()
    if not value:
        return VALUE_MISSING
    if rule.operator == REGEX:
        return NOT_A_REGEX if expressions.compiled(rule.value) is None else ""
    if rule.field in HOSTS and "/" in value:
        return NOT_A_HOST
    # One that cannot match is a mistake; a wildcard may stand for the slash.
    begins = {EQUALS: "/", WILDCARD: "/*?"}.get(rule.operator)
    if rule.field == "page_path" and begins and (value[0] not in begins or (rule.operator == EQUALS and "?" in value)):
        return NOT_A_PATH
    return ""


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
    return _text(plain_host(host)), _text(unquote(parts.path) or "/", MAX_PATH_LENGTH) if host else ""


def _text(value: Any, max_length: int = MAX_FACT_LENGTH) -> str:
    """A visitor's text as it can be stored: trimmed, short, without NUL and half surrogate pairs."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        return ""
    text = value.strip()[:max_length]
    if "\0" in text or not text.isascii():
        text = text.replace("\0", "\ufffd").encode(errors="replace").decode()
    return text
