"""Submissions, the batches that carry them, and every attempt to deliver one."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, TypeVar

from django.db import models
from django.db.models.expressions import Combinable
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from uuid6 import uuid7

from b24app.host.encryption import EncryptedJSONField
from b24app.models import Portal
from traces import sentences
from traces.models.forms import Form
from traces.models.source_rules import SourceRule
from traces.models.sources import Source

# As a sender: our own test submission (`traces.pages.start`).
OWN_TEST = "test"


def new_submission_id() -> uuid.UUID:
    """An id that grows with time, so that the index stays small and the oldest come first."""
    return uuid.UUID(int=uuid7().int)


class Batch(models.Model):
    """Submissions that are sent together. It keeps them until each of them is settled (`traces.delivery.claims`).

    Its key is what the mark and the receipt on the portal are known by (`b24app.api.receipts`).
    """

    class State(models.TextChoices):
        """Claimed: a worker makes the commands. Sent: the answer is awaited. Lost: no answer will come."""

        CLAIMED = "claimed", "claimed"
        SENT = "sent", "sent"
        LOST = "lost", "lost"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    portal = models.ForeignKey(Portal, on_delete=models.CASCADE, related_name="batches")
    state = models.CharField(max_length=7, choices=State.choices, default=State.CLAIMED)
    # The slot of its receipt (`b24app.api.receipts.slot_of`); without one nobody can be asked afterwards.
    receipt_slot = models.PositiveSmallIntegerField(null=True, blank=True)
    # Whoever knows this id may settle the batch, until the lease runs out and another worker takes it over.
    lease_id = models.UUIDField()
    lease_until = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)
    # When its answer is expected, by what the portal has needed before; unknown at first.
    expected_at = models.DateTimeField(null=True, blank=True)
    # Why there is no answer, once it is lost.
    code = models.CharField(max_length=60, blank=True)
    # The commands in the order of their keys (`steps.key`): the submission's id, the command's name, its method.
    commands: models.JSONField[list[list[str]], list[list[str]]] = models.JSONField(default=list)

    class Meta:
        verbose_name_plural = "batches"
        indexes = [models.Index(fields=["portal", "lease_until"], name="batch_lease")]

    def __str__(self) -> str:
        return str(self.id)


class ShownState(models.TextChoices):
    """A submission's state as people read it: `Submission.State`, and what a queued one of a held portal is called."""

    QUEUED = "queued", _("Queued")
    SENDING = "sending", _("Sending")
    DELIVERED = "delivered", _("Delivered")
    FAILED = "failed", _("Not delivered")
    HELD = "held", _("Waiting for Bitrix24")
    SPAM = "spam", _("Spam")
    TEST = "test", _("Connection works")


class Reasoned(models.Model):
    """Why something has gone as it has: a code and what fills in its sentence, never the sentence itself."""

    code = models.CharField(max_length=60, blank=True)
    # Encrypted, since the portal's words may quote what a visitor typed.
    params = EncryptedJSONField(default=dict, blank=True)

    class Meta:
        abstract = True

    @property
    def reason(self) -> str:
        """The sentence, in the reader's language; "" where nothing went wrong."""
        return sentences.reason(self.code, self.params)


_M = TypeVar("_M", bound=models.Model)


def _loose_key(to: type[_M]) -> models.ForeignKey[_M | Combinable | None, _M | None]:
    """A key without a constraint: what is gone is not known any more, and no delivery fails for it."""
    return models.ForeignKey(
        to,
        on_delete=models.DO_NOTHING,
        null=True,
        blank=True,
        db_index=False,
        db_constraint=False,
        related_name="+",
    )


class Submission(Reasoned):
    """One request of a visitor, from the moment it was accepted until the portal has it.

    "held" is no value of `state`: a queued submission is held while its portal is (`Portal.state`), so that
    stopping and resuming a portal is one update, however long its queue.
    """

    class State(models.TextChoices):
        QUEUED = "queued", "queued"
        SENDING = "sending", "sending"
        DELIVERED = "delivered", "delivered"
        FAILED = "failed", "failed"
        # What looks like it (`traces.intake.spam`): it is sent only where somebody asks for it by name.
        SPAM = "spam", "spam"
        # A sender's probe: it shows that the connection works, and is never sent.
        TEST = "test", "test"

    id = models.UUIDField(primary_key=True, default=new_submission_id, editable=False)
    portal = models.ForeignKey(Portal, on_delete=models.CASCADE, related_name="submissions")
    form = models.ForeignKey(Form, on_delete=models.CASCADE, related_name="submissions", db_index=False)
    received_at = models.DateTimeField(default=timezone.now)
    # Both are fingerprints (`b24app.host.encryption`): what they were made of is stored nowhere.
    idempotency_key = models.CharField(max_length=200, null=True, blank=True)  # noqa: DJ001 (NULLs are unequal)
    body_hash = models.CharField(max_length=64)
    body = EncryptedJSONField()
    # The key of the sender that posted it (`traces.intake.senders`), "" where none claimed it; and the sender's own
    # id and name of the form.
    sender = models.CharField(max_length=30, blank=True)
    sender_form_id = models.CharField(max_length=100, blank=True)
    sender_form_name = models.CharField(max_length=200, blank=True)
    # What it is found by, as keyed hashes (`traces.delivery.findable`); None until they are made.
    terms = models.TextField(null=True, blank=True)  # noqa: DJ001 (an index holds what is NULL)
    # What the portal was told of its source, once it was delivered. No constraint: a source that is deleted while it is
    # used once more is not known any more, and no delivery fails for it.
    source = models.ForeignKey(
        Source, on_delete=models.DO_NOTHING, null=True, blank=True, db_index=False, db_constraint=False
    )
    # With it: the tags utm_medium and utm_campaign, and the source of the oldest visit known, where there was one
    # before (`traces.compose.search.came_by`). They outlive what the visitor sent, and are counted without reading it.
    medium = _loose_key(Source)
    campaign = _loose_key(Source)
    first_source = _loose_key(Source)
    # The source rule that decided, once it was delivered; it may be gone since.
    rule = _loose_key(SourceRule)
    # What it came by as texts by their fields, from when a worker has delivered it until they are stored.
    came_by: Mapping[str, str] = MappingProxyType({})

    # Whether the visitor agreed, as it was when it came (`traces.compose.consent.state`).
    consent = models.CharField(max_length=7, blank=True)
    # When what the visitor sent was emptied, since its time was over: what is left is the record of the delivery.
    emptied_at = models.DateTimeField(null=True, blank=True)

    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    # When it may be worked on. None while a batch carries it, and once it has ended: so what is due is found by this
    # field alone, in an index that holds nothing else.
    due_at = models.DateTimeField(null=True, blank=True, default=timezone.now)
    # Set while a batch has it whose outcome is not stored yet; it goes with that outcome.
    batch = models.ForeignKey(Batch, on_delete=models.DO_NOTHING, null=True, blank=True, db_index=False)
    # A batch that carried it failed: it travels alone, so that others do not suffer for it.
    isolated = models.BooleanField(default=False)

    # From here on it is tried for three days; sending it again by hand starts them anew.
    trying_since = models.DateTimeField(default=timezone.now)
    tries = models.PositiveSmallIntegerField(default=0)  # attempts that count; waits do not
    repairs: models.JSONField[list[str], list[str]] = models.JSONField(default=list, blank=True)
    # What the portal has made of it so far (`traces.compose.steps`): an interrupted submission resumes behind it.
    progress: models.JSONField[dict[str, int], dict[str, int]] = models.JSONField(default=dict, blank=True)
    trace_id = models.PositiveBigIntegerField(null=True, blank=True)
    entities: models.JSONField[list[dict[str, Any]], list[dict[str, Any]]] = models.JSONField(default=list, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["form", "idempotency_key"], name="one_submission_a_key")]
        indexes = [
            # Small ones, since what has ended is not in them. (SQLite uses them only where the condition follows
            # from the query's own, whatever its values.)
            models.Index(fields=["portal", "due_at"], name="submission_due", condition=models.Q(due_at__isnull=False)),
            models.Index(fields=["batch"], name="submission_batch", condition=models.Q(batch__isnull=False)),
            # What has ended and is not emptied yet. What is taken is in the line first, so that taking it is as cheap.
            models.Index(
                fields=["portal", "received_at"],
                name="submission_personal",
                condition=models.Q(due_at__isnull=True, batch__isnull=True, emptied_at__isnull=True),
            ),
            # With the source, so that counting the sources of what was delivered reads no terms.
            models.Index(fields=["portal", "state", "received_at", "source"], name="submission_list"),
            # It holds all that is looked for, so that a search need not read the rows themselves.
            models.Index(fields=["portal", "received_at", "source", "terms"], name="submission_search"),
            models.Index(fields=["portal"], name="submission_no_terms", condition=models.Q(terms__isnull=True)),
            models.Index(fields=["form", "received_at"], name="submission_form"),
            # All that the overview counts by; what is not delivered is not in it, so that taking it is as cheap.
            models.Index(
                fields=["portal", "received_at", "form", "source", "medium", "campaign", "first_source"],
                name="submission_came_by",
                condition=models.Q(source__isnull=False),
            ),
            # How often a rule decided, and when it did last.
            models.Index(
                fields=["portal", "rule", "received_at"],
                name="submission_rule",
                condition=models.Q(rule__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def source_text(self) -> str:
        """Where it came from, as `traces.compose.search.source_of` says it; "" where that is not known (yet)."""
        return self.came_by_text("source")

    def came_by_text(self, name: str) -> str:
        """One of `traces.compose.search.CAME_BY`; "" where that is not known (yet)."""
        try:
            found = getattr(self, name)
        except Source.DoesNotExist:
            return ""
        return found.text if found else ""

    @property
    def shown_state(self) -> ShownState:
        """The state; `HELD` while the submission is queued on a portal that accepts nothing."""
        return self.waiting_state if self.state == Submission.State.QUEUED else ShownState(self.state)

    @property
    def waiting_state(self) -> ShownState:
        """What a queued submission of the portal is called now."""
        return ShownState.QUEUED if self.portal.state == Portal.State.ACTIVE else ShownState.HELD


class Unwanted(models.Model):
    """A visitor asked that this submission go while it was being sent: it goes once that is settled."""

    submission = models.OneToOneField(Submission, on_delete=models.CASCADE, primary_key=True)

    def __str__(self) -> str:
        return str(self.submission_id)


class Attempt(Reasoned):
    """One call that was made for a submission, or the discovery that a call's outcome is unknown."""

    class Outcome(models.TextChoices):
        DELIVERED = "delivered", "delivered"
        DONE = ("done", "done")  # one step of several
        WAITED = "waited", "waited"
        RETRY = "retry", "retry"
        UNKNOWN = ("unknown", "unknown")  # may have been done: a repetition may be a second one
        HELD = "held", "held"
        REFUSED = "refused", "refused"

    submission = models.ForeignKey(Submission, on_delete=models.CASCADE, related_name="attempts")
    at = models.DateTimeField(default=timezone.now)
    method = models.CharField(max_length=60)
    outcome = models.CharField(max_length=10, choices=Outcome.choices)
    milliseconds = models.PositiveIntegerField(default=0)
    # What was asked and what the portal answered, without any value that a visitor may have typed
    # (`traces.delivery.exchange`). None where it was not kept, or its time is over (`EXCHANGE_DAYS`).
    exchange = models.TextField(null=True, blank=True)  # noqa: DJ001 (the index below holds what is not NULL)

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["at"], name="attempt_exchange", condition=models.Q(exchange__isnull=False))]

    def __str__(self) -> str:
        return f"{self.method} {self.outcome}"
