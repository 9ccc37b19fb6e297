"""Text columns that are encrypted at rest, with keys that can be rotated."""

import base64
import hashlib
from functools import lru_cache
from typing import TYPE_CHECKING

from cryptography.fernet import Fernet, MultiFernet
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


@lru_cache(maxsize=4)
def _cipher(keys: tuple[str, ...], secret_key: str) -> MultiFernet:
    if not keys:
        derived = hashlib.sha256(b"trace-relay fields " + secret_key.encode()).digest()
        keys = (base64.urlsafe_b64encode(derived).decode(),)
    return MultiFernet([Fernet(key) for key in keys])


class EncryptedTextField(_TextField):
    """A text that stands encrypted in the database; the empty text stays empty.

    It cannot be searched: two encryptions of the same text differ.
    """

    def get_prep_value(self, value: str | None) -> str | None:
        if not value:
            return value
        return cipher().encrypt(value.encode()).decode()

    def from_db_value(self, value: str | None, expression: object, connection: object) -> str | None:
        if not value:
            return value
        return cipher().decrypt(value.encode()).decode()
