"""Source rules, the values that need none, and those that no rule matched."""

from __future__ import annotations

from django.db import models

from b24app.host.encryption import EncryptedTextField
from b24app.models import Portal
from traces.compose import sources


class SourceRule(models.Model):
    """One of a portal's rules, in their order, for the source of a submission (`traces.compose.sources`)."""

    portal = models.ForeignKey(Portal, on_delete=models.CASCADE, related_name="source_rules")
    position = models.PositiveIntegerField()
    field = models.CharField(max_length=12, choices=[(field, field) for field in sources.FIELDS])
    operator = models.CharField(
        max_length=8, choices=[(operator, operator) for operator in sources.OPERATORS], default=sources.EQUALS
    )
    value = models.CharField(max_length=sources.MAX_LENGTH, blank=True)
    utm_source = models.CharField(max_length=sources.MAX_LENGTH, blank=True)
    crm_source = models.CharField(max_length=sources.MAX_LENGTH, blank=True)
    crm_description = models.CharField(max_length=sources.MAX_LENGTH, blank=True)
    also_known = models.BooleanField(default=True)  # of a default rule; see `sources.Rule`
    active = models.BooleanField(default=True)

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["portal"], condition=models.Q(field=sources.ANY), name="one_default_rule_a_portal"
            )
        ]

    def __str__(self) -> str:
        matches = sources.in_words(self.rule())
        given = {
            "utm_source": self.utm_source,
            "CRM source": self.crm_source,
            "description": self.crm_description,
        }
        off = "" if self.active else " (off)"
        return f"{matches} -> {', '.join(f'{name} {text}' for name, text in given.items() if text)}{off}"

    def rule(self) -> sources.Rule:
        """The same rule for the matcher."""
        return sources.Rule(
            id=self.pk or 0,
            field=self.field,
            operator=self.operator,
            value=self.value,
            utm_source=self.utm_source,
            crm_source=self.crm_source,
            crm_description=self.crm_description,
            also_known=self.also_known,
            active=self.active,
            position=self.position or 0,
        )


class KnownValue(models.Model):
    """A value that needs no rule, since Bitrix24 knows it, as an administrator has said.

    On the field utm_source these are the names that stand in Sales Intelligence, letter by letter.
    """

    portal = models.ForeignKey(Portal, on_delete=models.CASCADE, related_name="known_values")
    field = models.CharField(max_length=12)
    value = models.CharField(max_length=sources.MAX_LENGTH)

    class Meta:
        ordering = ["field", "value"]
        constraints = [models.UniqueConstraint(fields=["portal", "field", "value"], name="one_known_value")]

    def __str__(self) -> str:
        return f"{self.field}: {self.value}"


class Unmatched(models.Model):
    """How often a value came in a week that no rule matched (`delivery.unmatched`); "" is over the limit."""

    portal = models.ForeignKey(Portal, on_delete=models.CASCADE, related_name="unmatched")
    week = models.DateField()  # its Monday, UTC
    field = models.CharField(max_length=12)
    value = EncryptedTextField(blank=True)
    digest = models.BigIntegerField(default=0)  # of the value; 0 of ""
    count = models.PositiveIntegerField(default=0)
    last_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "unmatched"
        constraints = [
            models.UniqueConstraint(fields=["portal", "week", "field", "digest"], name="one_count_a_value_and_week")
        ]

    def __str__(self) -> str:
        return f"{self.field}: {self.count}"  # not the value: a visitor may have typed it
