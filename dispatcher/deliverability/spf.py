"""SPF (RFC 7208): whether a domain's record lets an address send.

Everything but macros and `ptr`, which nobody should publish (5.5): a record that needs them is told as unknown.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from dispatcher.deliverability.resolver import Address, Resolver

LOOKUPS_MAX = 10  # 4.6.4: mechanisms that ask DNS, over all includes
PASS, FAIL, SOFTFAIL, NEUTRAL, NONE, PERMERROR, UNKNOWN = (
    "pass", "fail", "softfail", "neutral", "none", "permerror", "unknown",
)  # fmt: skip
_RESULTS = {"+": PASS, "-": FAIL, "~": SOFTFAIL, "?": NEUTRAL}


@dataclass
class _Walk:
    resolver: Resolver
    address: Address
    lookups: int = 0
    unknown: bool = False


class _Broken(Exception):
    """The record breaks the rules of RFC 7208."""


def record(resolver: Resolver, domain: str) -> list[str]:
    """The SPF records of a domain: one is right, two are an error. Raises Unanswered."""
    return [t for t in resolver.txt(domain) if t.casefold() == "v=spf1" or t.casefold().startswith("v=spf1 ")]


def check(resolver: Resolver, domain: str, address: Address) -> str:
    """The result for mail from `address` in the name of `domain`; UNKNOWN where macros decide. Raises
    Unanswered."""
    walk = _Walk(resolver, address)
    try:
        result = _evaluate(walk, domain)
    except _Broken:
        return PERMERROR
    return UNKNOWN if walk.unknown and result != PASS else result


def _evaluate(walk: _Walk, domain: str) -> str:
    found = record(walk.resolver, domain)
    if not found:
        return NONE
    if len(found) > 1:
        raise _Broken
    redirect = ""
    for term in found[0].split()[1:]:
        name, separator, value = term.partition("=")
        if separator and ":" not in name and "/" not in name:
            if name.casefold() == "redirect":
                redirect = value
            continue
        result, mechanism = _RESULTS.get(term[0]), term
        if result:
            mechanism = term[1:]
        if _matches(walk, mechanism, domain):
            return result or PASS
    if not redirect:
        return NEUTRAL
    if "%" in redirect:
        walk.unknown = True
        return NEUTRAL
    _count(walk)
    result = _evaluate(walk, redirect.casefold())
    if result == NONE:
        raise _Broken
    return result


def _matches(walk: _Walk, mechanism: str, domain: str) -> bool:
    """Whether a mechanism names the address. Raises _Broken for one that does not exist."""
    name, _, rest = mechanism.partition(":")
    name, slash, length = name.partition("/")
    kind = name.casefold()
    if kind == "all":
        return True
    if kind in ("ip4", "ip6"):
        return _in_network(walk.address, rest)
    if kind not in ("a", "mx", "include", "exists", "ptr"):
        raise _Broken
    _count(walk)
    target, _, prefix = rest.partition("/") if rest else (domain, "", length if slash else "")
    if "%" in target or kind in ("ptr", "exists"):
        walk.unknown = True
        return False
    target = target.casefold()
    if kind == "include":
        result = _evaluate(walk, target)
        if result == NONE:
            raise _Broken
        return result == PASS
    hosts = [target] if kind == "a" else [host for _, host in walk.resolver.mx(target)[:LOOKUPS_MAX] if host]
    four, _, six = prefix.partition("//")
    wanted = four if walk.address.version == 4 else six
    bits = int(wanted) if wanted.isdigit() else walk.address.max_prefixlen
    return any(
        _in_network(walk.address, f"{found}/{min(bits, walk.address.max_prefixlen)}")
        for host in hosts
        for found in walk.resolver.addresses(host)
        if found.version == walk.address.version
    )


def _in_network(address: Address, network: str) -> bool:
    try:
        return address in ipaddress.ip_network(network, strict=False)
    except ValueError as error:
        raise _Broken from error


def _count(walk: _Walk) -> None:
    walk.lookups += 1
    if walk.lookups > LOOKUPS_MAX:
        raise _Broken
