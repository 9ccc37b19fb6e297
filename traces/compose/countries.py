"""How dates and numbers are written where a form's visitors live. A country is two letters, as `DE`, or "". Pure."""

from __future__ import annotations

# By what a portal calls its language, where the two differ.
_OF_LANGUAGE = {
    "en": "US", "la": "ES", "ua": "UA", "uk": "UA", "sc": "CN", "tc": "TW", "ja": "JP", "vn": "VN", "hi": "IN",
    "in": "IN", "ms": "MY", "ar": "AE", "kk": "KZ", "cs": "CZ", "da": "DK", "sv": "SE", "he": "IL", "ko": "KR",
}  # fmt: skip
_MONTH_FIRST = frozenset(("US", "PH", "PR", "GU", "FM", "MH", "PW"))
_DECIMAL_POINT = frozenset(
    ("US", "GB", "IE", "CA", "AU", "NZ", "MX", "IN", "CN", "TW", "HK", "JP", "KR", "TH", "MY", "SG", "PH", "IL", "AE")
    + ("SA", "EG", "NG", "KE", "PK", "BD", "LK", "PR", "GU", "MT", "DO", "GT", "HN", "NI", "PA", "SV", "CH", "LI")
)
_DOLLARS = {"CA": "CAD", "AU": "AUD", "NZ": "NZD", "MX": "MXN", "SG": "SGD", "HK": "HKD", "TW": "TWD"}


def of_language(language: str) -> str:
    """The country whose ways a portal with this language most likely has, as the portal calls the language."""
    name = language.lower()
    country = _OF_LANGUAGE.get(name, name.upper())
    return country if len(country) == 2 else ""


def is_month_first(country: str) -> bool:
    """Whether 05/06 is the sixth of May there."""
    return country in _MONTH_FIRST


def decimal_sign(country: str) -> str:
    """The sign before a number's fraction; "" if the country is not known."""
    return "" if not country else "." if country in _DECIMAL_POINT else ","


def currency_of_sign(sign: str, country: str) -> str:
    """The code of a currency whose sign several countries share: `$` or `¥`."""
    if sign == "¥":
        return "CNY" if country == "CN" else "JPY"
    return _DOLLARS.get(country, "USD")
