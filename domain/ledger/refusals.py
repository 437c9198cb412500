"""Why a server did not take a mail, classed by the enhanced status code (RFC 3463), else by the code."""

from collections.abc import Mapping
from enum import StrEnum

from domain.db import rows
from domain.ledger.states import DeliveryState


class Refusal(StrEnum):
    """What is wrong, as far as the server says."""

    UNKNOWN = "unknown"  # there is no such address
    DOMAIN = "domain"  # its domain takes no mail
    CLOSED = "closed"  # the mailbox is shut
    FULL = "full"
    SIZE = "size"  # the mail is too large
    RULES = "rules"  # spam, policy, authentication
    WRITING = "writing"  # the mail could not be made, or the address cannot be written for this server
    LATER = "later"  # nothing is wrong, the server wants us to come back (greylisting, load)
    TROUBLE = "trouble"  # no answer at all: the connection broke
    OTHER = "other"


HARD = frozenset((Refusal.UNKNOWN, Refusal.DOMAIN, Refusal.CLOSED))  # another mail would fare no better
_SUBJECTS: Mapping[str, Refusal] = {
    "1.0": Refusal.UNKNOWN, "1.1": Refusal.UNKNOWN, "1.3": Refusal.UNKNOWN, "1.6": Refusal.UNKNOWN,
    "1.2": Refusal.DOMAIN, "1.10": Refusal.DOMAIN, "4.4": Refusal.DOMAIN,
    "2.1": Refusal.CLOSED, "2.2": Refusal.FULL, "2.3": Refusal.SIZE, "3.1": Refusal.FULL, "3.4": Refusal.SIZE,
    "6.7": Refusal.WRITING,
}  # fmt: skip
_CODES = {552: Refusal.FULL, 551: Refusal.UNKNOWN, 553: Refusal.UNKNOWN}  # RFC 5321 4.2.3


def of(enhanced: str | None, code: int | None, final: bool = True) -> Refusal:
    """The class of a refusal. `code` None or 0: it is our own observation; a final one means that no mail could be
    made for this recipient, any other that the connection broke."""
    first, _, subject = (enhanced or "").partition(".")
    if first == "4" or 400 <= (code or 0) < 500:
        full = subject == "2.2" or (not subject and code == 452)
        return Refusal.FULL if full else Refusal.LATER
    if subject in _SUBJECTS:
        return _SUBJECTS[subject]
    if subject.startswith("7."):
        return Refusal.RULES
    if not code:
        return Refusal.WRITING if final else Refusal.TROUBLE
    return _CODES.get(code, Refusal.OTHER) if not subject else Refusal.OTHER


def is_hard(kind: Refusal) -> bool:
    """Whether the address itself is at fault, so that the next mail to it would be refused, too."""
    return kind in HARD


def hard_codes() -> tuple[list[str], list[int]]:
    """The enhanced codes and, where there is none, the codes of final refusals that are the address's own fault."""
    return (
        [f"5.{subject}" for subject, kind in _SUBJECTS.items() if kind in HARD],
        [code for code, kind in _CODES.items() if kind in HARD],
    )


def counts(tenant_id: int, campaign_id: int, *states: DeliveryState) -> dict[Refusal, int]:
    """Class → mails of a campaign in one of `states`, the most frequent first. Nothing for states without rows."""
    found: dict[Refusal, int] = {}
    text = """SELECT enhanced, reply_code, count(*) FROM delivery
        WHERE tenant_id = ? AND campaign_id = ? AND state = ? GROUP BY 1, 2"""
    for state in states:
        for enhanced, code, count in rows(text, [tenant_id, campaign_id, int(state)], 3):
            kind = of(enhanced, code, state == DeliveryState.FAILED)
            found[kind] = found.get(kind, 0) + count
    return dict(sorted(found.items(), key=lambda pair: -pair[1]))
