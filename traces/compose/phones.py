"""Telephone numbers in what a visitor typed: taken out of the text around them, and apart from each other. Pure.

Source: the fact sheet on CRM entities. PHONE takes any text of up to 250 characters, and an extension is written
`#12`. Otherwise a number stays as it was typed, since the portal compares nothing but its digits.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Any

import re2

# Of one value: letters that are looked through, and numbers that are taken.
MAX_LENGTH, MAX_NUMBERS = 1_000, 20
# A longer text is no number, where no field says so.
MAX_PLAUSIBLE = 50
# Shorter ones are no visitor's: all who type `12345` would become one contact. The longest have 15 digits (E.164).
MIN_DIGITS, MAX_DIGITS = 6, 15
# Two numbers without a word between them, as `8 900 000-01-40 / 8 900 000-01-41`, are at least so long.
MIN_OF_SEVERAL = 7
# What an input shows before anything is typed is a country's code at most: +7, +49, +380.
MAX_COUNTRY_DIGITS = 3
# What is recognised without a field that says "phone", with its country and without.
MIN_INTERNATIONAL, MIN_NATIONAL, MAX_NATIONAL = 9, 10, 13

_NUMBER = re2.compile(r"\+? ?\(?\d(?:(?:\.|[ ()/-]{0,4})\d)*")
_CAPTION = re2.compile(r"(?i)^(?:p:|telephone|telefon|phone|телефон|tel|тел|mob|моб)[.: /]*")
_EXTENSION = re2.compile(
    r"(?i)[ ,;(]{0,3}(?:#|\*|добавочный|доб|доп|внутренний|внутр|вн|extension|extn|ext|x|х|durchwahl|poste|interno|int|"
    r"wew|dahili|ramal|anexo)[ .:=]{0,3}(\d{1,6})"
)
# A short number in brackets at the end is an extension too: 8 (495) 000-01-33 (12).
_BRACKETS = re2.compile(r"(.*\d)[ -]{0,3}\((\d{1,4})")
_DATE = re2.compile(r"\(?\d{1,2}[./ -]\d{1,2}[./ -](?:19|20)\d\d\b|(?:19|20)\d\d[./ -]\d{1,2}[./ -]\d{1,2}\b")
# (555) 010-0132, 8 (900) 000-01-11 · 8 900 000 01 40 · 01 70 00 00 22, 0151 1000 0070 · 01.70.00.00.22 · 555-010-0109
_NATIONAL = re2.compile(
    r"(?:[178][ -]?)?\(\d{2,5}\) ?\d[\d -]+|[178][ -]\d{3}[ -]\d{3}[ -]\d{2}[ -]?\d{2}|0[1-9]\d{0,4}[ /-]\d[\d -]+"
    r"|0[1-9](?:\.\d\d){4}|\d{3}[ .-]\d{3}[ .-]\d{4}"
)


@dataclass(frozen=True, slots=True)
class Phones:
    """The `numbers` of a text. `has_more`: it has other words or digits too. `repairs`: codes of what was changed."""

    numbers: tuple[str, ...] = ()
    has_more: bool = False
    repairs: tuple[str, ...] = ()


def read(text: str) -> Phones:
    """The numbers in a text, whatever stands around them."""
    plain = _plain(text)
    position = len(caption[0]) if (caption := _CAPTION.search(plain)) else 0
    numbers: list[str] = []
    others: list[str] = []
    for found in _NUMBER.finditer(plain, position):
        is_cut = len(text) > MAX_LENGTH and found.end() == len(plain)
        if is_cut or len(numbers) >= MAX_NUMBERS:
            break
        here, end = _at(plain, found) if found.start() >= position else ([], 0)
        if here:
            others.append(plain[position : found.start()])
            numbers += here
            position = end
    others.append(plain[position:])
    has_more = len(text) > MAX_LENGTH or any(map(str.isalnum, "".join(others)))
    return Phones(tuple(numbers), has_more, _repairs(text, numbers, has_more))


def digits_of(number: str) -> str:
    """What the spellings of one number have in common: its digits, and those of its extension behind a `#`."""
    return "".join(letter for letter in number if letter.isdecimal() or letter == "#")


def is_empty_mask(text: str) -> bool:
    """Whether a text is what an input shows before anything is typed: `+7 (___) ___-__-__`, or a country's code."""
    plain = _plain(text)
    signs = {letter for letter in plain if not letter.isdecimal()}
    return bool(signs & {"_", "+"}) and signs <= set("+()_-. ") and len(digits_of(plain)) <= MAX_COUNTRY_DIGITS


def is_plausible(text: str) -> bool:
    """Whether a text is one number and nothing else, long enough to be no other sort of number, and no date."""
    found = read(text) if len(text) <= MAX_PLAUSIBLE else Phones()
    if len(found.numbers) != 1 or found.has_more or _DATE.match(found.numbers[0]):
        return False
    is_international = found.numbers[0].startswith("+")
    return len(_main(found.numbers[0])) >= (MIN_INTERNATIONAL if is_international else MIN_NATIONAL)


def is_unmistakable(text: str) -> bool:
    """Whether a text must be a phone number, whatever its field. No price, card, order or tax number looks like it."""
    if not is_plausible(text):
        return False
    number = read(text).numbers[0].partition("#")[0]
    return number.startswith("+") or (len(_main(number)) <= MAX_NATIONAL and bool(_NATIONAL.fullmatch(number)))


def _plain(text: str) -> str:
    """A text in the usual digits, hyphens and spaces, without the invisible marks that a copied number brings along."""
    head = text[:MAX_LENGTH]
    usual = head if head.isascii() else "".join(map(_usual, unicodedata.normalize("NFKC", head)))
    return " ".join(usual.split())


def _usual(letter: str) -> str:
    if letter.isascii():
        return letter
    if letter.isdecimal():
        return str(unicodedata.decimal(letter))
    category = unicodedata.category(letter)
    if category == "Pd" or letter == "\N{MINUS SIGN}":
        return "-"
    return "" if category in ("Cf", "Cs") else letter


def _at(plain: str, found: Any) -> tuple[list[str], int]:
    """The numbers that a run of digits is, the last one with its extension, and where they end in the text."""
    run, end, extension = found[0].strip(), found.end(), ""
    if bracketed := _BRACKETS.fullmatch(run):
        run, extension = bracketed[1], bracketed[2]
    numbers, used = _apart(run)
    if not numbers:
        return [], end
    if used < len(run):
        return numbers, found.start() + found[0].index(run) + used
    said = None if extension else _EXTENSION.match(plain, end)
    if said and not plain[said.end() : said.end() + 1].isdecimal():
        extension, end = said[1], said.end()
    if extension:
        numbers[-1] += f"#{extension}"
    return numbers, end


def _apart(run: str) -> tuple[list[str], int]:
    """A run of digits and signs as one number, several or none, and how many of its characters they take."""
    first, slash, others = run.partition("/")
    if slash and len(digits_of(first)) >= MIN_OF_SEVERAL:
        numbers = [part.strip(" .-") for part in run.split("/")]
        if all(MIN_OF_SEVERAL <= len(digits_of(number)) <= MAX_DIGITS for number in numbers):
            return numbers, len(run)
        return ([first.strip(" .-")], len(first)) if _is_number(first) else ([], 0)
    if _is_number(run):
        return [run], len(run)
    words = run.split() if len(digits_of(run)) <= 2 * MAX_NATIONAL else []
    for cut in range(1, len(words)):
        halves = [" ".join(words[:cut]).strip(" .-"), " ".join(words[cut:]).strip(" .-")]
        counts = [len(digits_of(half)) for half in halves]
        if counts[0] == counts[1] and MIN_NATIONAL <= counts[0] <= MAX_NATIONAL:
            return halves, len(run)
    return [], 0


def _main(number: str) -> str:
    """The digits of a number without its extension."""
    return digits_of(number.partition("#")[0])


def _is_number(text: str) -> bool:
    return MIN_DIGITS <= len(digits_of(text)) <= MAX_DIGITS


def _repairs(text: str, numbers: list[str], has_more: bool) -> tuple[str, ...]:
    typed = " ".join(text.split())
    repairs: list[str] = []
    if len(numbers) > 1:
        repairs.append("phone_split")
    if any("#" in number and number not in typed for number in numbers):
        repairs.append("phone_extension")
    if numbers and not repairs and numbers[0] != typed:
        repairs.append("phone_cleaned")
    return tuple(repairs)
