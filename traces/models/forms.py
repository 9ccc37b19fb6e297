"""Forms, and what an administrator has chosen for a portal."""

from __future__ import annotations

import secrets
from typing import Any

from django.core.validators import URLValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from b24app.host.encryption import EncryptedJSONField, EncryptedTextField
from b24app.models import Portal, Telling
from traces.compose import choices


def new_key() -> str:
    """A form's public key: it stands in web pages and addresses, and says nothing of its portal."""
    return secrets.token_urlsafe(12)


class Kind(models.TextChoices):
    """What a form makes of a submission on the portal."""

    TRACE = "trace", _("Trace only")
    LINK = "link", _("Trace linked to existing records")
    LEAD = "lead", _("Lead")
    DEAL = "deal", _("Deal with contact and company")
    CONTACT = "contact", _("Contact")
    COMPANY = "company", _("Company")
    QUOTE = "quote", _("Quote")
    LEAD_UTM = "lead_utm", _("Lead with UTM fields only")


# The kinds that need a portal that works with leads.
LEADS = (Kind.LEAD, Kind.LEAD_UTM)


class Repeats(models.TextChoices):
    """What becomes of a visitor whose phone or e-mail the CRM knows already (`traces.compose.existing`)."""

    NEW = "new", _("Always create new records")
    FIND = "find", _("Use the existing contact and company")
    JOIN = "join", _("Add to the lead or deal that is still open")


class Captcha(models.TextChoices):
    """Who is asked whether a person has sent a submission (`traces.intake.captcha`)."""

    NONE = "", _("None")
    TURNSTILE = "turnstile", "Cloudflare Turnstile"
    HCAPTCHA = "hcaptcha", "hCaptcha"
    RECAPTCHA = "recaptcha", "Google reCAPTCHA v2"
    RECAPTCHA3 = "recaptcha3", "Google reCAPTCHA v3"


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
    # What the portal says of the mapped fields, by record and field (`traces.setup.forms.field_types`).
    field_types: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict, blank=True)
    # Whose ways of writing dates and numbers the visitors have, as `DE`; empty for those of the portal's language.
    country = models.CharField(max_length=2, blank=True, default="")
    # Whether what is there already is looked for by phone and e-mail before anything is made.
    repeats = models.CharField(max_length=4, choices=Repeats.choices, default=Repeats.NEW)
    # The portal's user who is responsible for new records; None: the portal's chosen administrator.
    assigned_by_id = models.PositiveIntegerField(null=True, blank=True)
    # What makes other records of some submissions, or other people responsible (`traces.compose.choices`), in their
    # order; and how many turns the people of a choice have had, by their numbers (`traces.delivery.rota`).
    choices: models.JSONField[list[dict[str, Any]], list[dict[str, Any]]] = models.JSONField(default=list, blank=True)
    rota: models.JSONField[dict[str, int], dict[str, int]] = models.JSONField(default=dict, blank=True)
    thank_you_url = models.CharField(max_length=500, blank=True, validators=[URLValidator(["http", "https"])])
    # Against spam: whether a field that no person sees is looked at (`traces.intake.spam`), how many seconds the script
    # on a website must have seen a page open (0: any), and how many submissions it takes in a minute (0: any number).
    honeypot = models.BooleanField(default=False)
    min_seconds = models.PositiveSmallIntegerField(default=0)
    max_per_minute = models.PositiveIntegerField(default=0)
    # A captcha with the keys that its provider has given for the site.
    captcha = models.CharField(max_length=10, choices=Captcha.choices, default=Captcha.NONE, blank=True)
    captcha_site_key = models.CharField(max_length=200, blank=True, default="")
    captcha_secret = EncryptedTextField(blank=True, default="")
    # The same body with a phone or an e-mail in it is one submission for so many minutes (0: each is one of its own).
    join_repeats_minutes = models.PositiveSmallIntegerField(default=10)
    # The submitted name of the field that is the visitor's consent; "" recognises the usual ones (`compose.consent`).
    consent_field = models.CharField(max_length=100, blank=True)
    # The portal's agreement in whose list consents are written; None: in none.
    agreement_id = models.PositiveIntegerField(null=True, blank=True)
    active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now)

    objects = Telling.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["portal", "name"],
                name="one_form_a_name",
                violation_error_message=_("Another form already has this name. Choose another one."),
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def kinds(self) -> frozenset[str]:
        """All kinds of which its submissions may become one."""
        return choices.kinds(self.creates, () if self.creates == Kind.LINK else self.choices)


class ConsentText(models.Model):
    """What visitors of a form agree to, since when: a former text stays true of what came under it."""

    form = models.ForeignKey(Form, on_delete=models.CASCADE, related_name="consent_texts")
    text = models.TextField(blank=True)
    since = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["since", "id"]

    def __str__(self) -> str:
        return f"{self.form_id} {self.since:%Y-%m-%d}"


def all_kinds() -> list[str]:
    """What an administrator is told of unless less is chosen."""
    return [Preferences.Kind.STOPPED, Preferences.Kind.REFUSED, Preferences.Kind.SILENT]


class Preferences(models.Model):
    """What a portal's administrators have chosen for the whole portal, and what came of it."""

    class Notify(models.TextChoices):
        """How an administrator is told of what needs attention (`traces.monitoring.notices`)."""

        NONE = "", _("No alerts")
        PORTAL = "portal", _("Bitrix24 notification")
        EMAIL = "email", _("Email message")

    class Kind(models.TextChoices):
        """What an administrator is told of."""

        STOPPED = "stopped", _("Delivery has stopped")
        REFUSED = "refused", _("Submissions were not delivered (immediately, then once a day)")
        SILENT = "silent", _("A form that normally gets submissions goes silent")
        WEEKLY = "weekly", _("Weekly summary")

    portal = models.OneToOneField(Portal, on_delete=models.CASCADE, related_name="preferences")
    # Days after which what the visitor sent is emptied in a submission that has ended; 0 keeps it as long as the rest.
    fields_days = models.PositiveSmallIntegerField(default=30)
    # Days after which the rest, the record of the delivery, is deleted; 0 keeps it.
    retention_days = models.PositiveSmallIntegerField(default=180)
    # Whether users who do not administer the portal see the overview.
    viewers = models.BooleanField(default=False)
    notify = models.CharField(max_length=6, choices=Notify.choices, default=Notify.PORTAL, blank=True)
    notify_email = EncryptedTextField(blank=True)
    # None: the administrator whose token is used first (`Portal.chosen_user_id`).
    notify_user_id = models.PositiveIntegerField(null=True, blank=True)
    tell_of: models.JSONField[list[str], list[str]] = models.JSONField(default=all_kinds, blank=True)
    notices_a_day = models.PositiveSmallIntegerField(default=3)
    # The administrator asked that everything received before this time be deleted; done by the sweep.
    erase_before = models.DateTimeField(null=True, blank=True)
    # Whether what became of the records is read from the portal each night (`traces.history.crm_look`).
    earnings = models.BooleanField(default=True)
    # Filters of the list by their names (`traces.pages.submission_filters`). A source may be a visitor's.
    saved_filters = EncryptedJSONField(default=dict, blank=True)
    # The first run was finished or left: the application opens with the overview.
    welcomed = models.BooleanField(default=False)

    class Meta:
        verbose_name_plural = "preferences"

    def __str__(self) -> str:
        return f"Preferences of {self.portal_id}"
