"""Where a request comes from, as failures are counted: an IPv4 address, or a network of IPv6.

Whoever has an IPv6 address commonly has 2^64 of them, so these are counted by their first 64 bits. What a request
says of itself in X-Forwarded-For is believed only as far as a proxy that we trust has written it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from starlette.types import Scope

Network = IPv4Network | IPv6Network

_UNKNOWN: Final = "unknown"


def source_of(scope: Scope, trusted: Sequence[Network]) -> str:
    """The nearest address on the way here that is not one of our own proxies."""
    client = scope.get("client")
    address = _address(client[0]) if client else None
    hops = list(_forwarded(scope["headers"])) if trusted else []
    while address is not None and hops and any(address in network for network in trusted):
        nearer = _address(hops.pop())
        if nearer is None:
            break
        address = nearer
    return _counted(address)


def _forwarded(headers: Iterable[tuple[bytes, bytes]]) -> Iterable[str]:
    """What all headers X-Forwarded-For say, the farthest first."""
    for name, value in headers:
        if name == b"x-forwarded-for":
            yield from value.decode("latin-1").split(",")


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """``203.0.113.7``, ``203.0.113.7:4711``, ``2001:db8::1``, ``[2001:db8::1]:4711``; IPv4 within IPv6 is IPv4."""
    host = text.strip()
    if host.startswith("["):
        host = host[1:].partition("]")[0]
    elif host.count(":") == 1:
        host = host.partition(":")[0]
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


def _counted(address: IPv4Address | IPv6Address | None) -> str:
    if address is None:
        return _UNKNOWN
    return str(ip_network((address, 64), strict=False)) if isinstance(address, IPv6Address) else str(address)
