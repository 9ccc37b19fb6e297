"""Where submissions came from, as texts that are stored once."""

from __future__ import annotations

from django.db import models

from b24app.host.encryption import EncryptedTextField
from b24app.models import Portal


class Source(models.Model):
    """A text that says where submissions came from, stored once: a source, a medium or a campaign.

    It is written as `traces.compose.search` writes it. A visitor may have typed it.
    It is found by its digest (`traces.delivery.findable`).
    """

    portal = models.ForeignKey(Portal, on_delete=models.CASCADE, related_name="sources")
    digest = models.BigIntegerField()
    text = EncryptedTextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["portal", "digest"], name="one_source_a_text")]

    def __str__(self) -> str:
        return f"source {self.pk}"  # not the text: a visitor may have typed it
