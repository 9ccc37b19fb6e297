"""Bodies of multipart/form-data, as browsers, libraries and hand-written scripts build them."""

from __future__ import annotations

import binascii
from dataclasses import dataclass

from traces.intake.reading import charset, headers, limits

MAX_BOUNDARY_LENGTH = 200  # RFC 2046 has 70
_TEXT_TYPES = ("application/json", "text/json", "text/plain", "application/x-www-form-urlencoded")


@dataclass(frozen=True, slots=True)
class Part:
    """One part. `is_file` where it is a file that is left out; a part with text in a declared charset is a str."""

    name: bytes
    value: bytes | str
    filename: bytes
    is_file: bool


def parts(raw: bytes, boundary: str) -> list[Part]:
    """The parts of a body whose header names this boundary ("" for none); empty if it is no multipart body.

    If the body does not have this boundary, its first line is tried. Raises `Problem` (422).
    """
    for mark in (boundary.encode("latin-1", "replace"), _first_line(raw)):
        if 0 < len(mark) <= MAX_BOUNDARY_LENGTH and (found := _split(raw, b"\n--" + mark)):
            return [part for block in found if (part := _part(block))]
    return []


def _first_line(raw: bytes) -> bytes:
    """The boundary as the body's first line shows it; empty if the second one is no header of a part."""
    first, _, rest = raw[: 2 * MAX_BOUNDARY_LENGTH + limits.MAX_NAME_LENGTH].partition(b"\n")
    is_part = first.startswith(b"--") and rest.lstrip()[:8].lower() == b"content-"
    return first[2:].strip() if is_part else b""


def _split(raw: bytes, delimiter: bytes) -> list[bytes]:
    """What stands between the delimiters, from the end of one's line to the line end before the next."""
    if raw.count(delimiter) > limits.MAX_VALUES + 1:
        limits.too_complex("it has too many values")
    blocks: list[list[bytes]] = []
    is_open = False
    for piece in (b"\n" + raw).split(delimiter)[1:]:
        line, newline, rest = piece.partition(b"\n")
        if line.strip(b" \t\r-"):  # a longer word that begins as the boundary does
            if is_open:
                blocks[-1] += [delimiter, piece]
        elif is_open := bool(newline) and not line.startswith(b"--"):
            blocks.append([rest])
    return [b"".join(block).removesuffix(b"\r") for block in blocks]


def _part(block: bytes) -> Part | None:
    """The part of a block; None for a file input that was left empty."""
    head, value = _halves(block)
    if len(head) > headers.MAX_HEADER_LENGTH:
        limits.too_complex("the headers of a part are too long")
    lines = [line.partition(":") for line in head.decode("latin-1").split("\n")]  # one character for each byte
    fields = {name.strip(" \t\r").lower(): text.strip(" \t\r") for name, _, text in lines}
    _, names = headers.parse(fields.get("content-disposition", ""))
    kind, options = headers.parse(fields.get("content-type", ""))
    value = _transferred(value, fields.get("content-transfer-encoding", "").lower())
    filename = _bytes(names.get("filename", "")).replace(b"\\", b"/").rpartition(b"/")[2]
    # Scripts wrap texts in a Blob, which gives them a file's name.
    is_file = "filename" in names and not (kind in _TEXT_TYPES and filename in (b"", b"blob"))
    if is_file and not filename and not value:
        return None
    codec = charset.codec_of(options.get("charset", ""))
    text = value if is_file or not codec or codec == charset.UTF8 else value.decode(codec, "replace")
    return Part(_bytes(names.get("name", "")), text, filename, is_file)


def _halves(block: bytes) -> tuple[bytes, bytes]:
    """The headers and the content of a part."""
    if block.startswith((b"\n", b"\r\n")):
        return b"", block.partition(b"\n")[2]
    ends = [(place, len(end)) for end in (b"\r\n\r\n", b"\n\n") if (place := block.find(end)) >= 0]
    if ends:
        place, length = min(ends)
        return block[:place], block[place + length :]
    return (block, b"") if block[:8].lower() == b"content-" else (b"", block)


def _transferred(value: bytes, encoding: str) -> bytes:
    """The content without the encoding that libraries for mail put around it."""
    try:
        if encoding == "base64":
            return binascii.a2b_base64(value)
        if encoding == "quoted-printable":
            return binascii.a2b_qp(value)
    except binascii.Error:
        return value
    return value


def _bytes(text: str) -> bytes:
    """A name as it came; browsers write these three characters in this way (HTML, "Multipart form data")."""
    raw = text.encode("latin-1", "replace")
    return raw.replace(b"%22", b'"').replace(b"%0D", b"\r").replace(b"%0A", b"\n")
