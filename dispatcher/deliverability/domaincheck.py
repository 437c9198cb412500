"""What DNS says about a sender domain, rule by rule, each with what to do.

Pure apart from the questions that go through the given resolver. A question that nobody answered leaves its line
open; it never turns a good line bad.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from dispatcher.deliverability import mailcheck, spf
from dispatcher.deliverability.domainfacts import SILENT, Facts, bad, good, unknown, without_address
from dispatcher.deliverability.resolver import Resolver, Unanswered
from domain.errors import N_
from domain.senders import domains, keys
from domain.senders.findings import Finding, Findings, Light
from domain.senders.models import DkimKey, KeyState, Proof, SenderDomain


def look(facts: Facts, resolver: Resolver) -> tuple[Findings, dict[int, bool]]:
    """(finding per rule, key id → whether DNS shows its record, for those that were answered)."""
    shown: dict[int, bool] = {}
    checks: dict[str, Callable[[], Finding]] = {
        "proof": lambda: _proof(facts, resolver),
        "spf": lambda: _spf(facts, resolver),
        "dkim": lambda: _dkim(facts, resolver, shown),
        "dmarc": lambda: _dmarc(facts.domain.domain, resolver),
        "ptr": lambda: _ptr(facts, resolver),
        "mx": lambda: _mx(facts.domain.domain, resolver),
    }
    found = {rule: _answered(check) for rule, check in checks.items()}
    found["alignment"] = _alignment(found["spf"], found["dkim"], facts.domain.domain)
    return found | mailcheck.look(facts), shown


def _answered(check: Callable[[], Finding]) -> Finding:
    try:
        return check()
    except Unanswered:
        return SILENT


def _proof(facts: Facts, resolver: Resolver) -> Finding:
    domain = facts.domain
    vouched = domain.verified_at is not None and domain.proof == Proof.VOUCHED
    name, value = domains.proof_record(domain)
    if value in resolver.txt(name):
        return good(N_("The record that proves the domain stands in DNS."))
    if vouched:
        return good(N_("The house answers for this domain: %(reason)s"), reason=domain.reason)
    if domain.verified_at is not None:
        text = N_(
            "The record that proved the domain is gone. Enter it again, so that the domain stays yours."
        )
    else:
        text = N_("Enter this TXT record where your domain is managed, then check again.")
    return bad(text, (name, value))


def _spf(facts: Facts, resolver: Resolver) -> Finding:
    name, route = facts.domain.domain, facts.route
    found = spf.record(resolver, name)
    wanted = " ".join(f"ip{a.version}:{a}" for a in route.addresses)
    if not found:
        fresh = (name, f"v=spf1 {wanted or 'mx'} ~all")
        return bad(N_("There is no SPF record. Enter one that names your mail server."), fresh)
    if len(found) > 1:
        text = N_("There are %(count)d SPF records; receivers then count none. Join them into one.")
        return bad(text, count=len(found))
    if not route.addresses:
        return without_address(route)
    results = {address: spf.check(resolver, name, address) for address in route.addresses}
    if spf.PERMERROR in results.values():
        return bad(N_("The SPF record has an error or asks for more than ten other records. Shorten it."))
    wrong = [a for a, result in results.items() if result not in (spf.PASS, spf.UNKNOWN)]
    if wrong:
        missing = " ".join(f"ip{a.version}:{a}" for a in wrong)
        grown = re.sub(r"^(v=spf1)", rf"\1 {missing}", found[0], flags=re.I)
        text = N_("The SPF record does not allow %(addresses)s, from where your mails leave. Add it.")
        return bad(text, (name, grown), addresses=", ".join(map(str, wrong)))
    if spf.UNKNOWN in results.values():
        return unknown(N_("The SPF record works with macros, which only a real mail can test."))
    return good(N_("The SPF record allows %(addresses)s."), addresses=", ".join(map(str, route.addresses)))


def _dkim(facts: Facts, resolver: Resolver, shown: dict[int, bool]) -> Finding:
    for key in facts.keys:
        shown[key.id] = _shows(resolver, facts.domain, key)
    active = [key for key in facts.keys if key.state == KeyState.ACTIVE]
    lost = next((key for key in active if not shown[key.id]), None)
    if lost is not None:
        text = N_("DNS does not show the record of the key %(selector)s, which signs. Enter it again.")
        return bad(text, keys.record(facts.domain, lost), selector=lost.selector)
    if active:
        selectors = ", ".join(sorted(key.selector for key in active))
        return good(N_("Mails are signed here with %(selectors)s."), selectors=selectors)
    return unknown(
        N_(
            "This house does not sign. If your mail server signs as %(domain)s, nothing is missing; else make a DKIM "
            "key here."
        ),
        domain=facts.domain.domain,
    )


def _shows(resolver: Resolver, domain: SenderDomain, key: DkimKey) -> bool:
    for text in resolver.txt(keys.record(domain, key)[0]):
        tags = _tags(text)
        if "".join(tags.get("p", "").split()) == key.public and tags.get("k", "rsa") == key.algorithm:
            return True
    return False


def _dmarc(name: str, resolver: Resolver) -> Finding:
    labels = name.split(".")
    for depth in range(len(labels) - 1):  # the domain itself, then those above it
        above = "_dmarc." + ".".join(labels[depth:])
        found = [t for t in resolver.txt(above) if t.replace(" ", "").casefold().startswith("v=dmarc1")]
        if found:
            return _policy(found, above)
    fresh = (f"_dmarc.{name}", f"v=DMARC1; p=none; rua=mailto:dmarc@{name}")
    return bad(N_("There is no DMARC record. Begin with one that only watches."), fresh)


def _policy(found: list[str], name: str) -> Finding:
    if len(found) > 1:
        text = N_("There are %(count)d DMARC records; receivers then count none. Keep one.")
        return bad(text, count=len(found))
    policy = _tags(found[0]).get("p", "").casefold()
    if policy not in ("none", "quarantine", "reject"):
        text = N_("The DMARC record at %(name)s names no policy. It needs p=none, p=quarantine or p=reject.")
        return bad(text, name=name)
    return good(N_("The DMARC record at %(name)s says p=%(policy)s."), name=name, policy=policy)


def _alignment(spf_line: Finding, dkim_line: Finding, name: str) -> Finding:
    """Return path and signatures of ours bear the domain of From, so whichever of the two passes is aligned."""
    lights = (spf_line.light, dkim_line.light)
    if Light.OK in lights:
        return good(N_("Sender, return path and signature bear the same domain, %(domain)s."), domain=name)
    if Light.OPEN in lights:
        return unknown(N_("Known once SPF or DKIM is green."))
    return bad(N_("Neither SPF nor DKIM vouches for the sender. Mend one of them, better both."))


def _ptr(facts: Facts, resolver: Resolver) -> Finding:
    if not facts.route.addresses:
        return without_address(facts.route)
    for address in facts.route.addresses:
        names = resolver.names_of(address)
        if not names:
            text = N_("%(address)s has no host name (PTR record). Whoever runs the mail server enters one.")
            return bad(text, address=str(address))
        if not any(address in resolver.addresses(name) for name in names):
            text = N_("%(address)s is called %(name)s, but that name leads elsewhere. Both must match.")
            return bad(text, address=str(address), name=names[0])
    return good(N_("Address and host name of the mail server match."))


def _mx(name: str, resolver: Resolver) -> Finding:
    hosts = resolver.mx(name)
    if any(not host for _, host in hosts):
        return bad(N_("The domain says that it takes no mail. Bounces and answers reach nobody."))
    if hosts:
        return good(N_("Bounces and answers go to %(host)s."), host=hosts[0][1])
    if resolver.addresses(name):
        text = N_("There is no MX record; bounces and answers go to the host %(host)s itself.")
        return good(text, host=name)
    return bad(N_("The domain takes no mail: bounces and answers reach nobody. Enter an MX record."))


def _tags(text: str) -> dict[str, str]:
    """The tag=value list of a DKIM or DMARC record; of tags that stand twice the first counts."""
    found: dict[str, str] = {}
    for part in text.split(";"):
        name, _, value = part.partition("=")
        found.setdefault(name.strip(), value.strip())
    return found
