"""What became of the leads and deals that we made: figures only, read from the portal each night, and no names."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from b24app.models import Portal
from traces.models.forms import Form
from traces.models.sources import Source


class CrmRecord(models.Model):
    """A lead or a deal that we made, or a deal that came of such a lead, as the portal listed it last.

    It outlives its submission, so that money that comes after months is still known by its source. What a look finds
    (`traces.history.crm_look`) is written over it: all but the form, the source and the campaign can be read anew.
    """

    class Semantic(models.TextChoices):
        """What the portal's stages mean, whatever they are called."""

        OPEN = "P", "open"
        WON = "S", "won"
        LOST = "F", "lost"

    portal = models.ForeignKey(Portal, on_delete=models.CASCADE, related_name="crm_records")
    # `lead` or `deal`, and its ID on the portal.
    record = models.CharField(max_length=4)
    number = models.PositiveBigIntegerField()
    # The ID of the lead that a deal came of, where that lead is one of these.
    lead = models.PositiveBigIntegerField(null=True, blank=True)
    form = models.ForeignKey(Form, on_delete=models.SET_NULL, null=True, blank=True, db_index=False)
    # As `Submission.source` has it; and the text of `utm_campaign`. None: there was none.
    source = models.ForeignKey(Source, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    campaign = models.ForeignKey(Source, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    # When the visitor sent the form; where that is not known any more, when the record was made.
    came_at = models.DateTimeField()
    semantic = models.CharField(max_length=1, choices=Semantic.choices, default=Semantic.OPEN)
    amount = models.DecimalField(max_digits=18, decimal_places=2, default=0)
    currency = models.CharField(max_length=3, blank=True)
    closed_on = models.DateField(null=True, blank=True)
    looked_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["portal", "record", "number"], name="one_row_a_crm_record")]
        indexes = [models.Index(fields=["portal", "came_at"], name="crm_record_came")]

    def __str__(self) -> str:
        return f"{self.record} {self.number}"


class CrmLook(models.Model):
    """How far the nightly look at a portal's records has come (`traces.history.crm_look`)."""

    portal = models.OneToOneField(Portal, on_delete=models.CASCADE, related_name="crm_look")
    # When it begins, or goes on where one is under way.
    next_at = models.DateTimeField(default=timezone.now)
    # Another worker leaves it alone until then.
    lease_until = models.DateTimeField(null=True, blank=True)
    # The look that is under way: since when; what was changed from `since` on is read, everything where that is None;
    # how far each list was read.
    began_at = models.DateTimeField(null=True, blank=True)
    since = models.DateTimeField(null=True, blank=True)
    cursors: models.JSONField[dict[str, int], dict[str, int]] = models.JSONField(default=dict, blank=True)
    requests = models.PositiveIntegerField(default=0)
    # The last look that came to its end: when it began, when it ended; and the last one that read everything.
    last_began_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    complete_at = models.DateTimeField(null=True, blank=True)
    # Why the last try did not get on, as `b24app.api.errors` calls it; "" where it did.
    code = models.CharField(max_length=60, blank=True)

    class Meta:
        indexes = [models.Index(fields=["next_at"], name="crm_look_next")]

    def __str__(self) -> str:
        return f"Look at the records of {self.portal_id}"
