"""Text columns that are encrypted at rest, with keys that can be rotated."""

import base64
import hashlib
from functools import lru_cache
from typing import TYPE_CHECKING

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import models

if TYPE_CHECKING:
    _TextField = models.TextField[str, str]
else:
    _TextField = models.TextField


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


@lru_cache(maxsize=4)
def _cipher(keys: tuple[str, ...], secret_key: str) -> MultiFernet:
    if not keys:
        derived = hashlib.sha256(b"trace-relay fields " + secret_key.encode()).digest()
        keys = (base64.urlsafe_b64encode(derived).decode(),)
    return MultiFernet([Fernet(key) for key in keys])


class Unreadable(str):
    """A stored text that none of the keys reads, as it stands in the database; it is written back unchanged.

    So one such value does not keep a whole page from being shown. Whoever needs the text itself has to ask for this.
    """


class EncryptedTextField(_TextField):
    """A text that stands encrypted in the database; the empty text stays empty.

    It cannot be searched: two encryptions of the same text differ.
    """

    def get_prep_value(self, value: str | None) -> str | None:
        if not value or isinstance(value, Unreadable):
            return value
        return cipher().encrypt(value.encode()).decode()

    def from_db_value(self, value: str | None, expression: object, connection: object) -> str | None:
        if not value:
            return value
        try:
            return cipher().decrypt(value.encode()).decode()
        except InvalidToken:
            return Unreadable(value)
