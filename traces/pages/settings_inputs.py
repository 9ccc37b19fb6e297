"""What an administrator chooses on the page "settings"."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from b24app.models import Portal
from traces.history import visitor_requests
from traces.models import Preferences
from traces.monitoring import notices
from traces.pages.inputs import NumberField, PageInput, SwitchField, filled, one_answer

MIN_DAYS, MAX_DAYS = 3, 3650
MAX_EMAIL_LENGTH = 254
MAX_NOTICES = 50
_NO_CONTACT = _("This is neither a phone number nor an email address. Enter it as the visitor wrote it.")

Notify = Preferences.Notify
TARIFFS: tuple[tuple[Portal.Tariff, Promise, Promise], ...] = (
    (
        Portal.Tariff.STANDARD,
        _("Standard: 2 requests per second"),
        _("All cloud plans except Enterprise."),
    ),
    (
        Portal.Tariff.ENTERPRISE,
        _("Enterprise: 5 requests per second"),
        _("The Enterprise plan in the cloud."),
    ),
    (
        Portal.Tariff.UNLIMITED,
        _("On-premise: no limit"),
        _("Bitrix24 does not limit requests there."),
    ),
)


class DaysField(NumberField):
    """A number of days, at least three: the Market asks that what was asked of the portal and answered is kept so long.

    0 stands for ever.
    """

    def __init__(self, **options: Any) -> None:
        text = _("Enter a number of days from %(least)s to %(most)s, or 0 to keep everything.")
        super().__init__(
            min_value=0,
            max_value=MAX_DAYS,
            widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
            error_messages=one_answer(filled(text, least=MIN_DAYS, most=MAX_DAYS)),
            **options,
        )

    def clean(self, value: Any) -> int:
        days: int = super().clean(value)
        if 0 < days < MIN_DAYS:
            raise ValidationError(self.error_messages["invalid"])
        return days


class RetentionInput(PageInput):
    """After how many days what has ended is emptied, and after how many it is deleted."""

    ids = "settings-%s"

    fields_days = DaysField(
        label=_("Days to keep visitors' data"),
        help_text=_(
            "Everything they typed, their visit and what Bitrix24 said about it. Enter 0 to keep "
            "it as long as the delivery record."
        ),
    )
    retention_days = DaysField(
        label=_("Days to keep the delivery record"),
        help_text=_("Form, source, status, times and CRM record IDs. Enter 0 to keep it until you delete it."),
    )

    def clean(self) -> dict[str, Any]:
        """What visitors sent goes no later than the rest."""
        cleaned: dict[str, Any] = super().clean() or {}
        fields, rest = cleaned.get("fields_days"), cleaned.get("retention_days")
        if fields and rest and fields > rest:
            self.add_error("fields_days", _("This is longer than the delivery record is kept. Enter fewer days, or 0."))
        return cleaned


class WayRadios(forms.RadioSelect):
    """Radio buttons of which some have attributes of their own (`option_attrs`), by their values."""

    option_attrs: Mapping[str, Mapping[str, Any]] = {}

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option = super().create_option(name, value, *args, **kwargs)
        option["attrs"] |= self.option_attrs.get(value, {})
        return option


class NoticesInput(PageInput):
    """Who is told of what, how, and how often."""

    ids = "settings-%s"

    notify = forms.ChoiceField(
        label=_("Method"),
        choices=Notify.choices,
        required=False,
        widget=WayRadios,
        error_messages=one_answer(_("Choose one of the three options.")),
    )
    notify_email = forms.EmailField(
        label=_("Email address for alerts"),
        help_text=_("Used as a fallback if Bitrix24 rejects a notification."),
        required=False,
        max_length=MAX_EMAIL_LENGTH,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        error_messages=one_answer(_("This is not an email address. Enter one like name@company.com.")),
    )

    tell_of = forms.MultipleChoiceField(
        label=_("Events"),
        choices=Preferences.Kind.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        error_messages=one_answer(_("Choose from the list.")),
    )
    notices_a_day = NumberField(
        label=_("Maximum alerts per day"),
        required=False,
        min_value=1,
        max_value=MAX_NOTICES,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
        error_messages=one_answer(filled(_("Enter a number from 1 to %(most)s."), most=MAX_NOTICES)),
    )

    def __init__(self, portal: Portal, data: Mapping[str, Any] | None = None, **options: Any) -> None:
        super().__init__(data, **options)
        self.may_notify = notices.may_notify(portal)
        self.has_mail = notices.mail_is_set_up()
        ways = self.fields["notify"].widget
        assert isinstance(ways, WayRadios)
        ways.option_attrs = self._option_attrs()

    def _option_attrs(self) -> dict[str, dict[str, Any]]:
        blocked = not self.may_notify and self["notify"].value() != Notify.PORTAL
        return {
            Notify.PORTAL: {"aria-describedby": "notify-portal-help", "disabled": blocked},
            Notify.EMAIL: {} if self.has_mail else {"aria-describedby": "notify-mail-help"},
        }

    def clean_notify(self) -> str:
        """The way, where the portal allows it."""
        way: str = self.cleaned_data["notify"]
        if way == Notify.PORTAL and not self.may_notify:
            raise ValidationError(
                _("The application may not send notifications in this Bitrix24. Choose email instead.")
            )
        return way

    def clean_notices_a_day(self) -> int:
        """The number, or the usual one."""
        return self.cleaned_data["notices_a_day"] or Preferences().notices_a_day

    def clean(self) -> dict[str, Any]:
        """Notices by e-mail need an address."""
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("notify") == Notify.EMAIL and cleaned.get("notify_email") == "":
            self.add_error("notify_email", self.fields["notify_email"].error_messages["invalid"])
        return cleaned


def _tariffs() -> list[tuple[str, str]]:
    return [(tariff.value, format_html("{}<br><small>{}</small>", label, about)) for tariff, label, about in TARIFFS]


class TariffInput(PageInput):
    """Which tariff the portal has; an administrator knows it as the plan."""

    ids = "settings-%s"

    tariff = forms.ChoiceField(
        label=_("Bitrix24 plan"),
        choices=_tariffs,
        widget=forms.RadioSelect,
        error_messages=one_answer(_("Choose one of the plans.")),
    )


class ViewersInput(PageInput):
    """Whether users who do not administer the portal see the overview."""

    ids = "settings-%s"

    viewers = SwitchField(
        label=_("Others may see the overview"),
        help_text=_("The overview shows only figures: no names, phone numbers or email addresses."),
    )


class CrmInput(PageInput):
    """What is read from the CRM, and where the CRM shows us."""

    ids = "settings-%s"

    earnings = SwitchField(
        label=_("Read the results of leads and deals from the CRM"),
        help_text=_(
            "Once a night, figures only: stage, amount, currency and dates. Turning this off deletes the figures here."
        ),
    )
    places = SwitchField(
        label=_("Show the visitor journey in CRM records"),
        help_text=_("Adds a tab to leads, deals, contacts and companies, for everyone who can open the record."),
    )


class EraseInput(PageInput):
    """That the administrator knows what is going to be deleted."""

    ids = "settings-%s"
    # The answer says more than the browser's own "check this box".
    use_required_attribute = False

    sure = forms.BooleanField(
        label=_("I understand that this can't be undone."),
        error_messages=one_answer(_("Select the check box first: you can't restore deleted data.")),
    )


class VisitorInput(PageInput):
    """The visitor's phone or e-mail."""

    ids = "visitor-%s"

    contact = forms.CharField(
        label=_("Visitor's phone or email"),
        max_length=250,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        error_messages=one_answer(_NO_CONTACT),
    )

    def clean_contact(self) -> str:
        """The contact, where it is one."""
        contact: str = self.cleaned_data["contact"]
        if not visitor_requests.is_contact(contact):
            raise ValidationError(_NO_CONTACT)
        return contact
