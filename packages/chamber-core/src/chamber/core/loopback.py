"""Which hosts are this machine, by their name or address alone: DNS is not asked."""

from __future__ import annotations

import re

__all__ = ["is_loopback"]

#: A name or address, or one of IPv6 in brackets, and a port; or one of IPv6 by itself.
_HOST = re.compile(
    r"(?:(?P<name>[^:\[\]]+)|\[(?P<bracketed>[0-9A-Fa-f:.]+)\])(?::[0-9]{1,5})?|(?P<bare>[0-9A-Fa-f:.]+)", re.ASCII
)


def is_loopback(host: str | None) -> bool:
    """Whether ``host`` or ``host:port`` is this machine, so that plain HTTP does not leave it.

    An address of IPv4 in one of IPv6 is what it is by itself (RFC 4291, section 2.5.5.2).
    """
    found = _HOST.fullmatch(host or "")
    if found is None:
        return False
    name = found["name"] or found["bracketed"] or found["bare"]
    return name.lower() == "localhost" or _is_loopback_address(name)


def _is_loopback_address(name: str) -> bool:
    from ipaddress import ip_address

    try:
        address = ip_address(name)
    except ValueError:
        return False
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback
