"""Columns that are encrypted at rest, with keys that can be rotated, and digests by which values are found."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import models

if TYPE_CHECKING:
    _TextField = models.TextField[str, str]
    _JSONTextField = models.JSONField[Any, Any]  # what its values are; the column is a text
else:
    _TextField = _JSONTextField = models.TextField

# What Fernet writes: version 0x80, a time of these centuries, and 73 bytes or more in all, in URL-safe base64.
_ENCRYPTED = re.compile(r"gAAAA[\w-]{90,}={0,2}", re.ASCII)


def cipher() -> MultiFernet:
    """The cipher of `FIELD_ENCRYPTION_KEYS`: the first key writes, all of them read.

    Without any key one is derived from the secret key, which a system check refuses in production.
    """
    return _cipher(tuple(settings.FIELD_ENCRYPTION_KEYS), settings.SECRET_KEY)


def is_current(text: str) -> bool:
    """Whether a stored text is encrypted with the first key."""
    try:
        _cipher(tuple(settings.FIELD_ENCRYPTION_KEYS)[:1], settings.SECRET_KEY).decrypt(text.encode())
    except InvalidToken:
        return False
    return True


def digest(portal_id: int, text: str) -> int:
    """A number of 63 bits by which a portal's text is found again; without the first key it says nothing of the text.

    The same text of two portals has two digests.
    """
    return _digest(_digest_keys()[0], portal_id, text)


def digests_of_all(portal_id: int, texts: Iterable[str]) -> list[int]:
    """The digests of several texts."""
    key = _digest_keys()[0]
    return [_digest(key, portal_id, text) for text in texts]


def digests(portal_id: int, text: str) -> list[int]:
    """The digests of a text under all keys, the first one's first: while keys are rotated, rows have either."""
    return [_digest(key, portal_id, text) for key in _digest_keys()]


def fingerprint(text: str) -> str:
    """By what a text is recognised that must not be stored, whatever becomes of `FIELD_ENCRYPTION_KEYS`.

    Its key is Django's secret key, since what it was made of cannot be found out again for another one.
    """
    return hmac.digest(_secret_key(settings.SECRET_KEY), text.encode(errors="surrogatepass"), "sha256").hex()


def decrypted(stored: str) -> str | None:
    """The text that stands in the database as `stored`; None if no key reads it.

    What was stored before the column was encrypted is its own text.
    """
    if not _ENCRYPTED.fullmatch(stored):
        return stored
    try:
        return cipher().decrypt(stored.encode()).decode()
    except InvalidToken:
        return None


def encrypted(text: str) -> str:
    """The text as it is stored."""
    return cipher().encrypt(text.encode(errors="surrogatepass")).decode()


def _digest(key: bytes, portal_id: int, text: str) -> int:
    # BLAKE2b has a key of its own, so it needs no HMAC: a submission has up to 40 of these.
    message = b"%d %s" % (portal_id, text.encode(errors="surrogatepass"))
    return int.from_bytes(hashlib.blake2b(message, digest_size=8, key=key).digest()) >> 1


def _digest_keys() -> Sequence[bytes]:
    return _derived(tuple(settings.FIELD_ENCRYPTION_KEYS), settings.SECRET_KEY)


@lru_cache(maxsize=8)
def _derived(keys: tuple[str, ...], secret_key: str) -> Sequence[bytes]:
    return [hashlib.sha256(b"trace-relay digests " + key.encode()).digest() for key in keys or (secret_key,)]


@lru_cache(maxsize=8)
def _secret_key(secret_key: str) -> bytes:
    return hashlib.sha256(b"trace-relay fingerprints " + secret_key.encode()).digest()


@lru_cache(maxsize=8)
def _cipher(keys: tuple[str, ...], secret_key: str) -> MultiFernet:
    if not keys:
        derived = hashlib.sha256(b"trace-relay fields " + secret_key.encode()).digest()
        keys = (base64.urlsafe_b64encode(derived).decode(),)
    return MultiFernet([Fernet(key) for key in keys])


class Unreadable(str):
    """A stored text that none of the keys reads, as it stands in the database; it is written back unchanged.

    So one such value does not keep a whole page from being shown. Whoever needs the text itself has to ask for this.
    """


class UnreadableObject(dict[str, Any]):
    """The same of an `EncryptedJSONField`: an empty object, with `stored` as it stands in the database."""

    def __init__(self, stored: str) -> None:
        super().__init__()
        self.stored = stored


class EncryptedTextField(_TextField):
    """A text that stands encrypted in the database; the empty text stays empty.

    It cannot be searched: two encryptions of the same text differ.
    """

    def get_prep_value(self, value: str | None) -> str | None:
        if not value or isinstance(value, Unreadable):
            return value
        return encrypted(str(value))

    def from_db_value(self, value: str | None, expression: object, connection: object) -> str | None:
        if not value:
            return value
        text = decrypted(value)
        return Unreadable(value) if text is None else text


class EncryptedJSONField(_JSONTextField):
    """What JSON can hold, encrypted in the database; the empty object is the empty text there, and costs nothing."""

    def get_prep_value(self, value: Any) -> str | None:
        if isinstance(value, UnreadableObject):
            return value.stored
        if value is None:
            return None
        return encrypted(json.dumps(value, separators=(",", ":"))) if value != {} else ""

    def from_db_value(self, value: str | None, expression: object, connection: object) -> Any:
        if value is None:
            return None
        if value in ("", "{}"):
            return {}
        text = decrypted(value)
        try:
            return UnreadableObject(value) if text is None else json.loads(text)
        except ValueError:
            return UnreadableObject(value)

    def to_python(self, value: Any) -> Any:
        return value

    def value_to_string(self, obj: models.Model) -> Any:
        return self.value_from_object(obj)
