"""A mailing and those that follow from it: who of its audience has the mail, and who has not.

`audience` of a child names the root of the family: {"missing_of": id} or {"got": id, "earlier_than": revision id}.
"""

from typing import Any

from domain.campaigns.models import Campaign, Course
from domain.ledger.states import DeliveryState as D

# whoever has the mail, may have it twice, will get it or was refused for good is not missing
_SERVED = ", ".join(str(int(s)) for s in (D.SENT, D.FAILED, D.QUEUED, D.LEASED, D.DEFERRED, D.UNCERTAIN))
_FAMILY = f"""(SELECT k.id FROM campaign k WHERE k.tenant_id = ? AND k.id <> ?
    AND (k.id = ? OR (k.parent_id = ? AND k.course = '{Course.MISSING}')))"""  # noqa: S608
_DELIVERIES = f"""SELECT 1 FROM delivery g WHERE g.tenant_id = s.tenant_id AND g.subscriber_id = s.id
    AND g.campaign_id IN {_FAMILY}"""  # noqa: S608


def restriction(campaign: Campaign) -> tuple[str, list[Any]]:
    """(" AND …" over subscriber s, its values) that narrows the audience of a child; empty for others."""
    wanted = campaign.audience or {}
    own_id = campaign.id or 0
    if wanted.get("missing_of"):
        root = int(wanted["missing_of"])
        text = f""" AND NOT EXISTS ({_DELIVERIES} AND (g.state IN ({_SERVED})
            OR (g.state = {int(D.HELD)} AND g.maybe_duplicate)))"""
        return text, [campaign.tenant_id, own_id, root, root]
    if wanted.get("got"):
        root = int(wanted["got"])
        text, values = f" AND EXISTS ({_DELIVERIES} AND g.state = {int(D.SENT)}", [campaign.tenant_id, own_id]
        values += [root, root]
        if wanted.get("earlier_than"):
            text += " AND g.revision_id <> ?"
            values.append(int(wanted["earlier_than"]))
        return text + ")", values
    return "", []


def root_id(campaign: Campaign) -> int:
    """The campaign whose mail this one carries on: itself, or its parent if it goes to those still missing."""
    return campaign.parent_id if campaign.course == Course.MISSING else campaign.id


def children(campaign: Campaign) -> list[Campaign]:
    """What followed from a campaign, oldest first."""
    return list(
        Campaign.select()
        .where(Campaign.tenant_id == campaign.tenant_id, Campaign.parent_id == campaign.id)
        .order_by(Campaign.id)
    )
