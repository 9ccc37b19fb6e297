"""Forms, the submissions that come through them, and every attempt to deliver one."""

from __future__ import annotations

import secrets
import uuid
from typing import Any

from django.core.validators import URLValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from uuid6 import uuid7

from b24app.models import Portal
from traces import sentences
from traces.compose import sources


def new_key() -> str:
    """A form's public key: it stands in web pages and addresses, and says nothing of its portal."""
    return secrets.token_urlsafe(12)


def new_submission_id() -> uuid.UUID:
    """An id that grows with time, so that the index stays small and the oldest come first."""
    return uuid.UUID(int=uuid7().int)


class Kind(models.TextChoices):
    """What a form makes of a submission on the portal."""

    TRACE = "trace", _("A trace alone")
    LINK = "link", _("A trace, linked to existing records")
    LEAD = "lead", _("A lead")
    DEAL = "deal", _("A deal with its contact and company")
    CONTACT = "contact", _("A contact")
    COMPANY = "company", _("A company")
    QUOTE = "quote", _("A quote")
    LEAD_UTM = "lead_utm", _("A lead with UTM fields only")


class Form(models.Model):
    """A public address that takes submissions for one portal."""

    portal = models.ForeignKey(Portal, on_delete=models.CASCADE, related_name="forms")
    name = models.CharField(max_length=120)
    key = models.CharField(max_length=40, unique=True, default=new_key)
    # SHA-256 of the secret; the secret itself is shown once, when it is made.
    secret_hash = models.CharField(max_length=64)
    # The secret before it, good until then, so that a server can be given the new one in peace.
    old_secret_hash = models.CharField(max_length=64, blank=True)
    old_secret_until = models.DateTimeField(null=True, blank=True)
    creates = models.CharField(max_length=12, choices=Kind.choices, default=Kind.TRACE)
    # Web pages that may send, as `https://host[:port]`; an empty list allows every page.
    origins = models.JSONField(default=list, blank=True)
    # Which CRM fields the submitted names go to, by record; what is not named has defaults (`traces.compose.fields`).
    mapping: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict, blank=True)
    # A deal's contact and company are looked for by phone and e-mail before they are made.
    find_existing = models.BooleanField(default=False)
    thank_you_url = models.CharField(max_length=500, blank=True, validators=[URLValidator(["http", "https"])])
    # Against spam: whether a field that no person sees is looked at (`traces.intake.spam`), and how many submissions
    # it takes in a minute (0: any number).
    honeypot = models.BooleanField(default=False)
    max_per_minute = models.PositiveIntegerField(default=0)
    active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.name


class Preferences(models.Model):
    """What a portal's administrators have chosen for the whole portal, and what came of it."""

    class Notify(models.TextChoices):
        """How the administrator is told that deliveries have stopped (`traces.monitoring.notices`)."""

        NONE = "", _("Not at all")
        PORTAL = "portal", _("By a notice in the portal")
        EMAIL = "email", _("By e-mail")

    portal = models.OneToOneField(Portal, on_delete=models.CASCADE, related_name="preferences")
    # Days after which a submission that has ended is deleted with the visitor's data; 0 keeps it.
    retention_days = models.PositiveSmallIntegerField(default=180)
    # Whether users who do not administer the portal see the overview.
    viewers = models.BooleanField(default=False)
    notify = models.CharField(max_length=6, choices=Notify.choices, default=Notify.NONE, blank=True)
    notify_email = models.EmailField(blank=True)
    notify_user_id = models.PositiveIntegerField(null=True, blank=True)
    # Why somebody was told last, and when; cleared once the portal is well again.
    notified_code = models.CharField(max_length=40, blank=True)
    notified_at = models.DateTimeField(null=True, blank=True)
    # The administrator asked that everything received before this time be deleted; done by the sweep.
    erase_before = models.DateTimeField(null=True, blank=True)
    # The first run was finished or left: the application opens with the overview.
    welcomed = models.BooleanField(default=False)

    class Meta:
        verbose_name_plural = "preferences"

    def __str__(self) -> str:
        return f"Preferences of {self.portal_id}"


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
        indexes = [models.Index(fields=["portal", "lease_until"], name="batch_lease")]

    def __str__(self) -> str:
        return str(self.id)


class ShownState(models.TextChoices):
    """A submission's state as people read it: `Submission.State`, and what a queued one of a held portal is called."""

    QUEUED = "queued", _("Waiting for its turn")
    SENDING = "sending", _("Being sent")
    DELIVERED = "delivered", _("Delivered to the portal")
    FAILED = "failed", _("Not delivered")
    HELD = "held", _("Waiting until the portal can be reached again")


class Reasoned(models.Model):
    """Why something has gone as it has: a code and what fills in its sentence, never the sentence itself."""

    code = models.CharField(max_length=60, blank=True)
    params: models.JSONField[dict[str, str | int], dict[str, str | int]] = models.JSONField(default=dict, blank=True)

    class Meta:
        abstract = True

    @property
    def reason(self) -> str:
        """The sentence, in the reader's language; "" where nothing went wrong."""
        return sentences.reason(self.code, self.params)


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

    id = models.UUIDField(primary_key=True, default=new_submission_id, editable=False)
    portal = models.ForeignKey(Portal, on_delete=models.CASCADE, related_name="submissions")
    form = models.ForeignKey(Form, on_delete=models.CASCADE, related_name="submissions", db_index=False)
    received_at = models.DateTimeField(default=timezone.now)
    idempotency_key = models.CharField(max_length=200, null=True, blank=True)  # noqa: DJ001 (NULLs are unequal)
    body_hash = models.CharField(max_length=64)
    body: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField()
    # What it is found by, and what the portal was told of its source once it was delivered (`traces.compose.search`).
    search = models.CharField(max_length=300, blank=True)
    source = models.CharField(max_length=255, blank=True)

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
            models.Index(fields=["portal", "state", "received_at"], name="submission_list"),
            # It holds all that is looked for, so that a search need not read the rows themselves.
            models.Index(fields=["portal", "received_at", "source", "search"], name="submission_search"),
            models.Index(fields=["form", "received_at"], name="submission_form"),
        ]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def shown_state(self) -> ShownState:
        """The state; `HELD` while the submission is queued on a portal that accepts nothing."""
        return self.waiting_state if self.state == Submission.State.QUEUED else ShownState(self.state)

    @property
    def waiting_state(self) -> ShownState:
        """What a queued submission of the portal is called now."""
        return ShownState.QUEUED if self.portal.state == Portal.State.ACTIVE else ShownState.HELD


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

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.method} {self.outcome}"


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

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["portal"], condition=models.Q(field=sources.ANY), name="one_default_rule_a_portal"
            )
        ]

    def __str__(self) -> str:
        condition = self.field if self.field == sources.ANY else f'{self.field} {self.operator} "{self.value}"'
        given = {
            "utm_source": self.utm_source,
            "CRM source": self.crm_source,
            "description": self.crm_description,
        }
        return f"{condition} -> {', '.join(f'{name} {text}' for name, text in given.items() if text)}"

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
        )


class Unmatched(models.Model):
    """How often a value came in a week that no rule matched (`delivery.unmatched`); "" is over the limit."""

    portal = models.ForeignKey(Portal, on_delete=models.CASCADE, related_name="unmatched")
    week = models.DateField()  # its Monday, UTC
    field = models.CharField(max_length=12)
    value = models.CharField(max_length=sources.MAX_LENGTH, blank=True)
    count = models.PositiveIntegerField(default=0)
    last_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "unmatched"
        constraints = [
            models.UniqueConstraint(fields=["portal", "week", "field", "value"], name="one_count_a_value_and_week")
        ]

    def __str__(self) -> str:
        return f"{self.field} {self.value}: {self.count}"
