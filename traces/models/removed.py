"""What was deleted a moment ago, so that it can be put back."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from b24app.host.encryption import EncryptedJSONField
from b24app.models import Portal


class Removed(models.Model):
    """Submissions that one click has deleted, with their attempts; erased after a minute (`traces.history.removal`)."""

    portal = models.ForeignKey(Portal, on_delete=models.CASCADE, related_name="removed")
    at = models.DateTimeField(default=timezone.now, db_index=True)
    content = EncryptedJSONField()

    def __str__(self) -> str:
        return f"removed {self.pk}"  # not the content: visitors have typed it
