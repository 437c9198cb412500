"""Questions to DNS, each with an answer, "there is none" or "nobody answered". Asked by the senders' door only."""

from __future__ import annotations

import ipaddress

import dns.exception
import dns.resolver
import dns.reversename

LIFETIME_S = 5.0  # for one question, all name servers together
FAILURES_MAX = 2  # in a row of questions; then none is asked any more, so that a dead server costs seconds
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Unanswered(Exception):
    """The name servers did not answer or failed: nothing is known, which is not the same as "not there"."""


class Resolver:
    """`server`: "address:port" of the name server to ask ("" asks those of the system)."""

    def __init__(self, server: str = "", lifetime_s: float = LIFETIME_S) -> None:
        self._lifetime_s = lifetime_s
        self._failures = 0
        self._resolver: dns.resolver.Resolver | None = None
        try:
            self._resolver = dns.resolver.Resolver(configure=not server)
        except (dns.exception.DNSException, OSError):  # no resolv.conf
            return
        if server:
            host, _, port = server.rpartition(":")
            self._resolver.nameservers = [host.strip("[]")]
            self._resolver.port = int(port)

    def txt(self, name: str) -> list[str]:
        """The TXT records of a name, each joined from its strings; [] if there are none. Raises Unanswered."""
        return [b"".join(r.strings).decode("utf-8", "replace") for r in self._ask(name, "TXT")]

    def mx(self, name: str) -> list[tuple[int, str]]:
        """(preference, host), best first; host "" is a null MX (RFC 7505)."""
        return sorted((r.preference, str(r.exchange).rstrip(".")) for r in self._ask(name, "MX"))

    def addresses(self, name: str) -> list[Address]:
        """IPv4 and IPv6 addresses of a host; an address stands for itself."""
        try:
            return [ipaddress.ip_address(name.strip("[]"))]
        except ValueError:
            pass
        found = [*self._ask(name, "A"), *self._ask(name, "AAAA")]
        return [ipaddress.ip_address(r.address) for r in found]

    def names_of(self, address: Address) -> list[str]:
        """The host names in an address's PTR records."""
        pointer = dns.reversename.from_address(str(address)).to_text()
        return [str(r.target).rstrip(".").lower() for r in self._ask(pointer, "PTR")]

    def _ask(self, name: str, kind: str) -> list:
        if self._resolver is None or self._failures >= FAILURES_MAX:
            raise Unanswered("no name server answers")
        try:
            return list(
                self._resolver.resolve(
                    name.rstrip(".") + ".", kind, lifetime=self._lifetime_s, raise_on_no_answer=False
                )
            )
        except dns.resolver.NXDOMAIN:
            return []
        except (dns.name.LabelTooLong, dns.name.NameTooLong, dns.name.EmptyLabel):
            return []
        except (dns.exception.DNSException, OSError) as error:
            self._failures += 1
            raise Unanswered(type(error).__name__) from error
