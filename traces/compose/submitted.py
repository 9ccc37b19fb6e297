"""What a visitor has typed, out of all that a form sends: each text by its name. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import re2

# A field that no person sees in a form, so that whoever fills it in is a program (`traces.intake.spam`): its name in
# older codes, and those that a form's own begins with, which looks like any other's.
HONEYPOT = "website_confirm"
_HONEYPOT_WORDS = ("weblink", "homepage", "siteurl", "pagelink")
_HONEYPOTS = HONEYPOT + "|(?:" + "|".join(_HONEYPOT_WORDS) + ")_[0-9a-f]{6}"

# Where a body keeps what the form's mapping names as the sender does (`traces.intake.raw_names`).
NAMES = "_names"

# What forms send for themselves, and what this product takes by itself.
_CONTROL = re2.compile(
    r"action|submit|sessid|ajax|lang"  # a person's own question begins with a capital letter
    r"|(?i:trace|entities|utm_\w+|page_url|referrer|source|_\w*|form_?id|post_id|queried_id|tranid"
    r"|referer_title|gform_\w+|is_submit_\w+|state_\d+|[\w-]*(?:csrf|captcha|token|nonce|honeypot|password)[\w-]*"
    r"|tildaspec-\S*|form-spec-comments|wpforms\[\w+\].*|" + _HONEYPOTS + ")"
)
_HONEYPOT = re2.compile(_HONEYPOTS)
_VISITORS = ("wpforms[fields]", "tildaspec-phone", "_replyto")


def honeypot_of(form_key: str) -> str:
    """The name of the field that no person sees in this form: a program cannot know it from another form."""
    digest = hashlib.sha256(form_key.encode()).hexdigest()
    return f"{_HONEYPOT_WORDS[int(digest[6:8], 16) % len(_HONEYPOT_WORDS)]}_{digest[:6]}"


def is_honeypot(name: str) -> bool:
    """Whether a field has a name that is given to those only that no person sees."""
    return bool(_HONEYPOT.fullmatch(name.encode(errors="replace").decode()))


def submitted_values(body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The texts that a visitor has sent, by name; nested ones as `form_fields[name]`. Control fields are left out."""
    for name, text in _flat(body):
        if text and not _is_control(name):
            yield name, text


def _flat(body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """All texts in their order. A nested tree is walked without recursion, since a stranger says how deep it is."""
    left: list[tuple[str, Any]] = [(str(key), item) for key, item in body.items() if not _is_control(str(key))]
    left.reverse()
    while left:
        name, value = left.pop()
        if isinstance(value, Mapping):
            left.extend((f"{name}[{key}]", item) for key, item in reversed(list(value.items())))
        elif isinstance(value, list):
            left.extend((name, item) for item in reversed(value))
        elif isinstance(value, bool):
            yield name, str(value).lower()
        elif isinstance(value, (str, int, float)):
            yield name, _text(value)


def _text(value: str | int | float) -> str:
    """A value as it was written: a number that came as 79000000108.0 too."""
    return str(int(value) if isinstance(value, float) and value.is_integer() else value).strip()


def _is_control(name: str) -> bool:
    return _is_usual_control(name) if len(name) <= _MAX_USUAL_LENGTH else _looks_like_control(name)


def _looks_like_control(name: str) -> bool:
    written = name.encode(errors="replace").decode()
    return bool(_CONTROL.fullmatch(written)) and not written.lower().startswith(_VISITORS)


# A website's forms have the same names again and again.
_MAX_USUAL_LENGTH = 100
_is_usual_control = lru_cache(maxsize=4096)(_looks_like_control)
