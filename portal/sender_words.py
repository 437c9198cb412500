"""The lines of a sender page in the reader's language."""

from dataclasses import dataclass

from flask_babel import format_decimal, gettext

from domain.errors import N_
from domain.senders import findings, keys
from domain.senders.findings import Light
from domain.senders.models import Proof, SenderDomain

TITLES = {
    "proof": N_("The domain is yours"),
    "own": N_("From: a domain of your own"),
    "spf": N_("SPF: the mail server may send for the domain"),
    "dkim": N_("DKIM: mails are signed"),
    "dmarc": N_("DMARC: what receivers do with forgeries"),
    "alignment": N_("Alignment: everything bears the same domain"),
    "ptr": N_("PTR: the mail server has a name"),
    "tls": N_("TLS: encrypted on the way"),
    "mx": N_("MX: bounces and answers arrive"),
    "format": N_("Form: as the standard RFC 5322 asks"),
    "one_click": N_("Unsubscribe with one click"),
    "link": N_("Visible link to unsubscribe"),
    "withdrawal": N_("Signing off holds within two days"),
    "list_id": N_("List-Id: which newsletter it is"),
    "feedback_id": N_("Feedback-ID: complaints by mailing"),
    "complaints": N_("Complaints below 0.3 percent"),
    "hygiene": N_("Few mails to addresses that do not exist"),
}
PROVIDERS = {"G": "Gmail", "Y": "Yahoo", "M": "Microsoft"}


@dataclass(frozen=True)
class Line:
    """A rule with what was found. `record`: (name, value as typed, value split for zone files)."""

    key: str
    title: str
    providers: tuple[str, ...]
    light: Light
    text: str
    record: tuple[str, str, str] | None


def lines(domain: SenderDomain) -> list[Line]:
    """What the last look found, in the order of the page; [] before the first one."""
    found = findings.of(domain)
    return [_line(rule, found[rule.key]) for rule in findings.RULES if rule.key in found]


def _line(rule: findings.Rule, found: findings.Finding) -> Line:
    params = {k: format_decimal(v) if isinstance(v, float) else v for k, v in found.params.items()}
    record = (*found.record, keys.split(found.record[1])) if found.record else None
    return Line(
        rule.key, gettext(TITLES[rule.key]), tuple(PROVIDERS[p] for p in rule.asked_by), found.light,
        gettext(found.message, **params) if params else gettext(found.message), record,
    )  # fmt: skip


def state(domain: SenderDomain) -> str:
    """Key of the `sender` states."""
    if domain.verified_at is None:
        return "unverified"
    return "vouched" if domain.proof == Proof.VOUCHED else "proved"
