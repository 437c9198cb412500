"""Mails of the house to people who work in it: one template per kind and language, the subject in its first line."""

import re
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import Any

from dispatcher.housemail import letterhead
from domain.notices import outbox
from domain.notices.models import OutboxMail
from domain.tenancy.models import Tenant

TEMPLATES = Path(__file__).parent / "templates"
LANGUAGES = ("de", "en")
_NAMED = re.compile(r"[^:%]+: %\((\w+)\)s\n\Z")


def queue(
    kind: str, language: str, tenant: Tenant | None, address: str, name: str, **values: object
) -> OutboxMail:
    """Put a mail of `kind` into the outbox, in the name of the tenant; values never become a line of the header."""
    subject, body = _template(kind, language if language in LANGUAGES else "en")
    known = {"name": name, "tenant": tenant.name if tenant else "Rundbrief", **values}
    said: dict[str, object] = defaultdict(str, known)  # what an old notice does not know yet stays empty
    words: dict[str, Any] = {"subject": _line(subject % said)[:300], "plain": _filled(body, said)}
    if tenant is None:
        return outbox.queue(kind, to_address=address, to_name=_line(name)[:120], **words)
    return letterhead.queue(
        kind, tenant, to_address=address, to_name=_line(name)[:120], sender_name=_line(tenant.name)[:120],
        language=language, **words,
    )  # fmt: skip


def _filled(body: str, said: dict[str, object]) -> str:
    """The template with its values; a line that only names a value is left out when there is none."""
    kept = [
        line
        for line in body.splitlines(keepends=True)
        if not ((only := _NAMED.match(line)) and not said.get(only[1], ""))
    ]
    return "".join(kept) % said


@cache
def _template(kind: str, language: str) -> tuple[str, str]:
    """(subject, body) with %(name)s places."""
    subject, _, body = (TEMPLATES / f"{kind}.{language}.txt").read_text().partition("\n")
    return subject, body


def _line(text: str) -> str:
    """One line of printable characters, as a header takes it."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
