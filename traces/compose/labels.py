"""What a field's name or label says of its value, in many languages and in the names of form builders. Pure.

A label is compared by its words in small letters without accents: `Ваш_телефон`, `yourPhone`, `billing[phone]` and
`Téléphone *` alike. What stands last decides, and what may stand around it says nothing, or whose it is: "Contact
name" is a visitor's name, while the names of a form, a product or a file are not.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from traces.compose import label_words

# Of one label, from its end.
MAX_LENGTH, MAX_WORDS = 200, 12
# Anything may stand before these words, because their values prove what they are: "Телефон руководителя отдела".
_PROVEN = ("phone", "email", "messenger")

# Gravity Forms numbers the parts of a name: 3 is the first one, 4 the second, 6 the last.
_GRAVITY = re.compile(r"(?i)(input_\d{1,9}[._]|\d{1,9}\.)([1-8])")
_GRAVITY_NAMES = {"3": "first_name", "4": "second_name", "6": "last_name"}
_IN_BRACKETS = re.compile(r"\([^()]*\)|（[^（）]*）|【[^【】]*】")
_ELISION = re.compile(r"\b[dlns]'")
_TOKEN = re.compile(r"[^\W_]+")
_APOSTROPHES = str.maketrans("’ʼ`", "'''")
# From here on a single letter is a word: 姓 is the family's name.
_IDEOGRAMS = "\u3400"
# Letters that no accent makes.
_LATIN = str.maketrans("łøđı", "lodi")


def fold(text: str) -> str:
    """A text in small letters without accents, as labels and names are compared."""
    if text.isascii():
        return text.lower()
    letters = unicodedata.normalize("NFKD", text.casefold())
    return "".join(x for x in letters if unicodedata.category(x) not in ("Mn", "Cf")).translate(_LATIN)


@lru_cache(maxsize=4096)
def meaning_of(name: str) -> str:
    """The meaning of a submitted name: a key of `label_words.MEANINGS`, or `consent`, or "" if unknown."""
    label = name[-MAX_LENGTH:]
    if gravity := _GRAVITY.fullmatch(label):
        return _GRAVITY_NAMES.get(gravity[2], "")
    words = _words(label)
    if _is_number(label, words):
        return ""
    return _last(words) or _proven(words) or ("consent" if _CONSENT & set(words) else "")


def is_opaque(name: str) -> bool:
    """Whether a name says nothing to anybody, as `form_text_32`, `ORDER_PROP_3` or `Field4`."""
    label = name[-MAX_LENGTH:]
    return _is_number(label, _words(label))


def address_parts(name: str) -> tuple[str, ...]:
    """Where Gravity Forms may have numbered a postal address instead: the names of its street and its postal code."""
    gravity = _GRAVITY.fullmatch(name[-MAX_LENGTH:])
    return (f"{gravity[1]}1", f"{gravity[1]}5") if gravity else ()


def _is_number(label: str, words: list[str]) -> bool:
    """Whether a label's words only say that it has a number."""
    return not words or (any(map(str.isdigit, label)) and set(words) <= _OPAQUE)


def _words(label: str) -> list[str]:
    """The last words of a label, without fillers and numbers."""
    bare = _IN_BRACKETS.sub(" ", label)
    text = fold(_without_humps(bare if _TOKEN.search(bare) else label)).translate(_APOSTROPHES)
    text = _ELISION.sub("", text).replace("'", "")
    tokens = _joined([_without_number(token) for token in _TOKEN.findall(text)])
    return [word for word in tokens if (len(word) > 1 or word >= _IDEOGRAMS) and word not in _FILLERS][-MAX_WORDS:]


def _without_humps(label: str) -> str:
    """`phone Number` for `phoneNumber`."""
    pairs = zip(label, label[1:], strict=False)
    return label[:1] + "".join(f" {two}" if one.islower() and two.isupper() else two for one, two in pairs)


def _without_number(token: str) -> str:
    """`name` of `name1`; nothing of `5c1a2b3`, which is nobody's word."""
    word = token.rstrip("0123456789")
    return "" if any(map(str.isdigit, word)) else word


def _joined(words: list[str]) -> list[str]:
    joined: list[str] = []
    for word in filter(None, words):
        if joined and (whole := _JOINED.get((joined[-1], word))):
            joined[-1] = whole
        else:
            joined.append(word)
    return joined


def _last(words: list[str]) -> str:
    """The meaning of the longest phrase with nothing around it but whose it is."""
    for length in range(len(words), 0, -1):
        for start in range(len(words) - length + 1):
            meaning = _KNOWN.get("".join(words[start : start + length]), "")
            around = {*words[:start], *words[start + length :]}
            if meaning and around <= _AROUND.get(meaning, _OPAQUE):
                return meaning
    return ""


def _proven(words: list[str]) -> str:
    """The meaning of the last words, where their value proves it, or of any, where it must look like a number."""
    if _OTHERS & set(words):
        return ""
    for length in (3, 2, 1):
        if (meaning := _KNOWN.get("".join(words[-length:]), "")) in _PROVEN:
            return meaning
    return "phone?" if any(_KNOWN.get(word) == "phone" for word in words) else ""


def _folded(words: Iterable[str]) -> frozenset[str]:
    return frozenset(fold(word).replace("'", "") for word in words)


_FILLERS = _folded(label_words.FILLERS.split())
_WHO = _folded(label_words.WHO.split())
_STRUCTURES = _folded(label_words.STRUCTURES.split())
_OTHERS = _folded(label_words.OTHERS.split())
_CONSENT = _folded(label_words.CONSENT.split())
_OPAQUE = _WHO | _STRUCTURES
_AROUND = {
    **dict.fromkeys(("name", "phone?"), _WHO),
    **dict.fromkeys(("first_name", "last_name", "second_name"), _OPAQUE | _folded(label_words.NAMES.split())),
}
_JOINED = {(fold(one), fold(two)): fold(whole) for (one, two), whole in label_words.JOINED.items()}
_KNOWN = {
    "".join(_words(phrase)): meaning
    for meaning, phrases in label_words.MEANINGS.items()
    for phrase in phrases.split(",")
    if phrase.strip()
}
