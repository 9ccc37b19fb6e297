"""E-mail addresses in what a visitor typed, by the portal's own rule: it refuses the whole record for a bad one. Pure.

Source: the fact sheet on CRM entities; `check_email` of the portal's main module, and the length of a multifield.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

import re2

# Of one value: letters that are looked through.
MAX_LENGTH = 1_000
# A longer value in PHONE or EMAIL costs the record.
MAX_VALUE_LENGTH = 250
MAX_LAST_LABEL = 20
# Besides letters, of whatever alphabet.
_LOCAL, _DOMAIN = frozenset("0123456789=_+~'!$&*^`|#%/?{}-"), frozenset("0123456789-")
_AROUND_AT = re2.compile(r"[ \t]*@[ \t]*")
_BETWEEN = re2.compile(r"[\s,;<>()\[\]\"«»“”]+")


class Rule:
    """The portal's rule, to be asked as a compiled expression is."""

    def fullmatch(self, text: str) -> bool:
        """Whether the portal takes a text as an e-mail address."""
        local, _, domain = text.rpartition("@")
        *labels, last = domain.split(".")
        return (
            len(text) <= MAX_VALUE_LENGTH
            and all(_is_of(_LOCAL, atom) for atom in local.split("."))
            and bool(labels)
            and all(_is_of(_DOMAIN, label) for label in labels)
            and _is_last(last)
        )


EMAIL = Rule()


@dataclass(frozen=True, slots=True)
class Emails:
    """The `addresses` in a text, `others` as the words that are none, and `repairs` as codes of what was changed.

    `has_invalid` is whether one of the others was meant as an address.
    """

    addresses: tuple[str, ...] = ()
    others: str = ""
    has_invalid: bool = False
    repairs: tuple[str, ...] = ()


def read(text: str) -> Emails:
    """The addresses in a text, whatever stands around them."""
    plain = _AROUND_AT.sub("@", _plain(text[:MAX_LENGTH]))
    addresses: list[str] = []
    others: list[str] = []
    words = list(_words(plain))
    if len(text) > MAX_LENGTH:
        others += words[-1:]  # it may be cut
        del words[-1:]
    for word in words:
        address = _address(word)
        (addresses if EMAIL.fullmatch(address) else others).append(address)
    repairs: list[str] = []
    if len(addresses) > 1:
        repairs.append("email_split")
    elif addresses and addresses[0] != text.strip():
        repairs.append("email_cleaned")
    left = " ".join(word for word in others if any(map(str.isalnum, word))) + text[MAX_LENGTH:]
    return Emails(tuple(addresses), left, "@" in left, tuple(repairs))


def _is_of(signs: frozenset[str], text: str) -> bool:
    return bool(text) and all(letter.isalpha() or letter in signs for letter in text)


def _is_last(label: str) -> bool:
    """Whether a domain may end so: `com`, or `xn--p1ai`, which is `рф` as computers write it."""
    is_word = label.isalpha() or (label[:4].lower() == "xn--" and _is_of(_DOMAIN, label))
    return is_word and 2 <= len(label) <= MAX_LAST_LABEL


def _plain(text: str) -> str:
    """A text with the usual `@` and dots, and without what no eye sees."""
    letters = unicodedata.normalize("NFKC", text)
    return "".join(letter for letter in letters if unicodedata.category(letter) not in ("Cf", "Cs"))


def _words(plain: str) -> Iterator[str]:
    """The words of a text. A slash may be of an address, unless there are two: `anna@mail.ru/b@mail.ru`."""
    for word in filter(None, _BETWEEN.split(plain)):
        yield from word.split("/") if word.count("@") > 1 else (word,)


def _address(word: str) -> str:
    """A word without what people and links put around an address."""
    bare = word.strip("'`")
    if bare[:7].lower() == "mailto:":
        bare = bare[7:].partition("?")[0]
    return bare.rstrip(".:!?")
