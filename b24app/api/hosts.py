"""Hosts as they are compared: an address has several spellings, and one of them is stored."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, urlsplit

_DEFAULT_PORTS = {"http": "80", "https": "443"}
# What may stand in a policy's source beside the scheme: a host in ASCII, and a port.
_SOURCE = re.compile(r"^[a-z0-9_]([a-z0-9._-]*[a-z0-9_])?(:[0-9]{1,5})?$")


def split(url: str) -> SplitResult:
    """The parts of an address, none where it is no address: `urlsplit` raises for an unclosed bracket, among others."""
    try:
        return urlsplit(url)
    except ValueError:
        return SplitResult("", "", "", "", "")


def of_url(url: str) -> str:
    """The host of an address, with its port where that is not the scheme's own; "" if there is none."""
    parts = split(url)
    return normal(parts.netloc, parts.scheme) or parts.netloc.lower()


def normal(host: str, scheme: str = "https") -> str:
    """`host` in lower case and in ASCII, without a last dot and without the scheme's own port.

    Returns "" for what is no host: a portal may claim anything.
    """
    name, colon, port = host.strip().lower().partition(":")
    name = name.removesuffix(".")
    try:
        name = name.encode("idna").decode() if name else ""
    except UnicodeError:
        return ""
    found = name if not colon or port in ("", _DEFAULT_PORTS.get(scheme)) else f"{name}:{port}"
    return found if _SOURCE.match(found) else ""


def name_of(host: str) -> str:
    """The host without its port."""
    return host.partition(":")[0]
