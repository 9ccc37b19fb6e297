"""First name, family name and patronymic, out of what a visitor typed in one field or in several. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

import re2

from traces.compose.labels import fold

MAX_LENGTH = 1_000
# A longer text in a field that does not say what it is, is no name.
MAX_UNMISTAKABLE = 60
# Shorter ones with such an ending are given names: Лев, Яков.
MIN_FAMILY_NAME = 5

_TITLE_WORDS = """
    dr prof mr mrs ms miss herr frau sr sra srta mme mlle monsieur madame dott sig signor signora bay bayan
    г-н г-жа господин госпожа д-р
"""
_TITLES = frozenset(_TITLE_WORDS.split())
# Endings as `fold` leaves them: й is и.
_PATRONYMICS = ("вич", "вна", "ична", "ьич", "мич", "тич", "кич", "івна")
_SONS = ("оглы", "кызы")
_FAMILIES = ("ов", "ев", "ова", "ева", "скии", "ская", "цкии", "цкая")
_NAME = r"(?:\p{Lu}['’])?\p{Lu}\p{Ll}+(?:['’-]\p{Lu}?\p{Ll}+)*"
_CAPITALISED = re2.compile(rf"{_NAME}(?: {_NAME}){{1,2}}")
_LETTERS = re2.compile(r"[\p{L}\p{M} .'’ʼ-]+")


@dataclass(frozen=True, slots=True)
class Person:
    """A person's names; each is "" if it is unknown."""

    first: str = ""
    last: str = ""
    second: str = ""

    @property
    def words(self) -> set[str]:
        """The words of all three, as names are compared."""
        return words_of(f"{self.first} {self.last} {self.second}")


def words_of(text: str) -> set[str]:
    """The words of a text, as names are compared."""
    return set(text.casefold().replace(",", " ").split())


def split(text: str, *, family_first: bool = False) -> Person:
    """A whole name split into its parts, without titles. A single word is a first name.

    `family_first` is the order for names that do not show it, as Волков Сергей Ильич and `Berg, Pia` do.
    """
    family, comma, given = text[:MAX_LENGTH].partition(",")
    if comma and len(family.split()) == 1 and given.split():
        return replace(split(given), last=family.strip())
    every = text.replace(",", " ").split()
    words = [word for word in every if fold(word).rstrip(".") not in _TITLES]
    if len(words) == 1 < len(every):
        return Person(last=words[0])  # Herr Stern
    families = [_is_family(word) for word in words]
    return _ordered(words, families == [True, False] or (family_first and families != [False, True]))


def combine(given: Person, whole: Person, text: str) -> Person:
    """The names from separate fields, completed from `text`; `whole` is that text split into its parts.

    A field "Name" beside one for the first name is the family's, as in German and French forms. Names of somebody else
    add nothing.
    """
    if not given.first and not given.last:
        return replace(whole, second=given.second or whole.second)
    words, known = text.replace(",", " ").split(), given.words
    others = " ".join(word for word in words if word.casefold() not in known)
    if not given.last:
        is_families = others != " ".join(words) or len(words) == 1 or text[:1].islower()
        return replace(given, last=others) if is_families else given
    if not given.first:
        added = split(others)
        return replace(given, first=f"{added.first} {added.last}".strip(), second=given.second or added.second)
    return given


def looks_like_one(text: str) -> bool:
    """Whether a text may be a person's name, and no login such as `berg_travel`."""
    return bool(_LETTERS.fullmatch(_written(text))) and (text[:1].isupper() or not text.isascii())


def is_unmistakable(text: str) -> bool:
    """Whether a text is a whole name where no field says so: two or three capitalised words."""
    return len(text) <= MAX_UNMISTAKABLE and bool(_CAPITALISED.fullmatch(_written(text)))


def _ordered(words: list[str], family_first: bool) -> Person:
    first, *others = words or [""]
    if len(words) == 4 and fold(words[3]) in _SONS:
        return Person(first=words[1], last=first, second=f"{words[2]} {words[3]}")
    if len(words) == 3 and _is_patronymic(words[2]):
        return Person(first=words[1], last=first, second=words[2])
    if others and _is_patronymic(words[1]):
        return Person(first=first, last=" ".join(words[2:]), second=words[1])
    if others and family_first:
        return Person(first=words[1], last=first, second=" ".join(words[2:]))
    return Person(first=first, last=" ".join(others))


def _is_patronymic(word: str) -> bool:
    return fold(word).endswith(_PATRONYMICS)


def _is_family(word: str) -> bool:
    """Whether a Russian word is a family's name by its ending: Петрова, and not Лев."""
    return len(word) >= MIN_FAMILY_NAME and fold(word).endswith(_FAMILIES)


def _written(text: str) -> str:
    """A text that can be matched: without half surrogate pairs, which no expression takes."""
    return text[:MAX_LENGTH].encode(errors="replace").decode()
