"""The sessions of /admin/: the database knows a digest of each key, so whoever reads it enters by none of them."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

from django.contrib.sessions.backends import db
from django.contrib.sessions.base_session import AbstractBaseSession
from django.utils import timezone


class SessionStore(db.SessionStore):
    """Django's sessions in the database, found by the digest of their key."""

    def load(self) -> dict[str, Any]:
        """Returns what the session has; nothing where there is none with this key, or no more."""
        found = self.model.objects.filter(session_key=_digest(self.session_key or ""), expire_date__gt=timezone.now())
        if row := found.first():
            return self.decode(row.session_data)
        self._session_key = None
        return {}

    def exists(self, session_key: str) -> bool:
        """Whether there is a session with this key."""
        return super().exists(_digest(session_key))

    def create_model_instance(self, data: dict[str, Any]) -> AbstractBaseSession:
        """Returns the row to save."""
        row = super().create_model_instance(data)
        row.session_key = _digest(row.session_key)
        return row

    def delete(self, session_key: str | None = None) -> None:
        """End the session with this key, by default this one."""
        if key := session_key or self.session_key:
            super().delete(_digest(key))


def _digest(key: str) -> str:
    return blake2b(key.encode(), digest_size=20).hexdigest()  # as long as the column
