"""What an administrator types about a form's captcha."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from traces.models import Captcha
from traces.pages.inputs import PageInput

MAX_KEY_LENGTH = 200
_KEY = RegexValidator(r"^[\w.:-]+\Z", _("This is not a key. Keys consist of letters, digits, hyphens and underscores."))
_NO_KEY = _("Copy this key from your captcha provider, or choose no captcha.")


class CaptchaInput(PageInput):
    """A captcha with its two keys; a secret that is not typed stays as it is stored."""

    stored_secret = ""

    captcha = forms.ChoiceField(
        label=_("Captcha"),
        choices=Captcha.choices,
        required=False,
        help_text=_(
            "The script on your website shows the captcha in the form, and the visitor's browser "
            "contacts this provider. Submissions without its confirmation are held as spam; you can "
            "still deliver them. Form builders that submit on their own, such as Tilda, send no "
            "confirmation: don't use a captcha for their forms. If the provider is down, submissions are "
            "delivered with a note."
        ),
    )
    captcha_site_key = forms.CharField(
        label=_("Site key"),
        required=False,
        max_length=MAX_KEY_LENGTH,
        validators=[_KEY],
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    captcha_secret = forms.CharField(
        label=_("Secret key"),
        help_text=_("Stored encrypted and never shown. Leave empty to keep the stored key."),
        required=False,
        max_length=MAX_KEY_LENGTH,
        validators=[_KEY],
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean(self) -> dict[str, Any]:
        """Both keys where there is a captcha, none where there is not."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if not cleaned.get("captcha"):
            return {**cleaned, "captcha": "", "captcha_site_key": "", "captcha_secret": ""}
        cleaned["captcha_secret"] = cleaned.get("captcha_secret") or self.stored_secret
        for name in ("captcha_site_key", "captcha_secret"):
            if not cleaned.get(name) and name not in self.errors:
                self.add_error(name, _NO_KEY)
        return cleaned
