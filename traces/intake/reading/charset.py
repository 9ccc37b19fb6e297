"""Bytes to text: the declared charset where it fits, else UTF-8, else a guess that is noted."""

from __future__ import annotations

import codecs
import json
from dataclasses import dataclass
from encodings.aliases import aliases

GUESS = "cp1251"  # what pages without UTF-8 are mostly written in where Bitrix24 is at home
UTF8 = "utf-8"
MIN_GOOD_PER_BROKEN = 4  # characters beyond ASCII; so that a text cut off within a letter stays UTF-8
_WIDE_PREFIXES = ("utf_16", "utf_32")
_WIDE_BOMS = {  # the longer ones first: the one of UTF-32 begins with the one of UTF-16
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
# Charsets whose first 128 characters are ASCII's, and the wide ones. Python's other codecs are no charsets of the web.
_KNOWN_PREFIXES = (
    *("ascii", "big5", "cp", "euc_", "gb", "iso8859_", "koi8_", "kz1048", "latin_1", "mac_", "ptcp154"),
    *("shift_jis", "tis_620", "utf_8", *_WIDE_PREFIXES),
)
_NO_ASCII = {"cp037", "cp273", "cp424", "cp500", "cp864", "cp875", "cp1026", "cp1140"}  # mostly of mainframes
_EXTRA_NAMES = {"win_1251": "cp1251", "win1251": "cp1251", "cp_1251": "cp1251", "koi8r": "koi8_r", "koi8u": "koi8_u"}
# What calls itself one of these is what browsers take for windows-1252 (WHATWG Encoding).
_LATIN = {"ascii", "latin_1"}


def _table() -> dict[str, str]:
    """Codecs by the names that the web gives them. Python's own look-up keeps every unknown name for ever."""
    names = {**aliases, **{name: name for name in aliases.values()}, **_EXTRA_NAMES}
    return {
        name: "cp1252" if codec in _LATIN else UTF8 if codec.startswith("utf_8") else codec
        for name, codec in names.items()
        if codec.startswith(_KNOWN_PREFIXES) and codec not in _NO_ASCII
    }


_CODECS = _table()


def codec_of(name: str) -> str:
    """Python's name of a charset, `utf-8` for all that are UTF-8; empty if the charset is unknown."""
    plain = name[:40].partition(",")[0].strip(" \t\"'").lower()
    key = "".join(letter if letter.isalnum() else "_" for letter in plain)
    return _CODECS.get(key) or _CODECS.get(key.removeprefix("x_"), "")


def narrowed(raw: bytes, declared: str, repairs: list[str]) -> tuple[bytes, str]:
    """A body with UTF-16 and UTF-32 turned into UTF-8, and the codec that is declared for what is returned."""
    codec = codec_of(declared)
    if raw.startswith(codecs.BOM_UTF8):
        return raw[len(codecs.BOM_UTF8) :], UTF8
    wide = _wide(raw, codec)
    if not wide:
        return raw, "" if codec.startswith(_WIDE_PREFIXES) else codec
    text = raw.decode(wide, "replace")
    if "\ufffd" in text:
        repairs.append("characters_replaced")
    return text.encode("utf-8"), UTF8


def _wide(raw: bytes, codec: str) -> str:
    """The codec of a body in two or four bytes for each character; empty for others, whatever they declare."""
    for bom, name in _WIDE_BOMS.items():
        if raw.startswith(bom):
            return name
    seen: str = json.detect_encoding(raw[:4]) if b"\0" in raw[:4] else ""
    if codec.startswith(_WIDE_PREFIXES):
        if codec.endswith(("_le", "_be")):
            seen = codec
        return (seen or f"{codec}_le") if b"\0" in raw else ""  # a form or JSON has some ASCII, and that has zeros
    return seen if _fits(raw, seen) else ""


def _fits(raw: bytes, codec: str) -> bool:
    try:
        raw.decode(codec or UTF8)
    except (UnicodeDecodeError, LookupError):
        return False
    return True


def _is_utf8(raw: bytes) -> bool:
    return _fits(raw, UTF8)


@dataclass(frozen=True, slots=True)
class Decoder:
    """Turns the bytes of one body into text; notes in `repairs` what it had to guess or replace."""

    codec: str
    guess: str
    repairs: list[str]

    def text(self, raw: bytes) -> str:
        """The text of these bytes. Raises nothing."""
        if raw.isascii():
            return raw.decode("ascii")
        if _fits(raw, self.codec):
            return raw.decode(self.codec)
        return self._guessed(raw) if self.codec == UTF8 or _is_utf8(raw) else self._replaced(raw, self.codec)

    def _guessed(self, raw: bytes) -> str:
        loose = raw.decode(UTF8, "replace")
        broken = loose.count("\ufffd")
        good = len(loose) - len(loose.encode("ascii", "ignore")) - broken
        if broken and good >= MIN_GOOD_PER_BROKEN * broken:
            self.repairs.append("characters_replaced")
            return loose
        self.repairs.append("charset_guessed")
        return self._replaced(raw, self.guess) if broken else loose

    def _replaced(self, raw: bytes, codec: str) -> str:
        text = raw.decode(codec, "replace")
        if "\ufffd" in text:
            self.repairs.append("characters_replaced")
        return text


def decoder(codec: str, hint: str, sample: bytes, repairs: list[str]) -> Decoder:
    """The decoder of a body: `codec` as declared, `hint` the charset to try where bytes are no UTF-8.

    `sample` is all of the body's text. UTF-8 beyond ASCII is no coincidence, so then it is UTF-8, whatever is declared.
    """
    guess = codec_of(hint)
    if guess in ("", UTF8) or guess.startswith(_WIDE_PREFIXES):
        guess = GUESS
    if codec not in ("", UTF8) and not sample.isascii() and _is_utf8(sample):
        repairs.append("charset_guessed")
        codec = UTF8
    return Decoder(codec or UTF8, guess, repairs)
