"""Queue mails that the house itself sends. The row is the truth; the caller nudges the dispatcher after commit."""

import re

from domain.errors import N_, Invalid
from domain.notices.models import MailState, OutboxMail

_CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")


def queue(
    kind: str,
    *,
    to_address: str,
    subject: str,
    plain: str,
    html: str | None = None,
    tenant_id: int | None = None,
    to_name: str = "",
    sender_name: str = "",
    sender_address: str = "",
    headers: dict[str, str] | None = None,
    raw: str | None = None,
) -> OutboxMail:
    """Put a system mail into the outbox; raises Invalid for control characters in anything that becomes a header."""
    for text in (
        to_address,
        to_name,
        sender_name,
        sender_address,
        subject,
        *(headers or {}),
        *(headers or {}).values(),
    ):
        if _CONTROL.search(text):
            raise Invalid(N_("Line breaks and control characters are not allowed here."))
    return OutboxMail.create(
        kind=kind, tenant_id=tenant_id, to_address=to_address, to_name=to_name, sender_name=sender_name,
        sender_address=sender_address, subject=subject, plain=plain, html=html, headers=headers or {}, raw=raw,
    )  # fmt: skip


def waiting_count(tenant_id: int | None = None) -> int:
    """System mails not yet handed over."""
    query = OutboxMail.select().where(OutboxMail.state == MailState.QUEUED)
    return (query if tenant_id is None else query.where(OutboxMail.tenant_id == tenant_id)).count()
