"""DOOR: a rendered issue for the editor. What is shown are the bytes that would leave, for a chosen recipient."""

import email
import email.policy
from collections.abc import Sequence
from email.message import EmailMessage
from typing import Any

from dispatcher.message.compiled import Compiled, Recipient
from dispatcher.rendering import enclosing, render
from domain import tokens
from domain.campaigns import conditions, measuring, reporting
from domain.issues import placeholders
from domain.issues.models import Issue, IssueRevision
from domain.subscribers import organisations
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
    found = person_values(tenant, person, revision.placeholders)
    values = person_texts(tenant, person, found, revision.placeholders)
    return _parsed(Compiled.load(bytes(revision.compiled)).render(recipient(found, values, revision)))


def part(mail: EmailMessage, kind: str) -> str:
    """The "html" or "plain" part of a mail."""
    body = mail.get_body((kind,))
    return enclosing.outside(body.get_content()) if body else ""


def size_bytes(tenant: Tenant, issue: Issue, base_url: str) -> int:
    """Bytes of the HTML part."""
    return render.render(tenant, issue, base_url).size_bytes


def _bytes(tenant: Tenant, issue: Issue, base_url: str, person: Subscriber | None) -> bytes:
    rendered = render.render(tenant, issue, base_url)
    found = person_values(tenant, person, rendered.names)
    values = person_texts(tenant, person, found, rendered.names)
    return render.compiled(rendered, f"preview-{issue.id}-{issue.version}").render(recipient(found, values))


def person_texts(
    tenant: Tenant, person: Subscriber | None, found: dict[str, Any], names: Sequence[str]
) -> dict[str, str]:
    """Name → what the mail says of a person; the sample person is in every segment, so that all parts are seen."""
    values = placeholders.values_for(found, names)
    if person is None:
        return values | dict.fromkeys(filter(conditions.is_condition, names), "1")
    return values | conditions.of_person(tenant.id, person.id, names)


def person_values(tenant: Tenant, person: Subscriber | None, used: Sequence[str]) -> dict[str, Any]:
    """What placeholders read of a person; of the sample person for None."""
    if person is None:
        return dict(SAMPLE)
    firm = organisations.get(tenant.id, person.organisation_id) if person.organisation_id else None
    found = {
        **person.__data__, "organisation": firm.name if firm else "",
        "organisation_status": firm.status if firm else "",
    }  # fmt: skip
    own = placeholders.own_texts(tenant.id, used)(person.fields) | reporting.texts(tenant.id, found, used)
    return {**found, "own": own}


def recipient(
    person: dict[str, Any], values: dict[str, str], revision: IssueRevision | None = None
) -> Recipient:
    """Somebody as the compiler takes him; the token of the mail leads to no delivery. That of a frozen mail opens its
    counted links and counts nothing."""
    name = " ".join(filter(None, (person.get("first_name"), person.get("last_name"))))
    token = (
        tokens.mail_token(measuring.LOOK, revision.id) if revision else tokens.mail_token("mail", NO_DELIVERY)
    )
    return NO_DELIVERY, person.get("address") or SAMPLE["address"], name, values, token


def _parsed(raw: bytes) -> EmailMessage:
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(mail, EmailMessage)
    return mail
