"""Headers such as `form-data; name="phone"`: a value and its parameters, as browsers and libraries write them."""

from __future__ import annotations

from urllib.parse import unquote_to_bytes

import re2

from traces.intake.reading import charset

MAX_HEADER_LENGTH = 4096  # characters; what stands behind is not looked at
_PARAMETER = re2.compile(r';\s*([A-Za-z0-9_-]+\*?)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;]*))')


def parse(header: str) -> tuple[str, dict[str, str]]:
    """The value of a header in lower case, and its parameters by name. Raises nothing.

    Of two parameters of one name the first counts; `name*=utf-8''…` (RFC 5987) counts before `name=…`.
    """
    header = header[:MAX_HEADER_LENGTH]
    plain: dict[str, str] = {}
    extended: dict[str, str] = {}
    for name, quoted, bare in _PARAMETER.findall(header):
        value = quoted.replace('\\"', '"').replace("\\\\", "\\") if quoted else bare.strip(" \t\"'")
        if name.endswith("*"):
            extended.setdefault(name[:-1].lower(), _extended(value))
        else:
            plain.setdefault(name.lower(), value)
    return header.partition(";")[0].partition(",")[0].strip().lower(), plain | extended


def _extended(value: str) -> str:
    """The text of `utf-8''%D0%98`, as the bytes of UTF-8 behind one character each, like the headers of a part."""
    name, _, quoted = value.partition("'")
    raw = unquote_to_bytes(quoted.partition("'")[2])
    codec = charset.codec_of(name) or "utf-8"
    return raw.decode(codec, "replace").encode("utf-8").decode("latin-1")
