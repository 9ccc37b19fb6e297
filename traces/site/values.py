"""What the public texts are filled with: who the vendor is, as the settings say, and how long data is kept."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from b24app.checks import LOOPBACK, VENDOR
from traces.models import Preferences

_DAYS = ("UNINSTALLED_DAYS", "CLEAN_GRACE_DAYS", "HELD_DAYS", "EXCHANGE_DAYS")


def on_this_machine() -> bool:
    """Whether nobody but the operator can see the pages."""
    return urlsplit(settings.APP_URL).hostname in LOOPBACK


def missing() -> list[str]:
    """The settings about the vendor that the texts need and that are empty."""
    return [name for name in VENDOR if not getattr(settings, name)]


def values() -> dict[str, SafeString]:
    """HTML by the names that the texts use."""
    days = {name: format_html("{}", f"{getattr(settings, name):g}") for name in _DAYS}
    vendor = {name: _shown(name, getattr(settings, name)) for name in VENDOR}
    chosen = {
        name.upper(): format_html("{}", getattr(Preferences(), name)) for name in ("fields_days", "retention_days")
    }
    return {**days, **chosen, **vendor, "APP_URL": format_html("{}", settings.APP_URL)}


def _shown(name: str, value: str) -> SafeString:
    if not value:
        return format_html("<mark>{}</mark>", name) if on_this_machine() else format_html("{}", _unknown(name))
    if name == "VENDOR_EMAIL":
        return format_html('<a href="mailto:{0}">{0}</a>', value)
    if name == "VENDOR_SITE":
        return format_html('<a href="{0}">{0}</a>', value)
    return format_html("{}", value)


def _unknown(name: str) -> str:
    """What a visitor reads in the place of a setting that the operator of a public address has left empty."""
    if name == "VENDOR_NAME":
        host = urlsplit(settings.APP_URL).hostname or settings.APP_URL
        return _("the operator of %(host)s") % {"host": host}
    return _("not stated")
