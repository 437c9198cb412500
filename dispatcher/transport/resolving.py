"""From a host name to addresses. Standard library only."""

from __future__ import annotations

import ipaddress
import socket


class NotPublic(OSError):
    """The name leads only to addresses of loopback, private or other special networks."""


def addresses(host: str, port: int, public_only: bool = False) -> list[tuple[int, tuple[str, int]]]:
    """(family, (address, port)) of a host; waits for the resolver. Raises OSError if there is none, NotPublic if
    `public_only` leaves none: a tenant's relay is no door into the network of the installation."""
    found: list[tuple[int, tuple[str, int]]] = [
        (family, (str(where[0]), port))
        for family, _, _, _, where in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    ]
    if not public_only:
        return found
    public = [(family, where) for family, where in found if _is_public(where[0])]
    if found and not public:
        raise NotPublic(f"{host} lies in a private network")
    return public


def _is_public(address: str) -> bool:
    parsed = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(parsed, ipaddress.IPv6Address):
        inner = parsed.ipv4_mapped or parsed.sixtofour
        if inner is not None:
            parsed = inner
    return parsed.is_global and not parsed.is_multicast
