"""Web addresses in a trace: what they say about a visitor's source, and what must be removed from them. Pure.

Page addresses often contain what must not leave the website: login tokens, an e-mail address from a newsletter's link,
a phone number. Everybody who opens the CRM record would see it, so it is removed (CWE-598, "Use of GET request method
with sensitive query strings").
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from urllib.parse import unquote, urlsplit

import re2

UTM = ("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term")
# What advertising systems add to the address of an advertisement's page: Google, Meta, Yandex, TikTok, Microsoft.
CLICK_IDS = (
    *("gclid", "fbclid", "yclid", "ttclid", "msclkid", "gbraid", "wbraid", "vkclid", "ymclid", "rb_clickid"),
    *("ysclid", "li_fat_id", "dclid", "twclid", "irclickid", "epik", "scclid", "admitad_uid", "clickid"),
)
# Parameters by their whole name, in any letter case; an operator adds to these (`SECRET_PARAMETERS`).
SECRET_NAMES = frozenset(
    ("code", "state", "pass", "pin", "sid", "key", "sig", "hash", "ticket", "login", "mail", "e-mail", "tel", "mobile")
    + ("telefon", "pochta", "phpsessid", "jsessionid")
)
# Words that make any name with one of them a secret's, as in `access_token` or `user-email`.
SECRET_WORDS = frozenset(
    ("token", "password", "passwd", "pwd", "secret", "apikey", "session", "sessionid", "signature", "auth")
    + ("authorization", "jwt", "otp", "email", "phone")
)
_WORDS = re.compile(r"[a-z0-9]+")
_EMAIL = re2.compile(r"[\pL\pN_.+-]@[\pL\pN_-]+(?:\.[\pL\pN_-]+)*\.\pL{2}")
_PHONE = re2.compile(r"[\s\pZ]*\+?(?:[\s\pZ().-]*\p{Nd}){9,15}[\s\pZ]*")
# A phone has a plus or separators: a plain number may be anything.
_PHONE_SIGNS = frozenset("+() -")


def without_secrets(address: str, secret_names: Collection[str] = SECRET_NAMES) -> str:
    """The address without a password in front of the host, and without parameters that are secrets or personal data.

    Those of the query and of a fragment that is written like one. An address without any comes back letter by letter;
    `utm_…` and click ids always stay.
    """
    address = _without_user(address) if "@" in address else address
    if "=" not in address:
        return address
    head, hash_sign, fragment = address.partition("#")
    path, question, query = head.partition("?")
    query = _without_parameters(query, secret_names)
    fragment = _without_parameters(fragment, secret_names) if "=" in fragment else fragment
    return f"{path}{question if query else ''}{query}{hash_sign if fragment else ''}{fragment}"


def _without_user(address: str) -> str:
    scheme, separator, rest = address.partition("//")
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    if not separator or "@" not in authority:
        return address
    return f"{scheme}//{rest[authority.rindex('@') + 1 :]}"


def _without_parameters(query: str, secret_names: Collection[str]) -> str:
    return "&".join(part for part in query.split("&") if not _is_secret(part, secret_names))


def _is_secret(part: str, secret_names: Collection[str], layers: int = 3) -> bool:
    """Whether a parameter is one, or holds an address with one (`?back=https%3A%2F%2F…%3Ftoken%3D…`)."""
    name, _, value = part.partition("=")
    name = unquote(name).strip().lower()
    if not value or name in UTM or name in CLICK_IDS:
        return False
    if name in secret_names or not SECRET_WORDS.isdisjoint(_WORDS.findall(name)):
        return True
    text = unquote(value)
    if ("@" in text and _EMAIL.search(text)) or (not _PHONE_SIGNS.isdisjoint(text) and _PHONE.fullmatch(text)):
        return True
    inner = re.split("[?#&]", text) if "=" in text and layers else []
    return any(_is_secret(parameter, secret_names, layers - 1) for parameter in inner)


def parameters(address: str) -> list[tuple[str, str]]:
    """The query's parameters with a value, names in small letters; a plus stays one, as the tracker has it."""
    query = address.partition("#")[0].partition("?")[2]
    pairs = (part.partition("=") for part in query.split("&")[:200]) if query else ()
    return [(unquote(name).lower(), unquote(value)) for name, _, value in pairs if value]


def click_ids(addresses: Iterable[str]) -> tuple[str, ...]:
    """The names of the click ids in these addresses."""
    worth_reading = (address for address in addresses if any(name in address.lower() for name in CLICK_IDS))
    names = {name for address in worth_reading for name, _ in parameters(address)}
    return tuple(name for name in CLICK_IDS if name in names)


def host(address: str) -> str:
    """The host's name in lower case, or "" if there is none."""
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""
