"""What was found about a sender domain: one line per rule of the large mailbox providers, and when it turned bad."""

from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from domain import clock
from domain.db import database, unscoped
from domain.senders.models import SenderDomain

EVERY = timedelta(days=1)


class Light(StrEnum):
    OK = "ok"
    BAD = "bad"
    OPEN = "open"  # cannot be known now, or is not ours to know


@dataclass(frozen=True)
class Rule:
    """A line of the page. `asked_by`: which providers demand it of bulk senders (Gmail, Yahoo, Microsoft)."""

    key: str
    short: str  # the same in every language
    asked_by: str = "GYM"


RULES = (
    Rule("proof", "TXT", ""),
    Rule("own", "From", "GY"),
    Rule("spf", "SPF"),
    Rule("dkim", "DKIM"),
    Rule("dmarc", "DMARC"),
    Rule("alignment", "DMARC alignment"),
    Rule("ptr", "PTR"),
    Rule("tls", "TLS", "G"),
    Rule("mx", "MX", "M"),
    Rule("format", "RFC 5322", "GY"),
    Rule("one_click", "List-Unsubscribe", "GY"),
    Rule("link", "Unsubscribe link"),
    Rule("withdrawal", "Unsubscribe in two days"),
    Rule("list_id", "List-Id", ""),
    Rule("feedback_id", "Feedback-ID", ""),
    Rule("complaints", "Spam rate", "GY"),
    Rule("hygiene", "List hygiene", "M"),
)


@dataclass(frozen=True)
class Finding:
    """`message` is a message id, `params` fill its places; `record` is (name, value) of a TXT record to enter."""

    light: Light
    message: str
    params: dict[str, Any] = field(default_factory=dict)
    record: tuple[str, str] | None = None


Findings = dict[str, Finding]


def of(domain: SenderDomain) -> Findings:
    """The findings of the last look, by rule; {} before the first one."""
    known = {rule.key for rule in RULES}
    return {
        key: Finding(
            Light(f["light"]), f["message"], f["params"], tuple(f["record"]) if f["record"] else None
        )
        for key, f in (domain.findings or {}).items()
        if key in known
    }


def keep(domain: SenderDomain, found: Findings, looked_at: datetime) -> list[Rule]:
    """Store what a look found; returns the rules that were fine when last known and no longer are. `looked_at`:
    when the look began."""
    with database.atomic():
        row = SenderDomain.get_or_none(
            SenderDomain.tenant_id == domain.tenant_id, SenderDomain.id == domain.id
        )
        if row is None:  # removed meanwhile
            return []
        known = {key: f.get("known", f["light"]) for key, f in (row.findings or {}).items()}
        row.findings = {
            key: asdict(f) | {"known": known.get(key) if f.light == Light.OPEN else f.light}
            for key, f in found.items()
        }
        row.checked_at = clock.now()
        if row.asked_at is not None and row.asked_at <= looked_at:
            row.asked_at = None
        row.save()
    return [
        rule
        for rule in RULES
        if known.get(rule.key) == Light.OK and rule.key in found and found[rule.key].light == Light.BAD
    ]


def ask(domain: SenderDomain) -> None:
    """Somebody wants a look now; the job finds it in the row."""
    SenderDomain.update(asked_at=clock.now()).where(
        SenderDomain.tenant_id == domain.tenant_id, SenderDomain.id == domain.id
    ).execute()


@unscoped("one sweep serves all tenants")
def due(closed_tenants: set[int]) -> list[int]:
    """Ids of domains to look at: asked for, or not looked at for a day and not of `closed_tenants`."""
    old = SenderDomain.checked_at.is_null() | (SenderDomain.checked_at <= clock.now() - EVERY)
    query = SenderDomain.select(SenderDomain.id).where(
        SenderDomain.asked_at.is_null(False) | (old & SenderDomain.tenant_id.not_in(closed_tenants or {0}))
    )
    ordered = query.order_by(SenderDomain.asked_at.is_null(), SenderDomain.checked_at, SenderDomain.id)
    return [row[0] for row in ordered.tuples()]
