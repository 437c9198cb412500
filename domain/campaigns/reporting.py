"""The report that a mailing goes to: its columns are placeholders of this mailing."""

from collections.abc import Iterable, Mapping
from typing import Any

from domain.campaigns import conditions
from domain.campaigns.models import Campaign
from domain.issues import placeholders
from domain.issues.placeholders import Reader
from domain.segments import computed
from domain.segments.models import Segment
from domain.subscribers.facets import fields


def of(campaign: Campaign) -> Segment | None:
    """The report that a mailing goes to, if it goes to one."""
    wanted = (campaign.audience or {}).get("segment")
    if not wanted:
        return None
    return Segment.get_or_none(Segment.tenant_id == campaign.tenant_id, Segment.id == wanted)


def readers(campaign: Campaign, names: Iterable[str]) -> list[tuple[str, Reader]]:
    """Those of `names` that are computed columns of the mailing's report, with what gives their values."""
    wanted = foreign_or_computed(campaign.tenant_id, names)
    return placeholders.first_readers(campaign.tenant_id, computed.of(of(campaign)), wanted) if wanted else []


def texts(tenant_id: int, person: Mapping[str, Any], names: Iterable[str]) -> dict[str, str]:
    """Name → value of the computed columns of any report, for a look at a mail that has no plan yet."""
    wanted = foreign_or_computed(tenant_id, names)
    if not wanted:
        return {}
    found = placeholders.first_readers(tenant_id, computed.every(tenant_id).values(), wanted)
    return {name: value for name, read in found if (value := read(person))}


def foreign(campaign: Campaign, names: Iterable[str]) -> list[str]:
    """Names that are columns of other reports, but not of the one this mailing goes to."""
    wanted = foreign_or_computed(campaign.tenant_id, names)
    own = {column.name for column in computed.of(of(campaign))} if wanted else set()
    return [name for name in wanted if name not in own]


def foreign_or_computed(tenant_id: int, names: Iterable[str]) -> list[str]:
    """Those of `names` that neither everybody's palette nor an own field gives, and that are no segment's."""
    known = placeholders.KNOWN.values()
    left = [name for name in names if name not in known and not conditions.is_condition(name)]
    if not left:
        return []
    own = {name for f in fields.every(tenant_id) for name in (f.key, f.name)}
    return [name for name in left if name not in own]
