"""What a submission is found by on the administrator's page: a short text beside it, and the source it was sent with.

Both stand in one index with the time of arrival, so that looking through 100,000 submissions reads none of them. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from traces.compose.sources import Facts
from traces.compose.visitor import Visitor

MAX_LENGTH = 300
MAX_SOURCE_LENGTH = 255
UTM_SOURCE, REFERRER, DIRECT = "utm_source", "referrer", "direct"
# What an administrator may look for: so many words, the rest is left out.
MAX_WORDS = 8
_PHONE = re.compile(r"[+\d\s().-]+")
_FEWEST_DIGITS, _FEWEST_OF_PHONE, _MAX_PHONE_LENGTH = 4, 6, 15


def text_of(visitor: Visitor, trace: Mapping[str, Any]) -> str:
    """The visitor's values and the tags of the clean trace, in small letters, at most `MAX_LENGTH` characters.

    A phone number stands there a second time in its digits alone, so that it is found however it is written.
    """
    tags = (trace.get("tags") or {}).get("list") or {}
    digits = [digits for phone in visitor.phones if (digits := "".join(filter(str.isdigit, phone))) != phone]
    parts = [visitor.full_name, *visitor.phones, *digits, *visitor.emails, visitor.company, *tags.values()]
    parts += [visitor.comments, *(value for _, value in visitor.rest)]
    return folded(" ".join(filter(None, parts)))[:MAX_LENGTH]


def folded(text: str) -> str:
    """A text as it is compared: letter case and the width of spaces do not count."""
    return " ".join(text.casefold().split())


def wanted(text: str) -> list[tuple[str, ...]]:
    """What must occur for a text that somebody looks for: one of each tuple.

    Each word must occur; digits are found also where they are written in another way, as phone numbers are.
    """
    whole = folded(text)
    digits = _digits(whole)
    if _PHONE.fullmatch(whole) and _FEWEST_OF_PHONE <= len(digits) <= _MAX_PHONE_LENGTH:
        # Within a country one writes 8 or 0 where +7 or +49 stands for the world.
        national = digits[1:] if whole[0] in "+80" and len(digits) > _FEWEST_OF_PHONE else digits
        return [tuple(dict.fromkeys((whole, national)))]
    return [_spellings(word) for word in whole.split()[:MAX_WORDS]]


def _spellings(word: str) -> tuple[str, ...]:
    digits = _digits(word)
    if digits != word and len(digits) >= _FEWEST_DIGITS and _PHONE.fullmatch(word):
        return (word, digits)
    return (word,)


def _digits(text: str) -> str:
    return "".join(filter(str.isdecimal, text))


def source_of(facts: Facts, trace: Mapping[str, Any]) -> str:
    """What the portal decides a submission's source by: `utm_source:google`, `referrer:www.google.com` or `direct`.

    It looks at the tag first and at the referrer where there is none (`crm/lib/tracking/trace.php`).
    """
    tags = (trace.get("tags") or {}).get("list") or {}
    if tag := tags.get("utm_source"):
        return f"{UTM_SOURCE}:{tag}"[:MAX_SOURCE_LENGTH]
    return f"{REFERRER}:{facts.referrer}"[:MAX_SOURCE_LENGTH] if facts.referrer else DIRECT
