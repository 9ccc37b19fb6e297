"""Where a request comes from, behind a known number of own proxies (`PROXIES`)."""

from __future__ import annotations

import functools
import ipaddress
import logging

from django.conf import settings
from django.http import HttpRequest

from b24app.pace import counters

logger = logging.getLogger(__name__)

_V6_PREFIX = 64  # what one customer of a network has at least
# What a proxy adds: the request is not from the address that the connection has.
_FORWARDED = ("X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-Ip", "Forwarded", "Via")
# Where one's own proxies are: this machine and private networks, those of containers too.
_NEAR = [
    ipaddress.ip_network(network)
    for network in (
        *("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16"),
        *("::/64", "fc00::/7", "fe80::/10"),
    )
]


def hidden_address(request: HttpRequest) -> str:
    """The client's address as a keyed hash, by which it can be counted; "" if it is not known.

    Of IPv6 the network counts: whoever has one address there has all of them.
    """
    network = network_of(request)
    return counters.digest("address", network) if network else ""


def is_this_machine(request: HttpRequest) -> bool:
    """Whether a program on this machine asks, without a proxy in between: the operator's own."""
    return request.META.get("REMOTE_ADDR", "") in ("127.0.0.1", "::1") and not is_passed_on(request)


def is_passed_on(request: HttpRequest) -> bool:
    """Whether a proxy says that it passes the request on."""
    return any(request.headers.get(name) for name in _FORWARDED)


def network_of(request: HttpRequest) -> str:
    """The address or, of IPv6, the /64 that a request comes from; "" if it is not known.

    What X-Forwarded-For says is believed as far as own proxies wrote it: each adds the address that it was called from.
    """
    peer, forwarded = request.META.get("REMOTE_ADDR", ""), request.headers.get("X-Forwarded-For", "")
    if settings.PROXIES > 0 and forwarded:
        return _network(forwarded.rsplit(",", settings.PROXIES)[-settings.PROXIES :][0])
    network = _network(peer)
    if network and _is_near(network) and is_passed_on(request):
        _tell_of_proxy()
        return ""  # a proxy's, which stands for all of its visitors
    return network


def _network(text: str) -> str:
    """An address in any form in which a proxy writes it; "" if it is none."""
    text = text.strip()[:60]
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return ""
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((int(address), _V6_PREFIX), strict=False).network_address)


def _is_near(network: str) -> bool:
    address = ipaddress.ip_address(network)
    return any(address in near for near in _NEAR)


@functools.cache
def _tell_of_proxy() -> None:
    logger.warning("requests come through a proxy: set PROXIES, so that their limits are counted by address")
