"""Settings that must not meet, found at the start instead of at the first customer."""

import sqlite3  # the one that b24app.host.patches put in place
import ssl
from collections.abc import Sequence
from ipaddress import ip_network
from typing import Any
from urllib.parse import urlsplit

from cryptography.fernet import Fernet
from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import DatabaseError, connection

from b24app.host import encrypted_columns, sqlite

# An application with such an address serves nobody but this machine: it may do without secrets.
LOOPBACK = {"localhost", "127.0.0.1", "::1"}
MIN_SECRET_LENGTH = 32
# What the public texts say of whoever offers this installation (docs/legal, docs/help).
VENDOR = (
    *["VENDOR_NAME", "VENDOR_EMAIL", "VENDOR_SITE", "VENDOR_ADDRESS", "VENDOR_PHONE", "VENDOR_HOURS"],
    *["VENDOR_DATA_LOCATION", "VENDOR_LAW"],
)
MAKE_KEY = "from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())"


@register(Tags.security)
def settings_fit(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Secrets are set where the application has a public address, and every value can be used."""
    problems: list[CheckMessage] = []
    public = urlsplit(settings.APP_URL).hostname not in LOOPBACK
    hint = f"`make env` writes one into a new .env. By hand: any random text of {MIN_SECRET_LENGTH} characters or more."
    if public and settings.SECRET_KEY == settings.INSECURE_SECRET_KEY:
        problems.append(Error("DJANGO_SECRET_KEY is not set.", hint=hint, id="b24app.E001"))
    elif public and len(settings.SECRET_KEY) < MIN_SECRET_LENGTH:
        problems.append(Warning("DJANGO_SECRET_KEY is short.", hint=hint, id="b24app.W001"))
    if public and not settings.FIELD_ENCRYPTION_KEYS:
        hint = f"`make env` writes one into a new .env. By hand: .venv/bin/python -c '{MAKE_KEY}'"
        problems.append(Error("FIELD_ENCRYPTION_KEYS is not set.", hint=hint, id="b24app.E002"))
    for key in settings.FIELD_ENCRYPTION_KEYS:
        try:
            Fernet(key)
        except ValueError:
            hint = "Each key is 32 bytes in URL-safe base64; separate several by commas."
            problems.append(Error("FIELD_ENCRYPTION_KEYS holds a key of a wrong form.", hint=hint, id="b24app.E003"))
    if public and settings.B24_ALLOW_INSECURE_PORTALS:
        hint = "Leave it out: it lets tokens travel unencrypted, and requests reach this network's own hosts."
        problems.append(Warning("B24_ALLOW_INSECURE_PORTALS is for this machine alone.", hint=hint, id="b24app.W002"))
    insecure = [host for host in settings.B24_OAUTH_HOSTS if urlsplit(host).scheme != "https"]
    if not settings.B24_OAUTH_HOSTS or (insecure and not settings.B24_ALLOW_INSECURE_PORTALS):
        hint = "Give base URLs such as https://oauth.bitrix.info, separated by commas."
        problems.append(Error("B24_OAUTH_HOSTS must be https addresses.", hint=hint, id="b24app.E004"))
    if not all(map(_is_network, settings.METRICS_ADDRESSES)):
        hint = "Give addresses or networks such as 10.0.0.0/8, separated by commas."
        problems.append(Error("METRICS_ADDRESSES holds no address.", hint=hint, id="b24app.E008"))
    if settings.B24_CA_FILE and not _holds_certificates(settings.B24_CA_FILE):
        hint = "Give a file in PEM form that this process may read."
        problems.append(Error("B24_CA_FILE holds no certificates.", hint=hint, id="b24app.E006"))
    return problems


def _is_network(text: str) -> bool:
    try:
        ip_network(text, strict=False)
    except ValueError:
        return False
    return True


def _holds_certificates(path: str) -> bool:
    try:
        ssl.create_default_context().load_verify_locations(path)
    except OSError:
        return False
    return True


@register(Tags.database)
def keys_read_what_is_stored(
    app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """A sample of each encrypted column is read by the keys; it costs the same however much is stored."""
    if not databases:
        return []
    try:
        columns = encrypted_columns.unreadable()
    except DatabaseError:
        return []  # the tables are not as they will be: `migrate` comes first
    if not columns:
        return []
    hint = "Put the key that is missing behind the others, then run manage.py rotate_keys before you take it away."
    text = f"No key of FIELD_ENCRYPTION_KEYS reads what is in {', '.join(columns)}."
    return [Warning(text, hint=hint, id="b24app.W003")]


@register()
def vendor_is_named(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """The public pages of a public address name who offers it: the Market asks for that, and so does the law."""
    empty = [name for name in VENDOR if not getattr(settings, name)]
    if urlsplit(settings.APP_URL).hostname in LOOPBACK or not empty:
        return []
    hint = "The licence agreement, the privacy policy and the help at /license/, /privacy/ and /help/ name the vendor."
    return [Warning(f"The vendor is not named in full: {', '.join(empty)} not set.", hint=hint, id="b24app.W004")]


@register()
def sqlite_is_safe(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """SQLite is a version without the WAL-reset race."""
    if connection.vendor != "sqlite":
        return []
    version = sqlite3.sqlite_version_info
    if sqlite.is_safe(version):
        return []
    hint = "Install pysqlite3, use a Python with SQLite 3.51.3 or newer, or set DATABASE_URL to PostgreSQL."
    text = f"SQLite {'.'.join(map(str, version))} can lose writes of several processes."
    return [Error(text, hint=hint, id="b24app.E005")]
