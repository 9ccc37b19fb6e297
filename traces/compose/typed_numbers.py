"""Numbers and amounts as people write them: `1 500,00`, `12 500 руб.`, `$1,500.00`, `1.500,00 €`. Pure."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from decimal import Decimal

import re2

from traces.compose import countries

MAX_LENGTH = 60
# As many as a number of the portal keeps.
MAX_DIGITS = 15

_WORDS = {
    "RUB": ("₽", "руб", "рублей", "рубля", "рубль", "р", "rub", "rur"),
    "EUR": ("€", "eur", "euro", "euros", "евро"),
    "USD": ("usd", "us$", "dollar", "dollars", "доллар", "доллара", "долларов"),
    "GBP": ("£", "gbp"),
    "UAH": ("₴", "uah", "грн"),
    "KZT": ("₸", "kzt", "тг", "тенге"),
    "BYN": ("byn", "br"),
    "PLN": ("pln", "zł", "zl"),
    "BRL": ("r$", "brl"),
    "INR": ("₹", "inr"),
    "TRY": ("₺", "try", "tl"),
    "CHF": ("chf", "fr"),
    "CNY": ("cny",),
    "JPY": ("jpy",),
}
_CURRENCIES = {word: code for code, words in _WORDS.items() for word in words}
_SHARED_SIGNS = ("$", "¥")
_AMOUNT = re2.compile(r"([^\d.,+-]*)([+-]?)([^\d.,+-]*)(\d[\d., ']*|[.,]\d+)(\D*)")
_GROUPED = re2.compile(r"\d+|\d{1,3}(?:,\d{3})+|\d{1,2}(?:,\d{2})+,\d{3}|\d{1,3}(?:\.\d{3})+|\d{1,3}(?: \d{3})+")


@dataclass(frozen=True, slots=True)
class Amount:
    """A number, and the code of the currency beside it, or ""."""

    number: Decimal
    currency: str = ""

    def plain(self) -> str:
        """The number in digits with a point, as every computer reads it."""
        text = format(self.number, "f")
        return text.rstrip("0").rstrip(".") if "." in text else text


def read(text: str, country: str) -> Amount | None:
    """The amount that a text is; None if it is none, has several, or is ambiguous."""
    if len(text) > MAX_LENGTH:
        return None
    plain = unicodedata.normalize("NFKC", text).replace("\u2212", "-").replace("\u2019", "'").strip()
    found = _AMOUNT.fullmatch(plain.replace("\u2013", "-"))
    if not found:
        return None
    before, sign, between, digits, after = (part or "" for part in found.groups())
    currency = _currency(f"{before}{between}", after, country)
    number = _number(digits.strip(" '"), country)
    if currency is None or number is None:
        return None
    return Amount(-number if sign == "-" and number else number, currency)


def _currency(before: str, after: str, country: str) -> str | None:
    """The currency's code, "" if none is named; None if the words are something else."""
    words = [word.strip(" .").lower() for word in (before, after)]
    named = [word for word in words if word and word not in ("-", ",-")]
    if not named:
        return ""
    if len(named) > 1:
        return None
    if named[0] in _SHARED_SIGNS:
        return countries.currency_of_sign(named[0], country)
    return _CURRENCIES.get(named[0])


def _number(digits: str, country: str) -> Decimal | None:
    """The number of digits, group signs and a decimal sign."""
    spaced = digits.replace("'", " ")
    if spaced.endswith((".", ",")):
        spaced = spaced[:-1]
    sign = _decimal_sign(spaced, country)
    if sign is None:
        return None
    whole, _, fraction = spaced.rpartition(sign) if sign else (spaced, "", "")
    if (whole and not _GROUPED.fullmatch(whole)) or (fraction and not fraction.isdecimal()):
        return None
    figures = "".join(letter for letter in whole if letter.isdecimal())
    if not figures + fraction or len(figures + fraction) > MAX_DIGITS:
        return None
    return Decimal(f"{figures or '0'}.{fraction or '0'}")


def _decimal_sign(text: str, country: str) -> str | None:
    """The decimal sign of a number as written, "" if it has none; None if that cannot be told."""
    signs = [letter for letter in text if letter in ".,"]
    if len(set(signs)) == 2:
        return signs[-1] if signs.count(signs[-1]) == 1 else None
    if len(signs) != 1:
        return ""
    whole, sign, rest = text.partition(signs[0])
    if len(rest) != 3 or not 1 <= len(whole) <= 3 or whole.startswith("0"):
        return sign
    usual = countries.decimal_sign(country)
    return None if not usual else sign if sign == usual else ""
