"""Mails of the house to people who work in it: one template per kind and language, the subject in its first line."""

from functools import cache
from pathlib import Path

from domain.notices import outbox
from domain.notices.models import OutboxMail
from domain.tenancy.models import Tenant

TEMPLATES = Path(__file__).parent / "templates" / "letters"
LANGUAGES = ("de", "en")


def queue(
    kind: str, language: str, tenant: Tenant | None, address: str, name: str, **values: object
) -> OutboxMail:
    """Put a mail of `kind` into the outbox, in the name of the tenant; values never become a line of the header."""
    subject, body = _template(kind, language if language in LANGUAGES else "en")
    said = {"name": name, "tenant": tenant.name if tenant else "Rundbrief", **values}
    return outbox.queue(
        kind, tenant_id=tenant.id if tenant else None, to_address=address, to_name=_line(name)[:120],
        sender_name=_line(tenant.name if tenant else "")[:120],
        sender_address=str((tenant.settings or {}).get("sender_address", "")) if tenant else "",
        subject=_line(subject % said)[:300], plain=body % said, headers={"Auto-Submitted": "auto-generated"},
    )  # fmt: skip


@cache
def _template(kind: str, language: str) -> tuple[str, str]:
    """(subject, body) with %(name)s places."""
    subject, _, body = (TEMPLATES / f"{kind}.{language}.txt").read_text().partition("\n")
    return subject, body


def _line(text: str) -> str:
    """One line of printable characters, as a header takes it."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
