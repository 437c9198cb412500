"""What an SMTP reply means for a mail. Hot, standard library only.

SENT, DEFERRED and FAILED are certain. UNCERTAIN: the mail was handed over and nobody knows. RETURNED: nothing
of it left, it goes back to the queue as if it had never been taken.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from domain.ledger.states import DeliveryState

SENT = int(DeliveryState.SENT)
DEFERRED = int(DeliveryState.DEFERRED)
FAILED = int(DeliveryState.FAILED)
UNCERTAIN = int(DeliveryState.UNCERTAIN)
RETURNED = int(DeliveryState.QUEUED)

_ENHANCED = re.compile(r"([245]\.\d{1,3}\.\d{1,3})(?: |\Z)").match
TEXT_MAX = 300

# phases of a mail, in order; what a reply means depends on it
MAIL, RCPT, DATA, BODY = "MAIL", "RCPT", "DATA", "BODY"


class Reply(NamedTuple):
    """A complete reply: code, enhanced code ("" if none) and text (lines joined, control characters gone)."""

    code: int
    enhanced: str
    text: str


class Outcome(NamedTuple):
    """What became of a mail. `code` 0: not a reply of the server but our own observation in `text`."""

    state: int
    code: int = 0
    enhanced: str = ""
    text: str = ""


def read(code: int, lines: list[bytes]) -> Reply:
    """The reply of these lines (without code and separator)."""
    if len(lines) == 1 and len(lines[0]) <= TEXT_MAX and lines[0].isascii():
        text = lines[0].decode("ascii")
    else:
        text = " ".join(line[:TEXT_MAX].decode("utf-8", "replace") for line in lines[:8])
    if not text.isprintable():
        text = "".join(c if c.isprintable() else " " for c in text)
    found = _ENHANCED(text)
    return Reply(code, found[1] if found else "", text[:TEXT_MAX].strip())


def outcome(reply: Reply, phase: str) -> Outcome:
    """The outcome of a mail whose fate `reply` decided in `phase`."""
    if reply.code < 400:
        return Outcome(SENT, *reply)
    if reply.code < 500 or concerns_relay(reply, phase):
        return Outcome(DEFERRED, *reply)
    return Outcome(FAILED, *reply)


def concerns_relay(reply: Reply, phase: str) -> bool:
    """True if the reply says nothing about the recipient but that this relay takes no mails of ours now.

    421 closes the channel (RFC 5321 3.8); 5xx to MAIL refuses the sender, whoever the recipient is, except for
    the size of the message and for addresses that need SMTPUTF8; 530 to 538 ask for authentication.
    """
    if reply.code == 421 or 530 <= reply.code <= 538:
        return True
    return (
        phase == MAIL and reply.code >= 500 and reply.code != 552 and reply.enhanced not in ("5.3.4", "5.6.7")
    )
