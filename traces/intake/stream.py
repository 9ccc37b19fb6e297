"""The bytes of a request's body, as a WSGI server hands them over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from traces.intake.problems import Problem
from traces.intake.reading import limits

CHUNK_BYTES = 64 * 1024


# A chunked body that is cut off looks complete: granian ends its `wsgi.input` in the same way with the last chunk, and
# where the connection broke or a chunk's size was none; neither `read` nor the environment tells which it was. What had
# come is stored, as nobody will see the answer, and whoever sends it again makes a second submission of the whole.
def read_body(environ: Mapping[str, Any], max_bytes: int) -> bytes:
    """The whole body, even without Content-Length, when Django reads an empty one.

    Raises `Problem`: 413 if it has more than `max_bytes`, 400 if it ended before its Content-Length.
    """
    length = _length(environ)
    if length is None and not _has_end(environ):
        return b""
    if length is not None and length > max_bytes:
        limits.too_large(max_bytes)
    body = _read(environ["wsgi.input"], max_bytes + 1 if length is None else length)
    if length is not None and len(body) < length:
        raise _cut_off()
    if len(body) > max_bytes:
        limits.too_large(max_bytes)
    return body


def _length(environ: Mapping[str, Any]) -> int | None:
    """The declared length in bytes; None if there is none. A chunked body has none, whatever is declared."""
    text = str(environ.get("CONTENT_LENGTH") or "").strip()
    is_number = text.isascii() and text.isdigit() and len(text) <= 18
    return None if _is_chunked(environ) or not is_number else int(text)


def _is_chunked(environ: Mapping[str, Any]) -> bool:
    return "chunked" in str(environ.get("HTTP_TRANSFER_ENCODING", "")).lower()


def _has_end(environ: Mapping[str, Any]) -> bool:
    """Whether reading comes to an end without a length, instead of waiting for the next request."""
    return bool(environ.get("wsgi.input_terminated")) or _is_chunked(environ)


def _read(stream: Any, max_bytes: int) -> bytes:
    chunks: list[bytes] = []
    left = max_bytes
    try:
        while left > 0 and (chunk := stream.read(min(CHUNK_BYTES, left))):
            chunks.append(chunk)
            left -= len(chunk)
    except OSError:
        raise _cut_off() from None
    return b"".join(chunks)


def _cut_off() -> Problem:
    return Problem(400, "body_cut_off", "The body ended too early.", "Send the request again.")
