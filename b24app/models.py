"""Portals, the administrators whose tokens serve them, and the journal of their events."""

from __future__ import annotations

from functools import partial
from typing import Any, TypeVar

from django.conf import settings
from django.db import models, transaction
from django.dispatch import Signal
from django.utils import timezone

from b24app.host.encryption import EncryptedTextField

Row = TypeVar("Row", bound=models.Model, covariant=True)
# Rows of the sender were changed by an `update`, of which Django itself tells nobody.
updated = Signal()


class Telling(models.QuerySet[Row]):
    """Tells of its updates in this process, at once and again when others can see them."""

    def update(self, **values: Any) -> int:
        """As Django has it."""
        number = super().update(**values)
        updated.send(self.model)
        transaction.on_commit(partial(updated.send, self.model), using=self.db)
        return number

    update.alters_data = True  # type: ignore[attr-defined]


class Portal(models.Model):
    """One Bitrix24 account, known by its `member_id`, which survives a change of its domain.

    A portal connected by an incoming webhook has a `member_id` of our making and `webhook_url` set; it has
    neither users nor an application token.
    """

    class State(models.TextChoices):
        ACTIVE = "active", "active"
        HELD = "held", "held"  # the queue waits for somebody to act; hold_code says why
        UNINSTALLED = "uninstalled", "uninstalled"

    class Tariff(models.TextChoices):
        """How fast the portal may be sent to, by its plan (`b24app.pace.limits.TARIFFS`)."""

        STANDARD = "standard", "standard"
        ENTERPRISE = "enterprise", "enterprise"
        UNLIMITED = ("unlimited", "unlimited")  # on the company's own server

    member_id = models.CharField(max_length=64, unique=True)
    domain = models.CharField(max_length=255)
    client_endpoint = models.CharField(max_length=300, blank=True)
    oauth_host = models.CharField(max_length=255, blank=True)
    webhook_url = EncryptedTextField(blank=True)
    application_token = EncryptedTextField(blank=True)
    scope = models.TextField(blank=True)
    app_status = models.CharField(max_length=2, blank=True)
    app_version = models.PositiveIntegerField(default=0)
    language = models.CharField(max_length=5, default="en")

    state = models.CharField(max_length=12, choices=State.choices, default=State.ACTIVE)
    hold_code = models.CharField(max_length=40, blank=True)
    held_since = models.DateTimeField(null=True, blank=True)
    probe_at = models.DateTimeField(null=True, blank=True)
    # The portal asked for patience: nothing is sent before this time.
    paused_until = models.DateTimeField(null=True, blank=True)
    pauses = models.PositiveSmallIntegerField(default=0)
    # How many probes in a row have failed; they come less and less often.
    probes = models.PositiveSmallIntegerField(default=0)
    # How many requests in a row were turned away by what stands before the portal, none with rows having passed.
    turned_away = models.PositiveSmallIntegerField(default=0)
    # The methods that this portal does not offer: what needs them waits, the rest goes on (`b24app.portal.hold`).
    held_methods: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict, blank=True)

    # The administrator whose token is used first, and who is responsible for new records; None: not chosen.
    chosen_user_id = models.PositiveIntegerField(null=True, blank=True)
    # Whether its CRM works without leads ("simple CRM"); None: not asked.
    simple_crm = models.BooleanField(null=True, blank=True)

    tariff = models.CharField("plan", max_length=12, choices=Tariff.choices, default=Tariff.STANDARD)
    # How many of `b24app.api.receipts.OPTION_SETS`, from the first on, a batch may leave its receipt in.
    receipt_option_sets = models.PositiveSmallIntegerField(default=2)

    # Sessions of before an uninstall, and those of an administrator who was removed or demoted, are good no more
    # (`b24app.portal.epochs`); the latter by the user's number.
    epoch = models.PositiveIntegerField(default=0)
    administrator_epochs: models.JSONField[dict[str, int], dict[str, int]] = models.JSONField(default=dict, blank=True)

    # When its events were last found bound to our address; None: to be looked at when it is opened.
    events_bound_at = models.DateTimeField(null=True, blank=True)
    # Whether its cards and menus lead to us (`b24app.portal.placements`); and when they were last found to do so.
    places = models.BooleanField(default=True)
    places_bound_at = models.DateTimeField(null=True, blank=True)

    installed_at = models.DateTimeField(default=timezone.now)
    uninstalled_at = models.DateTimeField(null=True, blank=True)
    # The administrator asked at uninstall that all data be deleted.
    clean_requested_at = models.DateTimeField(null=True, blank=True)

    objects = Telling.as_manager()

    class Meta:
        indexes = [models.Index(fields=["state"], name="portal_state")]

    def __str__(self) -> str:
        return self.domain

    @property
    def by_webhook(self) -> bool:
        """Whether this portal is reached by an incoming webhook instead of the installed application."""
        return bool(self.webhook_url)

    @classmethod
    def named(cls, text: str) -> Portal | None:
        """The portal that an operator means by a `member_id`, or by a domain that it alone has."""
        if found := cls.objects.filter(member_id=text).first():
            return found
        there = cls.objects.filter(domain=text.strip().lower()).exclude(state=cls.State.UNINSTALLED)[:2]
        return there[0] if len(there) == 1 else None


class PortalUser(models.Model):
    """An administrator of a portal and the pair of tokens that the portal gave for this user."""

    class State(models.TextChoices):
        ACTIVE = "active", "active"
        BARRED = ("barred", "barred")  # the pair works, but this user may not do what is asked; tried again by a probe
        DEAD = ("dead", "dead")  # the pair is of no use until this user opens the application again

    portal = models.ForeignKey(Portal, on_delete=models.CASCADE, related_name="users")
    user_id = models.PositiveIntegerField()
    access_token = EncryptedTextField()
    refresh_token = EncryptedTextField()
    # Grows with every new pair: a renewal that lost a race sees that it need not be made.
    version = models.PositiveIntegerField(default=1)
    state = models.CharField(max_length=8, choices=State.choices, default=State.ACTIVE)
    dead_code = models.CharField(max_length=40, blank=True)
    renewed_at = models.DateTimeField(default=timezone.now)
    # When a call with it, or its renewal, was last answered.
    proved_at = models.DateTimeField(null=True, blank=True)
    # When the OAuth server was last asked for a new pair, whatever it answered.
    refresh_tried_at = models.DateTimeField(null=True, blank=True)
    # Who is renewing this pair right now, and until when that may be believed.
    renewal_id = models.UUIDField(null=True, blank=True)
    renewal_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["portal", "user_id"], name="one_row_a_portal_user")]

    def __str__(self) -> str:
        return f"{self.user_id}@{self.portal_id}"


class PortalEvent(models.Model):
    """A proven event in the application's life on a portal. No tokens, no names."""

    member_id = models.CharField(max_length=64, db_index=True)
    event = models.CharField(max_length=40)
    at = models.DateTimeField(default=timezone.now)
    # By which the same event is known when it is sent again (`b24app.portal.events`).
    digest = models.CharField(max_length=64, blank=True, db_index=True)

    def __str__(self) -> str:
        return f"{self.event} {self.at:%Y-%m-%d %H:%M:%S}"


class SecondFactor(models.Model):
    """What an operator's authenticator app makes its codes of (RFC 6238); without one the password is enough."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="second_factor")
    secret = EncryptedTextField()
    # The 30 seconds whose code was used last: none is good twice.
    last_step = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"Second factor of {self.user_id}"
