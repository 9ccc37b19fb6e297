"""Reads a request's body into fields, whatever type it declares and whatever its charset.

The bytes decide; the declared type only settles ambiguous cases. What is no form, no JSON and no XML is kept as a
message, so that nothing is lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from traces.intake.reading import charset, forms, headers, json_text, limits, multipart, xml_text
from traces.intake.reading.limits import MAX_BODY_BYTES, MAX_REQUEST_BYTES
from traces.intake.reading.tree import Cleaner, File

__all__ = ["MAX_BODY_BYTES", "MAX_REQUEST_BYTES", "File", "Reading", "read"]

URLENCODED, MULTIPART, PLAIN = "application/x-www-form-urlencoded", "multipart/form-data", "text/plain"
_BLANK = b" \t\r\n\f\v\0"
# Each of these costs the parsers an object or a wide character, and base64 has next to none.
_SYNTAX = b',[{%&"\\\n' + bytes(range(128, 256))
_NOTHING = (b"", b"null", b'""')
_CONTROLS = bytes({*range(32), 127} - set(b"\t\n\r\f"))
_MAX_CONTROLS = 0.05  # of all bytes; a text has next to none


@dataclass(frozen=True, slots=True)
class Reading:
    """A body as it was read: `fields` is a tree of dict, list, str, int, float, bool and None.

    `repairs` are codes of `traces.sentences.repairs`; `is_browser_form` tells that the body has a form's encoding.
    """

    fields: dict[str, Any] | list[Any]
    files: tuple[File, ...]
    repairs: tuple[str, ...]
    is_browser_form: bool


def read(stream_bytes: bytes, content_type: str, *, charset_hint: str = "") -> Reading:
    """The fields of a body. `charset_hint` is tried for bytes that are neither in a declared charset nor in UTF-8.

    An empty body has no fields. Raises `Problem`: 413 for too much, 422 for too many parts, for nothing else.
    """
    if len(stream_bytes) > limits.MAX_REQUEST_BYTES:
        limits.too_large(limits.MAX_REQUEST_BYTES)
    declared, options = headers.parse(content_type)
    repairs: list[str] = []
    raw, codec = charset.narrowed(stream_bytes, options.get("charset", ""), repairs)
    body = _Body(raw, declared, options.get("boundary", ""), codec, charset_hint, Cleaner(repairs))
    fields, is_form = body.read()
    files = tuple(body.cleaner.files)
    return Reading(fields, files, tuple(dict.fromkeys(repairs)), is_form)


@dataclass(slots=True)
class _Body:
    raw: bytes
    declared: str
    boundary: str
    codec: str
    hint: str
    cleaner: Cleaner

    def read(self) -> tuple[dict[str, Any] | list[Any], bool]:
        """The fields within the limits, and whether a browser's form has this encoding."""
        stripped = self.raw.strip(_BLANK)
        if stripped in _NOTHING:
            return {}, self.declared in (URLENCODED, MULTIPART)
        found = self._multipart(stripped)
        if found is None:
            self._refuse_syntax(stripped)
            found = self._text(stripped)
        fields, kind = found
        cleaned = self.cleaner.clean(fields)
        limits.refuse_size(len(stripped) - self.cleaner.skipped)
        return cleaned, bool(kind) and kind == self.declared

    def _multipart(self, raw: bytes) -> tuple[Any, str] | None:
        found = multipart.parts(raw, self.boundary)
        if not found:
            return None
        decoder = self._decoder(raw)
        for part in found:
            if part.is_file:
                self.cleaner.skipped += len(part.value)
                self.cleaner.skip_file(decoder.text(part.name), decoder.text(part.filename), len(part.value))
        return self._fields([(part.name, part.value) for part in found if not part.is_file]), MULTIPART

    def _text(self, raw: bytes) -> tuple[Any, str]:
        """The fields of any body but multipart, and the type that it should have declared ("" for JSON and texts)."""
        if (value := self._json(raw)) is not None:
            return value, ""
        if raw[:1] == b"<" and (value := self._xml(raw)) is not None:
            return value, ""
        if raw[:1] not in (b"{", b"[", b"<"):
            if b";" in raw and (pairs := forms.semicolons(raw)):
                return self._fields(pairs), URLENCODED
            if self._is_query(raw) and (pairs := forms.query(raw)):
                return self._fields(pairs), URLENCODED
            if b"=" in raw and (pairs := forms.lines(raw)):
                return self._fields(pairs), PLAIN
            if b":" in raw and (pairs := forms.labelled(raw)):
                return self._fields(pairs), ""
        return {"message": self._message(raw)}, ""

    def _fields(self, pairs: forms.Pairs) -> dict[str, Any]:
        return forms.fields(pairs, self._decoder(forms.sample(pairs)))

    def _json(self, raw: bytes) -> Any:
        """The list or object of a JSON text, also of one that was sent as a form's only name; None for other texts."""
        raw = raw.rstrip(b"=")
        if raw[:3].upper() in (b"%7B", b"%5B", b"%22"):
            raw = forms.unquoted(raw)
        if raw[:1] not in (b"{", b"[", b'"'):
            return None
        text = self._decoder(raw).text(raw)
        if (value := json_text.tree(text)) is None:
            value = json_text.lines(text)
        if value is None and (value := json_text.loose(text)) is not None:
            self.cleaner.repairs.append("json_repaired")
        return value

    def _xml(self, raw: bytes) -> Any:
        """The object or list of an XML text; None for other texts."""
        codec = self.codec or charset.codec_of(xml_text.declared_charset(raw))
        return xml_text.tree(charset.decoder(codec, self.hint, raw, self.cleaner.repairs).text(raw))

    def _is_query(self, raw: bytes) -> bool:
        """Whether `a=1&b=2` is likelier than a form with one name and value a line."""
        if b"=" not in raw:
            return False
        if self.declared == URLENCODED:
            return b"&" in raw or b"\n" not in raw
        if b"\n" in raw or (self.declared == PLAIN and self.raw.endswith(b"\n")):
            return False
        return b" " not in raw or (b"&" in raw and all(b"=" in piece for piece in raw.split(b"&")))

    def _message(self, raw: bytes) -> str:
        """The body as one text, or what stands for it where it is no text at all."""
        if len(raw) - len(raw.translate(None, _CONTROLS)) > len(raw) * _MAX_CONTROLS:
            self.cleaner.skipped += len(raw)
            return str(self.cleaner.skip_file("message", "", len(raw)))
        self.cleaner.repairs.append("body_as_message")
        return self._decoder(raw).text(raw)

    def _decoder(self, sample: bytes) -> charset.Decoder:
        return charset.decoder(self.codec, self.hint, sample, self.cleaner.repairs)

    def _refuse_syntax(self, raw: bytes) -> None:
        if len(raw) > limits.MAX_BODY_BYTES:
            limits.refuse_size(len(raw) - len(raw.translate(None, _SYNTAX)))
