"""What becomes of a mailing's time when its approval is gone or given, in sentences."""

from flask_babel import gettext as _

from domain import clock
from domain.campaigns.models import Campaign
from portal import filters


def has_passed(campaign: Campaign) -> bool:
    """Whether the planned time is over before the mailing has begun."""
    return campaign.send_at is not None and campaign.started_at is None and campaign.send_at <= clock.now()


def kept(campaign: Campaign) -> str:
    """For whoever makes a draft of an asked or approved mailing: whether it still has a time."""
    if campaign.started_at is not None or campaign.send_at is None:
        return ""
    if has_passed(campaign):
        return _("Its planned time has passed: choose a new one before you ask for approval again.")
    time = filters.long_moment(campaign.send_at)
    return _("It keeps its time: approved again, it goes out %(time)s.", time=time)


def approved(campaign: Campaign) -> str:
    """For whoever has approved: when it goes out."""
    if campaign.correcting or campaign.send_at is None:
        return _("Approved. It goes out now.")
    if has_passed(campaign):
        return _("Approved. Its planned time has passed, so it goes out now.")
    return _("Approved. It goes out %(time)s.", time=filters.long_moment(campaign.send_at))
