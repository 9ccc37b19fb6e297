"""The two ways in which a browser writes a form as text: `a=1&b=2`, and one `a=1` a line."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from traces.intake.reading import limits, tree
from traces.intake.reading.charset import Decoder, codec_of

CHARSET_FIELD = b"_charset_"  # a browser writes the form's charset in it (HTML, "Selecting a form submission encoding")
_ESCAPES = re.compile(rb"(?:%[0-9A-Fa-f]{2})+")

Pairs = list[tuple[bytes, bytes | str]]


def query(raw: bytes) -> Pairs | None:
    """The names and values of `a=1&b=2`; None if these bytes are no such form. Raises `Problem` (422)."""
    pairs = [piece.partition(b"=") for piece in raw.split(b"&") if piece]
    return _checked([(unquoted(name), unquoted(value)) for name, _, value in pairs])


def lines(raw: bytes) -> Pairs | None:
    """The names and values of a form with enctype=text/plain; None if these bytes are no such form.

    A line without a name goes on with the value of the line before it. Raises `Problem` (422).
    """
    pairs: list[tuple[bytes, list[bytes]]] = []
    for line in raw.splitlines():
        name, equals, value = line.partition(b"=")
        if equals and name.strip() and b"://" not in name:
            pairs.append((name.strip(), [value]))
        elif pairs:
            pairs[-1][1].append(line)
        else:
            return None
    return _checked([(name, b"\n".join(values)) for name, values in pairs])


_LABEL = re.compile(rb"[^\s:;=<>{}\[\]\"][^:;=<>{}\[\]\"\r\n]{0,79}:(?!//)")


def labelled(raw: bytes) -> Pairs | None:
    """The names and values of `Name: Kim`, one a line or apart by semicolons, as mails are; None for other texts.

    A line without a name goes on with the value of the line before it. Raises `Problem` (422).
    """
    lines = raw.splitlines() if b"\n" in raw else raw.split(b";")
    pairs: list[tuple[bytes, list[bytes]]] = []
    for line in filter(None, map(bytes.strip, lines)):
        if _LABEL.match(line):
            name, _, value = line.partition(b":")
            pairs.append((name.strip(), [value.strip()]))
        elif pairs and b"\n" in raw:
            pairs[-1][1].append(line)
        else:
            return None
    return _checked([(name, b"\n".join(values)) for name, values in pairs]) if len(pairs) > 1 else None


def semicolons(raw: bytes) -> Pairs | None:
    """The names and values of `a=1;b=2`; None if these bytes are no such form. Raises `Problem` (422)."""
    pieces = [piece.strip().partition(b"=") for piece in raw.split(b";") if piece.strip()]
    if len(pieces) < 2 or b"&" in raw or not all(equals and _is_name(name) for name, equals, _ in pieces):
        return None
    is_encoded = b" " not in raw
    return _checked([(name, unquoted(value) if is_encoded else value) for name, _, value in pieces])


def _is_name(raw: bytes) -> bool:
    return raw.translate(None, b"_-.[]").isalnum()


def unquoted(raw: bytes) -> bytes:
    """The bytes that a part of `a=1&b=2` stands for."""
    spaced = raw.replace(b"+", b" ")
    return _ESCAPES.sub(_escaped, spaced) if b"%" in spaced else spaced


def fields(pairs: Pairs, decoder: Decoder) -> dict[str, Any]:
    """The pairs as text by their names; what stands under a name more than once is a list."""
    named = next((codec for name, value in pairs if name == CHARSET_FIELD and (codec := _codec(value))), "")
    if named:
        decoder = replace(decoder, codec=named)
        pairs = [pair for pair in pairs if pair[0] != CHARSET_FIELD]
    return tree.merged(_texts(pairs, decoder))


def sample(pairs: Pairs) -> bytes:
    """All bytes of the pairs, to see which charset they have."""
    return b"".join(part for pair in pairs for part in pair if isinstance(part, bytes))


def _texts(pairs: Pairs, decoder: Decoder) -> Iterable[tuple[str, str]]:
    for name, value in pairs:
        yield decoder.text(name), (value if isinstance(value, str) else decoder.text(value)).strip()


def _codec(value: bytes | str) -> str:
    return codec_of(value.decode("ascii", "replace") if isinstance(value, bytes) else value)


def _escaped(escapes: re.Match[bytes]) -> bytes:
    return bytes.fromhex(escapes[0].replace(b"%", b"").decode())


def _checked(pairs: Pairs) -> Pairs | None:
    """Names are short: where one is not, this is a text that has an equals sign somewhere."""
    if len(pairs) > 2 * limits.MAX_VALUES:
        limits.too_complex("it has too many values")
    return pairs if pairs and all(len(name) <= limits.MAX_NAME_LENGTH for name, _ in pairs) else None
