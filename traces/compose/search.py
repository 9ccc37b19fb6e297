"""What a submission is found by on the administrator's page: its terms, and the source it was sent with. Pure.

A term is what somebody looks for as a whole: the beginning of a name, the end of a phone number, an e-mail address.
They are stored as keyed hashes (`traces.delivery.findable`), so that the table says nothing of whom it is about: for
the same reason a term cannot be found by its middle.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from traces.compose.sources import Facts, host_of
from traces.compose.visitor import Visitor

# Terms of one submission, the most telling ones first.
MAX_TERMS = 40
# Phones, e-mails, words of names, of tags and of texts that have terms.
MAX_CONTACTS, MAX_NAME_WORDS, MAX_TAG_WORDS, MAX_TEXT_WORDS = 2, 4, 8, 12
MAX_TEXT_LENGTH = 1_000
MAX_SOURCE_LENGTH = 255
# What a submission is counted by, besides its form: the fields of `traces.models.Submission`.
CAME_BY = ("source", "medium", "campaign", "first_source")
UTM_SOURCE, REFERRER, DIRECT = "utm_source", "referrer", "direct"
# What an administrator may look for: so many words, the rest is left out.
MAX_WORDS = 8
# The beginnings of names that are found, by their letters; the whole word always is.
BEGINNINGS = range(2, 9)
# The ends of phone numbers, and their beginnings within the country, by their digits.
ENDS, STARTS = range(4, 11), range(5, 9)
_PHONE = re.compile(r"[+\d\s().-]+")
_WORD = re.compile(r"[^\W_]+")
_FEWEST_OF_PHONE, _MAX_PHONE_LENGTH = 6, 15
# Country codes of one digit, and with what those of three begin; all others have two (ITU-T E.164).
_ONE_DIGIT = ("1", "7")
_THREE_DIGITS = re.compile("21|22|23|24|25|26|28|29|35|37|38|42|50|59|67|68|69|80|83|85|87|88|89|96|97|99")


def terms_of(visitor: Visitor, trace: Mapping[str, Any]) -> list[str]:
    """The terms of the visitor's values and of the tags of the clean trace, at most `MAX_TERMS`.

    Who it is comes first, so that two phones, two addresses and a name of two words are found whatever else was sent.
    """
    tags = (trace.get("tags") or {}).get("list") or {}
    emails = list(map(folded, visitor.emails[:MAX_CONTACTS]))
    name, company = _words(visitor.full_name, MAX_NAME_WORDS), _words(visitor.company, MAX_NAME_WORDS)
    local = _words(" ".join(email.rpartition("@")[0] for email in emails), MAX_NAME_WORDS)
    domains = _words(" ".join(email.rpartition("@")[2] for email in emails), MAX_NAME_WORDS)
    rest = " ".join([visitor.comments, *(value for _, value in visitor.rest)])[:MAX_TEXT_LENGTH]
    terms = (
        *(term for phone in visitor.phones[:MAX_CONTACTS] for term in _terms_of_phone(phone)),
        *emails,
        *(*name, *_beginnings(name)),
        *(*company, *domains, *local),
        *_words(" ".join(map(str, tags.values())), MAX_TAG_WORDS),
        *(*_beginnings(company), *_beginnings(local)),
        *_words(rest, MAX_TEXT_WORDS),
    )
    return list(dict.fromkeys(terms))[:MAX_TERMS]


def folded(text: str) -> str:
    """A text as it is compared: letter case and the width of spaces do not count."""
    return " ".join(text.casefold().split())


def wanted(text: str) -> list[tuple[str, ...]]:
    """The terms that a submission must have for a text that somebody looks for: one of each tuple.

    Each word must occur; a phone number is found however it is written. An empty tuple is what no submission has.
    """
    whole = folded(text)
    if _is_phone(whole):
        return [_spellings(whole)]
    found = [term for word in whole.split()[:MAX_WORDS] for term in _wanted_of_word(word)]
    return found if found or not whole else [()]


def same_contact(contact: str, visitor: Visitor) -> bool:
    """Whether a phone number, however it is written, or an e-mail address is one of the visitor's."""
    if "@" in contact:
        return folded(contact) in map(folded, visitor.emails)
    asked = _nationals(contact)
    return any(asked & _nationals(phone) and not _differ(contact, phone) for phone in visitor.phones)


def terms_of_contact(contact: str) -> tuple[str, ...]:
    """The terms of which a submission has one that has this phone number or e-mail address."""
    return (folded(contact),) if "@" in contact else _spellings(folded(contact))


def _wanted_of_word(word: str) -> Iterator[tuple[str, ...]]:
    if _is_phone(word):
        yield _spellings(word)
    elif "." in word.partition("@")[2]:
        yield (word,)
    else:
        words = _WORD.findall(word)
        yield from ((part,) for part in words)
        if not words:
            yield ()


def _terms_of_phone(phone: str) -> Iterator[str]:
    digits = _digits(phone.partition("#")[0])
    yield from dict.fromkeys(digits[-length:] for length in ENDS if length <= len(digits))
    yield from _starts(min(_nationals(phone), key=len, default=""), STARTS)


def _starts(digits: str, lengths: Iterable[int]) -> Iterator[str]:
    """The beginnings of a number; with a sign, so that they are not taken for ends."""
    yield from (f"^{digits[:length]}" for length in lengths if length <= len(digits))


def _spellings(phone: str) -> tuple[str, ...]:
    """The terms of a number that somebody has written down, one of which the number itself has."""
    nationals = sorted(_nationals(phone), key=len)
    ends = [digits[-ENDS[-1] :] for digits in nationals]
    return tuple(dict.fromkeys([*ends, *(f"^{digits}" for digits in nationals if len(digits) in STARTS)]))


def _nationals(phone: str) -> set[str]:
    """A number's digits as they can be written within the country: `+49 30`, `0049 30` and `030` are one and the same.

    The digits alone do not always tell whether a country's code is among them, so these may be several.
    """
    phone = phone.partition("#")[0].strip()
    digits = _digits(phone)
    is_international = phone.startswith("+") or digits.startswith("00")
    digits = digits.removeprefix("00") if is_international else digits
    if is_international:
        return {_without_country(digits)}
    if digits[:1] == "0" or (digits[:1] == "8" and len(digits) == 11):
        return {digits[1:]}
    if len(digits) > 10:
        return {digits, _without_country(digits)}
    return {digits} if digits else set()


def _differ(one: str, other: str) -> bool:
    """Whether two numbers whose countries are known have different ones."""
    whole = {_with_country(phone) for phone in (one, other)} - {""}
    return len(whole) == 2


def _with_country(phone: str) -> str:
    """A number's digits with its country's code; "" if the country is not known. 8 900 … is +7 900 …"""
    digits = _digits(phone.partition("#")[0])
    if len(digits) == 11 and digits[0] == "8" and not phone.strip().startswith("+"):
        return f"7{digits[1:]}"
    return digits.removeprefix("00") if phone.strip().startswith("+") or digits.startswith("00") else ""


def _without_country(digits: str) -> str:
    length = 1 if digits.startswith(_ONE_DIGIT) else 3 if _THREE_DIGITS.match(digits) else 2
    return digits[length:].removeprefix("0") if len(digits) > _FEWEST_OF_PHONE else digits


def _is_phone(text: str) -> bool:
    return bool(_PHONE.fullmatch(text)) and _FEWEST_OF_PHONE <= len(_digits(text)) <= _MAX_PHONE_LENGTH


def _digits(text: str) -> str:
    return "".join(filter(str.isdecimal, text))


def _words(text: str, number: int) -> list[str]:
    return list(islice(dict.fromkeys(found[0] for found in _WORD.finditer(folded(text))), number))


def _beginnings(words: Sequence[str]) -> Iterator[str]:
    """The beginnings of all words, the short ones first."""
    yield from (word[:length] for length in BEGINNINGS for word in words if length < len(word))


def came_by(facts: Facts, trace: Mapping[str, Any]) -> dict[str, str]:
    """The values by which a submission is counted (`CAME_BY`); "" is nothing.

    The medium and the campaign are the visitor's own tags. The first source is that of the oldest visit that the
    clean trace knows, where there was one before the last.
    """
    former = (trace.get("previous") or {}).get("list") or []
    return {
        "source": source_of(facts, trace),
        "medium": facts.utm_medium[:MAX_SOURCE_LENGTH],
        "campaign": facts.utm_campaign[:MAX_SOURCE_LENGTH],
        "first_source": _source(host_of(former[0].get("ref", "")), former[0]) if former else "",
    }


def source_of(facts: Facts, trace: Mapping[str, Any]) -> str:
    """What decides a submission's source on the portal: `utm_source:google`, `referrer:www.google.com` or `direct`.

    It looks at the tag first and at the referrer where there is none (`crm/lib/tracking/trace.php`).
    """
    return _source(facts.referrer, trace)


def _source(referrer: str, trace: Mapping[str, Any]) -> str:
    tags = (trace.get("tags") or {}).get("list") or {}
    if tag := tags.get("utm_source"):
        return f"{UTM_SOURCE}:{tag}"[:MAX_SOURCE_LENGTH]
    return f"{REFERRER}:{referrer}"[:MAX_SOURCE_LENGTH] if referrer else DIRECT
