"""The values of a corrected mail: what it names and the one before did not is taken over for those who wait."""

from domain.campaigns import audience, conditions, snapshot
from domain.campaigns.models import Campaign
from domain.db import database, sql
from domain.issues.models import IssueRevision
from domain.ledger.states import DeliveryState

CHUNK = 1_000


def repack(campaign: Campaign) -> int:
    """Make the values anew of everybody who gets the corrected mail; returns how many. Whoever may have the old one
    keeps what it was made of. Can be run again. Raises Conflict before the first one if a segment that the mail names
    cannot be asked: its block would be shown to nobody."""
    if not _names_more(campaign):
        return 0
    names = snapshot.names(campaign)
    conditions.must_be_readable(campaign.tenant_id, names, {})
    members = conditions.Members(campaign.tenant_id, names)
    packed = snapshot.packer(campaign, members)
    after, count = 0, 0
    while ids := _waiting(campaign, after):
        numbers = [i or 0 for _, i in ids]
        members.load(min(numbers) - 1, max(numbers))
        people = {p["id"]: packed(p) for p in audience.by_ids(campaign.tenant_id, [i for _, i in ids])}
        with database.atomic():
            database.cursor().executemany(
                sql("UPDATE delivery_payload SET packed = ? WHERE tenant_id = ? AND delivery_id = ?"),
                [(people[i], campaign.tenant_id, delivery) for delivery, i in ids if i in people],
            )
        after, count = ids[-1][0], count + len(ids)
    return count


def _names_more(campaign: Campaign) -> bool:
    """Whether the current revision names what the one before did not."""
    before = (campaign.previous or {}).get("revision_id")
    rows = IssueRevision.select(IssueRevision.id, IssueRevision.placeholders).where(
        IssueRevision.tenant_id == campaign.tenant_id, IssueRevision.id.in_([campaign.revision_id, before])
    )
    names = {row.id: set(row.placeholders) for row in rows}
    return not names.get(campaign.revision_id, set()) <= names.get(before, set())


def _waiting(campaign: Campaign, after_id: int) -> list[tuple[int, int]]:
    """(delivery, person) of the next rows that get the current revision."""
    return database.execute_sql(
        sql(
            """SELECT id, subscriber_id FROM delivery WHERE tenant_id = ? AND campaign_id = ? AND id > ?
            AND state IN (?, ?) AND NOT handed_over ORDER BY id LIMIT ?"""
        ),
        [
            campaign.tenant_id, campaign.id, after_id, int(DeliveryState.QUEUED), int(DeliveryState.DEFERRED),
            CHUNK,
        ],
    ).fetchall()  # fmt: skip
