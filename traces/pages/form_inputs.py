"""What an administrator types to make a form, and into its settings."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator, URLValidator
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from b24app.models import Portal
from traces.compose import existing
from traces.models import LEADS, Form, Kind, Repeats
from traces.pages.address_inputs import AddressField, origin_of
from traces.pages.captcha_inputs import CaptchaInput
from traces.pages.inputs import NameField, NumberField, PageInput, filled, one_answer

MAX_NAME_LENGTH, MAX_ADDRESS_LENGTH = 120, 500
MAX_ORIGINS, MAX_PER_MINUTE, MAX_JOIN_MINUTES, MAX_SECONDS = 50, 10_000, 1440, 60

# What each kind is for, in one sentence; those that most sites need first.
KINDS = {
    Kind.LEAD: _("Creates a lead from each submission, with the visit that led to it. Right for most websites."),
    Kind.DEAL: _("Creates a deal from each submission, with a contact and, if the visitor names one, a company."),
    Kind.CONTACT: _("Creates a contact from each submission, with the visit."),
    Kind.COMPANY: _("Creates a company from each submission, with the visit."),
    Kind.QUOTE: _("Creates a quote from each submission, with the visit."),
    Kind.LEAD_UTM: _("Creates a lead with the ad tags in its UTM fields. Visited pages are not stored."),
    Kind.TRACE: _("Stores only the visit in Bitrix24. No CRM record is created."),
    Kind.LINK: _("Your server has already created the records and specifies them. The visit is added to them."),
}
# What a form can do about visitors whom the CRM knows already.
REPEATS = {
    Repeats.NEW: _("Creates new records from each submission."),
    Repeats.FIND: _(
        "Looks for the same phone or email. A new deal or lead is linked to the existing contact and "
        "company; a form for contacts or companies adds a comment to the existing record."
    ),
    Repeats.JOIN: _(
        "For leads and deals: if one with the same phone or email is still open, the submission becomes "
        "a comment there, with the visit. Otherwise as above."
    ),
}
_NO_LEADS = _(
    "Not available: your CRM works without leads (simple CRM mode) and converts each lead to a deal at "
    "once. Create deals instead, or turn leads on in the CRM settings and then open “Health” to refresh "
    "this check."
)
_NOT_REPEATED = _("This form can't look for existing records in this way. Choose another option.")
MAX_USER_ID = 2**31 - 1
_NO_PAGE = _(
    "This is not a web page address. Enter the full address, such as "
    "https://shop.example/thanks, or leave the field empty."
)


class KindSelect(forms.RadioSelect):
    """The kinds of form; those in `unavailable` cannot be chosen."""

    unavailable: frozenset[str] = frozenset()

    def create_option(self, name: str, value: Any, *args: Any, **options: Any) -> dict[str, Any]:
        """An option, switched off where it cannot be chosen."""
        option: dict[str, Any] = super().create_option(name, value, *args, **options)
        if str(value) in self.unavailable:
            option["attrs"]["disabled"] = True
        return option


def _kinds(unavailable: Collection[str] = ()) -> list[tuple[str, str]]:
    texts = {kind: _NO_LEADS if kind.value in unavailable else KINDS[kind] for kind in KINDS}
    return [(kind.value, format_html("{}<br><small>{}</small>", kind.label, text)) for kind, text in texts.items()]


def _repeats(kind: str = "") -> list[tuple[str, str]]:
    """What a form can do about known visitors; only what does something for its kind, where one is given."""
    shown = [one for one in REPEATS if not kind or one in existing.repeats_of(kind)]
    return [(one.value, format_html("{}<br><small>{}</small>", one.label, REPEATS[one])) for one in shown]


class NewFormInput(PageInput):
    """What makes a form: its name and its kind. `own` is the form that has them already."""

    ids = "form-%s"

    name = NameField(
        label=_("Name"),
        help_text=_("For example, “Order form”. Shown at the start of each new record's title."),
        max_length=MAX_NAME_LENGTH,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages=one_answer(filled(_("Enter a name of at most %(most)s characters."), most=MAX_NAME_LENGTH)),
    )
    creates = forms.ChoiceField(
        label=_("Creates"),
        choices=_kinds,
        initial=Kind.LEAD,
        widget=KindSelect,
        error_messages=one_answer(_("Choose what the form creates.")),
    )

    def __init__(
        self, portal: Portal, data: Mapping[str, Any] | None = None, *, own: Form | None = None, **options: Any
    ) -> None:
        super().__init__(data, **options)
        self.portal, self.own = portal, own
        self.without_leads = portal.simple_crm is True
        if not self.without_leads:
            return
        field, unavailable = self.fields["creates"], frozenset(map(str, LEADS)) - {own.creates if own else ""}
        assert isinstance(field, forms.ChoiceField) and isinstance(field.widget, KindSelect)
        field.choices, field.initial = _kinds(unavailable), Kind.DEAL
        field.widget.unavailable = unavailable

    def clean_name(self) -> str:
        """The name, which no other form of the portal has."""
        name: str = self.cleaned_data["name"]
        others = Form.objects.filter(portal=self.portal, name=name)
        if others.exclude(pk=self.own.pk if self.own else 0).exists():
            raise ValidationError(_("Another form already has this name. Choose another one."))
        return name

    def clean_creates(self) -> str:
        """The kind; one of leads only where the portal has them."""
        kind: str = self.cleaned_data["creates"]
        widget = self.fields["creates"].widget
        if isinstance(widget, KindSelect) and kind in widget.unavailable:
            raise ValidationError(_NO_LEADS)
        return kind


class FormSettingsInput(NewFormInput, CaptchaInput):
    """All settings of a form."""

    active = forms.BooleanField(label=_("Accept submissions"), required=False)
    repeats = forms.ChoiceField(
        label=_("Returning visitors"),
        choices=_repeats,
        initial=Repeats.NEW,
        widget=forms.RadioSelect,
        error_messages=one_answer(_("Choose what to do with returning visitors.")),
    )
    assigned_by_id = NumberField(
        label=_("Responsible person"),
        help_text=_(
            "The user ID, shown in the address of the user's profile in Bitrix24. If empty, the "
            "administrator chosen in the settings is responsible."
        ),
        required=False,
        min_value=1,
        max_value=MAX_USER_ID,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
        error_messages=one_answer(_("Enter a user ID, such as 7, or leave the field empty.")),
    )
    country = forms.CharField(
        label=_("Visitors' country"),
        help_text=_(
            "Two letters, such as DE. Dates and numbers are read as they are written there. If empty, "
            "the portal's language decides."
        ),
        required=False,
        max_length=2,
        validators=[RegexValidator("^[A-Za-z]{2}$")],
        widget=forms.TextInput(attrs={"autocomplete": "off", "placeholder": "DE"}),
        error_messages=one_answer(_("Enter a two-letter country code, such as DE, or leave the field empty.")),
    )
    origins = forms.CharField(
        label=_("Allowed websites"),
        help_text=_("One address per line. If empty, the form accepts submissions from any website."),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false", "placeholder": "https://shop.example"}),
    )
    thank_you_url = AddressField(
        label=_("Thank-you page"),
        help_text=_(
            "Visitors land here after submitting a plain HTML form. If empty, they see a short thank-you "
            "page from Trace Relay."
        ),
        required=False,
        max_length=MAX_ADDRESS_LENGTH,
        validators=[URLValidator(["http", "https"])],
        widget=forms.TextInput(attrs={"inputmode": "url", "placeholder": "https://shop.example/thanks"}),
        error_messages=one_answer(_NO_PAGE),
    )
    honeypot = forms.BooleanField(
        label=_("Hidden field for bots"),
        help_text=_(
            "Adds a field to the HTML form that people don't see, with a unique name per form. "
            "Submissions that fill it in are held as spam; you can still deliver them."
        ),
        required=False,
    )
    min_seconds = NumberField(
        label=_("Minimum time on the page (seconds)"),
        help_text=_(
            "Submissions that the script sends sooner after the page was opened are held as spam; 2 "
            "seconds stop most bots. Plain HTML forms without the script are always accepted. If empty, "
            "there is no minimum."
        ),
        required=False,
        min_value=0,
        max_value=MAX_SECONDS,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
        error_messages=one_answer(
            filled(_("Enter a number from 1 to %(most)s, or leave the field empty for no limit."), most=MAX_SECONDS)
        ),
    )
    max_per_minute = NumberField(
        label=_("Submissions per minute"),
        help_text=_('Above this, submissions are rejected with "try again in a minute". If empty, there is no limit.'),
        required=False,
        min_value=0,
        max_value=MAX_PER_MINUTE,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
        error_messages=one_answer(
            filled(_("Enter a number from 1 to %(most)s, or leave the field empty for no limit."), most=MAX_PER_MINUTE)
        ),
    )

    join_repeats_minutes = NumberField(
        label=_("Merge repeated submissions within (minutes)"),
        help_text=_(
            "The same submission with a phone number or email, sent again within this time, counts once. "
            "Enter 0 to keep all of them."
        ),
        min_value=0,
        max_value=MAX_JOIN_MINUTES,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
        error_messages=one_answer(filled(_("Enter a number from 0 to %(most)s."), most=MAX_JOIN_MINUTES)),
    )

    @classmethod
    def of_form(cls, form: Form) -> FormSettingsInput:
        """The settings as they are stored."""
        stored = {name: getattr(form, name) for name in cls.base_fields if name != "captcha_secret"}
        return cls(
            form.portal,
            own=form,
            initial={
                **stored,
                "origins": "\n".join(form.origins),
                "max_per_minute": form.max_per_minute or None,
                "min_seconds": form.min_seconds or None,
            },
        )

    @property
    def known_visitors(self) -> forms.BoundField:
        """What can be done about known visitors by the chosen kind of form, to be shown."""
        kind = str(self["creates"].value() or "")
        field = self.fields["repeats"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = _repeats(kind if kind in Kind.values else "")
        return self["repeats"]

    def clean(self) -> dict[str, Any]:
        """Visitors can be looked for only where the form makes what is found by phone or e-mail."""
        cleaned: dict[str, Any] = super().clean() or {}
        repeats, kind = cleaned.get("repeats"), cleaned.get("creates")
        if repeats and kind and repeats not in existing.repeats_of(kind):
            self.add_error("repeats", _NOT_REPEATED)
        return cleaned

    def clean_origins(self) -> list[str]:
        """The sites, as browsers name them."""
        lines = filter(None, map(str.strip, self.cleaned_data["origins"].splitlines()))
        origins = list(dict.fromkeys(map(origin_of, lines)))
        if len(origins) > MAX_ORIGINS:
            raise ValidationError(_("A form can have at most %(most)s sites."), params={"most": MAX_ORIGINS})
        return origins

    def clean_country(self) -> str:
        """The country in capital letters."""
        country: str = self.cleaned_data["country"]
        return country.upper()

    def clean_thank_you_url(self) -> str:
        """The address, where it can be printed."""
        address: str = self.cleaned_data["thank_you_url"]
        if not address.isprintable():
            raise ValidationError(_NO_PAGE)
        return address

    def clean_min_seconds(self) -> int:
        """The least time, 0 for none."""
        return self.cleaned_data["min_seconds"] or 0

    def clean_max_per_minute(self) -> int:
        """The limit, 0 for none."""
        return self.cleaned_data["max_per_minute"] or 0


class SecretInput(PageInput):
    """How a form's secret is renewed."""

    at_once = forms.BooleanField(label=_("Disable the old secret now because it has leaked"), required=False)
