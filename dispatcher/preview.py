"""DOOR: a rendered issue for the editor. What is shown are the bytes that would leave, for a chosen recipient."""

import base64
import email
import email.policy
from collections.abc import Sequence
from dataclasses import replace
from email.message import EmailMessage
from typing import Any

from dispatcher import render
from domain import tokens
from domain.campaigns import planning
from domain.issues import placeholders
from domain.issues.models import Issue, IssueRevision
from domain.notices import outbox
from domain.notices.models import OutboxMail
from domain.subscribers import organisations, types
from domain.subscribers.models import Subscriber
from domain.tenancy.models import Tenant

SAMPLE = {
    "salutation": "Frau", "first_name": "Marlies", "last_name": "Brandt", "address": "m.brandt@posteo.example",
    "title": "", "city": "Hannover", "organisation": "",
}  # fmt: skip
NO_DELIVERY = 0  # the token of previews and tests leads to no delivery


def message(tenant: Tenant, issue: Issue, base_url: str, person: Subscriber | None = None) -> EmailMessage:
    """The mail as it stands now, for one person of the tenant or the sample person."""
    return _parsed(_bytes(tenant, issue, base_url, person))


def revision_message(
    tenant: Tenant, revision: IssueRevision, person: Subscriber | None = None
) -> EmailMessage:
    """The frozen mail of a revision."""
    from dispatcher.compose import Compiled

    found = _person(tenant, person, revision.placeholders)
    values = placeholders.values_for(found, revision.placeholders)
    return _parsed(Compiled.load(bytes(revision.compiled)).render(_recipient(found, values)))


def part(mail: EmailMessage, kind: str) -> str:
    """The "html" or "plain" part of a mail."""
    body = mail.get_body((kind,))
    return body.get_content() if body else ""


def size_bytes(tenant: Tenant, issue: Issue, base_url: str) -> int:
    """Bytes of the HTML part."""
    return render.render(tenant, issue, base_url).size_bytes


def queue_test(
    tenant: Tenant, issue: Issue, base_url: str, to_address: str, person: Subscriber | None = None
) -> OutboxMail:
    """A test mail to one address, marked in the subject, with a person's data. Raises Invalid if the sender of
    the newsletter type is not verified."""
    sender = render.sender_of(tenant, types.get(tenant.id, issue.type_id)).address
    planning.check_sender(tenant.id, sender)
    raw = _bytes(tenant, issue, base_url, person, to_address)
    return outbox.queue(
        "test", tenant_id=tenant.id, to_address=to_address, subject=f"[Test] {issue.subject}"[:300], plain="",
        sender_address=sender, raw=base64.b64encode(raw).decode(),
    )  # fmt: skip


def _bytes(
    tenant: Tenant, issue: Issue, base_url: str, person: Subscriber | None, to_address: str | None = None
) -> bytes:
    rendered = render.render(tenant, issue, base_url)
    if to_address:
        source = replace(
            rendered.source,
            subject=f"\\[Test\\] {rendered.source.subject}",
            headers=(("Auto-Submitted", "auto-generated"),),
        )
        rendered = replace(rendered, source=source)
    found = _person(tenant, person, rendered.names)
    values = placeholders.values_for(found, rendered.names)
    if to_address:
        found = {**found, "address": to_address}
    return render.compiled(rendered, f"preview-{issue.id}-{issue.version}").render(_recipient(found, values))


def _person(tenant: Tenant, person: Subscriber | None, used: Sequence[str]) -> dict[str, Any]:
    if person is None:
        return dict(SAMPLE)
    names = organisations.names(tenant.id, {person.organisation_id})
    own = placeholders.own_texts(tenant.id, used)(person.fields)
    return {**person.__data__, "organisation": names.get(person.organisation_id or 0, ""), "own": own}


def _recipient(person: dict[str, Any], values: dict[str, str]) -> tuple[int, str, str, dict[str, str], str]:
    name = " ".join(filter(None, (person.get("first_name"), person.get("last_name"))))
    token = tokens.mail_token("mail", NO_DELIVERY)
    return NO_DELIVERY, person.get("address") or SAMPLE["address"], name, values, token


def _parsed(raw: bytes) -> EmailMessage:
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(mail, EmailMessage)
    return mail
