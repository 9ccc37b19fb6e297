"""What a value says by itself, for names without meaning (`form_text_31`, `Field4`, `2`)."""

from __future__ import annotations

import re2

_PHONE = re2.compile(r"\+?[\d\s().\-\x{2010}-\x{2015}]{7,30}")
_DATE = re2.compile(r"\d{4}[-.]\d{1,2}[-.]\d{1,2}.*|\d{1,2}[-.]\d{1,2}[-.]\d{2,4}.*")
MIN_DIGITS, MAX_DIGITS = 7, 15
MAX_EMAIL_LENGTH, MAX_NAME_LENGTH = 254, 70
_IN_NAMES = str.maketrans("", "", "'’.-")


def kind_of(text: str) -> str:
    """`email`, `phone` or `name` where a text is unmistakably one, else ""."""
    if is_email(text) and text.count("@") == 1 and len(text) <= MAX_EMAIL_LENGTH and not any(map(str.isspace, text)):
        return "email"
    if is_phone(text):
        return "phone"
    return "name" if _is_person(text) else ""


def is_email(text: str) -> bool:
    """Whether a text contains an e-mail address."""
    return "@" in text and "." in text.rpartition("@")[2]


def _is_person(text: str) -> bool:
    """Whether a text is two or three words of letters that each begin with a capital one."""
    found = text.split() if len(text) <= MAX_NAME_LENGTH else []
    letters = "".join(found).translate(_IN_NAMES)
    return 2 <= len(found) <= 3 and letters.isalpha() and all(word[:1].isupper() for word in found)


def is_phone(text: str) -> bool:
    """Whether a text is a telephone number, written as people or programs do, and no date, price or code."""
    digits = sum(character.isdigit() for character in text)
    if not MIN_DIGITS <= digits <= MAX_DIGITS or not _PHONE.fullmatch(text) or _DATE.fullmatch(text):
        return False
    if text[:1] in "+(" or any(mark in text for mark in " -("):
        return True
    return text.isdigit() and 10 <= digits <= 12 and not text.startswith("00")
