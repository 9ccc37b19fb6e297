"""The texts of sources and campaigns, each once a portal."""

from __future__ import annotations

from django.db import models

from b24app.host.encryption import EncryptedTextField
from b24app.models import Portal


class Source(models.Model):
    """A source as the portal is told of it (`traces.compose.search.source_of`), found by its keyed digest."""

    portal = models.ForeignKey(Portal, on_delete=models.CASCADE, related_name="sources")
    digest = models.CharField(max_length=64)
    text = EncryptedTextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["portal", "digest"], name="one_source_a_text")]

    def __str__(self) -> str:
        return str(self.pk)
