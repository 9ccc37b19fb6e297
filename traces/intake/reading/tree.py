"""The tree of fields: bounded, storable, and without the contents of files."""

from __future__ import annotations

import re
import string
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from traces.intake.reading import limits

MIN_FILE_LENGTH = 1024  # characters of base64; shorter ones are ids and tokens
MAX_FILENAME_LENGTH = 200
_MAX_TYPE_LENGTH = 200  # of the type at the head of a data: URL
_CONTROLS = re.compile("[\u0080-\u009f]")
_TWICE = re.compile(
    "[\u00c2-\u00f4][\u0080-\u00bf\u0152-\u0178\u017d\u017e\u0192\u02c6\u02dc\u2013-\u203a\u20ac\u2122]"
)
_BASE64 = (string.ascii_letters + string.digits + "+/\r\n").encode()


@dataclass(frozen=True, slots=True)
class File:
    """A file that was left out: the field that it came in, its name ("" if none came), its size in bytes."""

    field: str
    filename: str
    size: int

    def __str__(self) -> str:
        size = f"{round(self.size / 1000)} kB" if self.size >= 1000 else f"{self.size} bytes"
        return f"(file, {size})"


def merged(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """The values by their names. A repeated name gets a list of its values that are not empty."""
    values: dict[str, list[Any]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    return {name: _one_or_list(found) for name, found in values.items()}


def _one_or_list(found: list[Any]) -> Any:
    kept = [value for value in found if value not in ("", None)] or found[:1]
    return kept[0] if len(kept) == 1 else kept


@dataclass(slots=True)
class Cleaner:
    """Makes a tree storable. Collects the `files` that it leaves out, and how many characters they had."""

    repairs: list[str]
    files: list[File] = field(default_factory=list)
    skipped: int = 0
    _count: int = 0

    def clean(self, value: Any, name: str = "", depth: int = 0) -> Any:
        """The tree within the limits. Raises `Problem` (422)."""
        self._count += 1
        if self._count > limits.MAX_VALUES:
            limits.too_complex("it has too many values")
        if depth > limits.MAX_DEPTH:
            limits.too_complex("it is nested too deeply")
        if isinstance(value, dict):
            return self._clean_object(value, depth)
        if isinstance(value, list):
            return [self.clean(item, name, depth + 1) for item in value]
        return self._clean_text(value, name) if isinstance(value, str) else value

    def text(self, value: str) -> str:
        """A text without NUL and half surrogate pairs, which neither PostgreSQL nor UTF-8 can hold."""
        if "\0" not in value and value.isascii():
            return value
        if (once := _decoded_once(value)) is not None:
            self.repairs.append("charset_guessed")
            value = once
        cleaned = value.replace("\0", "\ufffd").encode("utf-8", "surrogatepass").decode("utf-8", "replace")
        if cleaned != value:
            self.repairs.append("characters_replaced")
        return cleaned

    def skip_file(self, name: str, filename: str, size: int) -> File:
        """Note a file of `size` bytes that came in the field `name`, and return it."""
        name, filename = name[: limits.MAX_NAME_LENGTH], filename[:MAX_FILENAME_LENGTH]
        file = File(self.text(name), self.text(filename), size)
        self.files.append(file)
        self.repairs.append("file_left_out")
        return file

    def _clean_object(self, value: dict[str, Any], depth: int) -> dict[str, Any]:
        if len(value) > limits.MAX_FIELDS:
            limits.too_complex("it has too many fields")
        if any(len(name) > limits.MAX_NAME_LENGTH for name in value):
            limits.too_complex("a name is too long")
        return merged((self.text(name), self.clean(item, name, depth + 1)) for name, item in value.items())

    def _clean_text(self, value: str, name: str) -> str:
        size = embedded_size(value)
        if size is None:
            return self.text(value)
        self.skipped += len(value)
        return str(self.skip_file(name, "", size))


def _decoded_once(value: str) -> str | None:
    """The text of one whose UTF-8 was read as Latin letters and encoded again (`JÃ¼rgen`); None for other texts.

    No language has such a run of letters, each of which would be a part of another one.
    """
    if not _TWICE.search(value):
        return None
    try:
        text = bytes(map(_byte, value)).decode()
    except ValueError:
        return None
    return text if any(map(str.isalpha, text)) and not _CONTROLS.search(text) else None


def _byte(letter: str) -> int:
    """The byte that a letter was in windows-1252, or in Latin-1 if that has none. Raises ValueError."""
    if ord(letter) < 256:
        return ord(letter)
    return letter.encode("cp1252")[0]


def embedded_size(value: str) -> int | None:
    """How many bytes the file has that a text is, in base64 or as a data: URL; None if the text is no file."""
    kind, comma, _ = value[:_MAX_TYPE_LENGTH].partition(",")
    if comma and kind.startswith("data:") and "/" in kind:
        if kind.endswith(";base64"):
            return _decoded_size(value[len(kind) + 1 :])
        return len(value) - len(kind) - 1 if len(value) > MIN_FILE_LENGTH else None
    is_long = len(value) > MIN_FILE_LENGTH and value.isascii()
    return _decoded_size(value) if is_long and _is_base64(value) else None


def _decoded_size(base64: str) -> int:
    bare = base64.rstrip("=\r\n")
    return (len(bare) - bare.count("\r") - bare.count("\n")) * 3 // 4


def _is_base64(value: str) -> bool:
    """Whether a text has the letters of base64 alone, and all kinds of them; a word of one letter is a visitor's."""
    head = value[:MIN_FILE_LENGTH]
    has_all = any(map(str.islower, head)) and any(map(str.isupper, head)) and any(map(str.isdigit, head))
    return has_all and not value.encode().rstrip(b"=\r\n").translate(None, _BASE64)
