"""What other servers write back about a mail: that it could not be delivered (RFC 3464), that its reader complained
(ARF, RFC 5965). Believed only with the mark of the mail it is about: in the address it was sent to, or in the
Message-ID that the report returns. Everything else changes nothing.
"""

import email
import email.policy
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from typing import cast

from dispatcher.message.compiled import read_message_id, read_return_path
from domain import tokens
from domain.db import unscoped
from domain.ledger import returned
from domain.ledger.models import Delivery

MOST_BYTES = 1024 * 1024  # of a report that are read; what it says of the mail stands near its beginning
_RECEIVED_FOR = ("Delivered-To", "X-Original-To", "Envelope-To", "To")


@dataclass(frozen=True)
class Report:
    """`kind` is bounced or complained; `enhanced` and `said` are the words of the other server."""

    kind: str
    enhanced: str
    said: str


@dataclass(frozen=True)
class Taken:
    """What became of a report: `why` it was left alone, else the mail; `is_stopped`: its address is on the list."""

    why: str = ""
    delivery_id: int = 0
    kind: str = ""
    is_stopped: bool = False


def take(raw: bytes, sent_to: str = "") -> Taken:
    """Read a report; `sent_to` is the address it came to, where the mail server says that."""
    message = email.message_from_bytes(raw[:MOST_BYTES], policy=email.policy.default)
    report = _read(message)
    if report is None:
        return Taken("This is no report about a mail that failed, nor a complaint.")
    delivery_id = _about(message, sent_to)
    if delivery_id is None:
        return Taken("It does not name a mail of ours.")
    with unscoped("the mark in the report names the mail"):
        delivery = Delivery.get_or_none(Delivery.id == delivery_id)
    if delivery is None:
        return Taken("The mail it names is not here any more.")
    if report.kind == "complained":
        stopped = returned.complained(delivery, report.said)
    else:
        stopped = returned.come_back(delivery, report.enhanced, report.said)
    return Taken("", delivery_id, report.kind, stopped)


def _read(message: Message) -> Report | None:
    for part in message.walk():
        kind = part.get_content_type()
        if kind == "message/delivery-status":
            for block in _blocks(part):
                if str(block.get("Action", "")).strip().lower() == "failed":
                    status = re.match(r"\s*(5\.\d{1,3}\.\d{1,3})", str(block.get("Status", "")))
                    said = str(block.get("Diagnostic-Code", "")).partition(";")[2] or str(
                        block.get("Status", "")
                    )
                    return Report("bounced", status[1] if status else "", " ".join(said.split())[:300])
        if kind == "message/feedback-report":
            for block in _blocks(part):
                if str(block.get("Feedback-Type", "")).strip().lower() in ("abuse", "fraud"):
                    agent = " ".join(str(block.get("User-Agent", "")).split())
                    return Report("complained", "", agent[:300])
    return None


def _blocks(part: Message) -> Iterator[Message]:
    """The groups of lines of a report: the parser makes messages of them for delivery-status only."""
    payload = part.get_payload()
    if isinstance(payload, list):
        yield from (block for block in payload if isinstance(block, Message))
    if not isinstance(payload, list) or all(
        not block.keys() for block in payload if isinstance(block, Message)
    ):
        texts = payload if isinstance(payload, str) else "\n\n".join(
            str(block.get_payload()) for block in cast(list[Message], payload)
        )  # fmt: skip
        for text in re.split(r"\r?\n\s*\r?\n", texts):
            yield email.message_from_string(text.strip() + "\n\n")


def _about(message: Message, sent_to: str) -> int | None:
    """The delivery by the mark in the return path, else by the Message-ID of what is returned."""
    sign = tokens.mail_signer("mail")
    places = [sent_to, *(str(value) for name in _RECEIVED_FOR for value in message.get_all(name, []))]
    for text in places:
        for local in re.findall(r"(b\+\d{1,18}-[0-9a-f]{20})@", text.lower()):
            try:
                return read_return_path(local, sign)
            except ValueError:
                continue
    for part in message.walk():
        if part.get_content_type() in ("message/rfc822", "text/rfc822-headers", "message/rfc822-headers"):
            for found in re.findall(r"<(\d{1,18}\.[0-9a-f]{20})@", part.as_string()[:100_000].lower()):
                try:
                    return read_message_id(found, sign)
                except ValueError:
                    continue
    return None
