"""Files of addresses that get no mail for a while: of one campaign, or of every one begun within a period.

The file is read once and only its addresses are kept; when its time is over they are deleted.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain, islice
from pathlib import Path

from domain import clock
from domain.audit import log
from domain.campaigns import drafts, kin
from domain.campaigns.models import Campaign, CampaignStatus, ExcludedAddress, Exclusion
from domain.db import database, sql, unscoped
from domain.errors import N_, Invalid, NotFound
from domain.subscribers import addresses, csvfile, imports, words

MOST_ROWS = 500_000
CHUNK = 2_000
KEPT = timedelta(
    days=30
)  # after its mailing was begun or its period has ended; the report still names the file
OPEN = (CampaignStatus.DRAFT, CampaignStatus.IN_APPROVAL, CampaignStatus.SCHEDULED)


@dataclass(frozen=True)
class Period:
    """Mailings begun from `begins` on and before `ends` (aware moments); no end: until the file is removed."""

    begins: datetime
    ends: datetime | None


def add(
    tenant_id: int, name: str, path: Path, user_id: int, campaign: Campaign | None = None, period: Period | None = None
) -> Exclusion:  # fmt: skip
    """Take the addresses of an uploaded CSV, text or XLSX file, for one draft or a period. Raises Invalid for a file
    without addresses, Conflict once the campaign can no longer be changed."""
    assert (campaign is None) != (period is None)
    if period is not None and period.ends is not None and period.ends <= period.begins:
        raise Invalid(fields={"until": N_("The end lies before the beginning. Choose a later day.")})
    if path.stat().st_size > imports.MAX_BYTES:
        raise Invalid(
            fields={
                "file": (
                    N_("The file is larger than %(size)s MB. Divide it into several files."),
                    {"size": imports.MAX_BYTES >> 20},
                )
            }
        )
    cells = _cells(path)
    with database.atomic():
        if campaign is not None:
            drafts.hold(campaign)
        found = Exclusion.create(
            tenant_id=tenant_id, name=words.one_line(name, 120) or "–", by_id=user_id,
            campaign_id=campaign.id if campaign is not None else None,
            from_at=period.begins if period else None, until_at=period.ends if period else None,
        )  # fmt: skip
        refused = _fill(found, cells)
        found.address_count = (
            ExcludedAddress.select()
            .where(ExcludedAddress.tenant_id == tenant_id, ExcludedAddress.exclusion_id == found.id)
            .count()
        )
        if not found.address_count:
            raise Invalid(fields={"file": N_("We found no e-mail address in this file. Check its columns.")})
        found.refused_count = refused
        found.save()
        log.record(
            tenant_id, "exclusion.add", user_id=user_id, kind="exclusion", object_id=found.id,
            details={"name": found.name, "addresses": found.address_count},
        )  # fmt: skip
    return found


def get(tenant_id: int, exclusion_id: int) -> Exclusion:
    """A file of the tenant; raises NotFound."""
    found = Exclusion.get_or_none(Exclusion.tenant_id == tenant_id, Exclusion.id == exclusion_id)
    if found is None:
        raise NotFound
    return found


def remove(found: Exclusion, user_id: int) -> None:
    """Take a file away; raises Conflict once the mailing it belongs to can no longer be changed."""
    with database.atomic():
        if found.campaign_id is not None:
            campaign = Campaign.get_or_none(
                Campaign.tenant_id == found.tenant_id, Campaign.id == found.campaign_id
            )
            if campaign is not None:
                drafts.hold(campaign)
        ExcludedAddress.delete().where(
            ExcludedAddress.tenant_id == found.tenant_id, ExcludedAddress.exclusion_id == found.id
        ).execute()
        found.delete_instance()
        log.record(
            found.tenant_id, "exclusion.remove", user_id=user_id, kind="exclusion", object_id=found.id,
            details={"name": found.name},
        )  # fmt: skip


def of_campaign(campaign: Campaign) -> list[Exclusion]:
    """The files of one campaign, oldest first."""
    query = Exclusion.select().where(
        Exclusion.tenant_id == campaign.tenant_id, Exclusion.campaign_id == (campaign.id or 0)
    )
    return list(query.order_by(Exclusion.id))


def of_periods(tenant_id: int) -> list[Exclusion]:
    """The files that hold for all mailings of a period, newest first."""
    query = Exclusion.select().where(Exclusion.tenant_id == tenant_id, Exclusion.campaign_id.is_null())
    return list(query.order_by(Exclusion.id.desc()))


def running(tenant_id: int) -> list[Exclusion]:
    """The files that hold for every mailing begun now."""
    now = clock.now()
    return [f for f in of_periods(tenant_id) if f.from_at <= now and (f.until_at is None or f.until_at > now)]


def active(campaign: Campaign, now: int) -> list[int]:
    """Ids of the files that hold for a campaign at the moment `now` (epoch s)."""
    mine = {campaign.id or 0, kin.root_id(campaign) or 0}
    query = Exclusion.select(Exclusion.id).where(
        Exclusion.tenant_id == campaign.tenant_id,
        Exclusion.campaign_id.in_(list(mine))
        | (
            Exclusion.campaign_id.is_null()
            & (Exclusion.from_at <= now)
            & (Exclusion.until_at.is_null() | (Exclusion.until_at > now))
        ),
    )
    return [row[0] for row in query.order_by(Exclusion.id).tuples()]


def forget(tenant_id: int, key: str) -> None:
    """The address of somebody who is erased stands in no file. In the caller's transaction."""
    ExcludedAddress.delete().where(
        ExcludedAddress.tenant_id == tenant_id, ExcludedAddress.address_key == key
    ).execute()


def expire() -> int:
    """Delete the addresses of files whose time is over, of all tenants; returns how many files."""
    limit = clock.now() - KEPT
    with unscoped("one sweep serves all tenants"):
        over = list(
            Exclusion.select().where(
                Exclusion.address_count > 0,
                (Exclusion.until_at < limit)
                | Exclusion.campaign_id.in_(
                    Campaign.select(Campaign.id).where(
                        (Campaign.finished_at < limit) | (Campaign.closed_at < limit)
                    )
                ),
            )
        )
    for found in over:
        with database.atomic():
            ExcludedAddress.delete().where(
                ExcludedAddress.tenant_id == found.tenant_id, ExcludedAddress.exclusion_id == found.id
            ).execute()
            found.address_count = 0
            found.save()
    return len(over)


def _fill(found: Exclusion, cells: Iterator[str]) -> int:
    """Keep the addresses among the cells; returns how many could not be read."""
    refused = rows = 0
    while some := list(islice(cells, CHUNK)):
        rows += len(some)
        if rows > MOST_ROWS:
            raise Invalid(
                fields={
                    "file": (N_("The file has more than %(count)s rows. Divide it."), {"count": MOST_ROWS})
                }
            )
        keys = set()
        for cell in some:
            try:
                keys.add(addresses.key_of(cell))
            except addresses.BadAddress:
                refused += 1
        if keys:
            database.cursor().executemany(
                sql(
                    """INSERT INTO excluded_address (tenant_id, exclusion_id, address_key) VALUES (?, ?, ?)
                    ON CONFLICT DO NOTHING"""
                ),
                [(found.tenant_id, found.id, key) for key in sorted(keys)],
            )
    return refused


def _cells(path: Path) -> Iterator[str]:
    """The cells of the column that holds addresses; raises Invalid (on `file`) for a file that cannot be read."""
    try:
        imports.as_text(path)
        dialect = csvfile.sniff(path)
        rows = (record.cells for record in csvfile.records(path, dialect))
        first = list(islice(rows, 100))
    except Invalid as error:
        raise Invalid(fields={"file": (error.message, error.params)}) from None
    width = max(map(len, first), default=0)
    hits = [sum("@" in row[i] for row in first if i < len(row)) for i in range(width)]
    if not any(hits):
        raise Invalid(fields={"file": N_("We found no e-mail address in this file. Check its columns.")})
    column = hits.index(max(hits))
    body = first[1:] if dialect.header else first
    return (row[column] for row in chain(body, rows) if column < len(row) and row[column])
