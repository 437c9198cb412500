"""DOOR: test mails, each with the data of a real recipient and marked in the subject. They go into the outbox."""

import base64
import secrets
from collections.abc import Sequence
from dataclasses import replace

from dispatcher import preview
from dispatcher.message.compiled import Compiled
from dispatcher.rendering import render
from domain.campaigns import planning
from domain.campaigns.models import Campaign
from domain.errors import N_, Invalid
from domain.issues import trials
from domain.issues.models import Issue, IssueRevision
from domain.notices import outbox
from domain.notices.models import OutboxMail
from domain.subscribers import types
from domain.subscribers.models import Subscriber
from domain.tenancy.models import Tenant

MARK = "[Test] "
_HEADERS = (("Auto-Submitted", "auto-generated"),)


def queue(
    tenant: Tenant, issue: Issue, campaign: Campaign | None, base_url: str, addresses: Sequence[str],
    people: Sequence[Subscriber | None],
) -> list[OutboxMail]:  # fmt: skip
    """A test mail to each address for each of `people` (None: the sample person), from the sender of the mailing.
    Raises Invalid if that are more than a test may be, or if the sender is not verified."""
    _check(addresses, people)
    sender = sender_of(tenant, issue, campaign)
    planning.check_sender(tenant.id, sender.address)
    rendered = render.render(tenant, issue, base_url, sender)
    source = replace(rendered.source, subject=f"\\[Test\\] {rendered.source.subject}", headers=_HEADERS)
    compiled = render.compiled(replace(rendered, source=source), f"trial-{issue.id}-{issue.version}")
    return _queued(tenant, compiled, sender.address, issue.subject, rendered.names, addresses, people)


def queue_frozen(
    tenant: Tenant, revision: IssueRevision, campaign: Campaign, addresses: Sequence[str],
    people: Sequence[Subscriber | None],
) -> list[OutboxMail]:  # fmt: skip
    """The same of a frozen mail, for those who decide about it: byte for byte but for the mark and the recipient."""
    _check(addresses, people)
    planning.check_sender(tenant.id, campaign.sender_address)
    compiled = _marked(Compiled.load(bytes(revision.compiled)))
    return _queued(
        tenant,
        compiled,
        campaign.sender_address,
        revision.subject,
        revision.placeholders,
        addresses,
        people,
        revision,
    )


def sender_of(tenant: Tenant, issue: Issue, campaign: Campaign | None) -> render.Sender:
    """In whose name the mail leaves: as planned, else the sender of its newsletter type."""
    if campaign is None or not campaign.sender_address:
        return render.sender_of(tenant, types.get(tenant.id, issue.type_id))
    return render.Sender(campaign.sender_name, campaign.sender_address, campaign.reply_to)


def _check(addresses: Sequence[str], people: Sequence[Subscriber | None]) -> None:
    count = len(addresses) * len(people)
    if count > trials.MOST:
        raise Invalid(
            N_("That would be %(count)s mails; a test has at most %(most)s. Choose fewer addresses or recipients."),
            count=count, most=trials.MOST,
        )  # fmt: skip


def _marked(compiled: Compiled) -> Compiled:
    """The same mail with the mark in front of its subject, whether that holds placeholders or not."""
    segments = list(compiled.segments)
    segments[compiled.subject_at] = MARK.encode() + segments[compiled.subject_at]
    subject = (MARK, *compiled.subject) if compiled.subject else ()
    return replace(compiled, segments=tuple(segments), subject=subject)


def _queued(
    tenant: Tenant, compiled: Compiled, sender: str, subject: str, names: Sequence[str], addresses: Sequence[str],
    people: Sequence[Subscriber | None], revision: IssueRevision | None = None,
) -> list[OutboxMail]:  # fmt: skip
    made = []
    for person in people:
        found = preview.person_values(tenant, person, names)
        values = preview.person_texts(tenant, person, found, names)
        for address in addresses:
            _number, to, name, filled, token = preview.recipient(
                {**found, "address": address}, values, revision
            )
            # a number of its own: programs show mails with the same Message-ID once
            raw = compiled.render((secrets.randbits(53), to, name, filled, token))
            made.append(
                outbox.queue(
                    "test", tenant_id=tenant.id, to_address=address, subject=f"{MARK}{subject}"[:300], plain="",
                    sender_address=sender, raw=base64.b64encode(raw).decode(),
                )
            )  # fmt: skip
    return made
