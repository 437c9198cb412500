"""When a campaign may send: its portions, the tenant's quiet hours, how late it may begin, and what to say
when it must wait."""

from datetime import datetime, timedelta
from typing import Any

from domain.campaigns.models import Campaign
from domain.errors import N_
from domain.quotas.ceilings import Budget, Portions
from domain.quotas.counters import Standing
from domain.quotas.models import INTERVAL, Scope, Window
from domain.tenancy import quiet

QUIET = N_("It is within the quiet hours of this tenant.")
OVERDUE = N_(
    "This mailing should have begun %(hours)d hours ago or more. Look whether it is still right, then let it go on."
)
_TEXTS: dict[tuple[str, str], str] = {
    (Scope.ROLE, Window.CAMPAIGN): N_("The limit of %(limit)s mails per mailing is reached."),
    (Scope.ROLE, Window.HOUR): N_("The limit of %(limit)s mails per hour is reached."),
    (Scope.ROLE, Window.DAY): N_("The limit of %(limit)s mails per day is reached."),
    (Scope.ROLE, Window.MONTH): N_("The limit of %(limit)s mails per month is reached."),
    (Scope.PERSON, Window.CAMPAIGN): N_("The personal limit of %(limit)s mails per mailing is reached."),
    (Scope.PERSON, Window.HOUR): N_("The personal limit of %(limit)s mails per hour is reached."),
    (Scope.PERSON, Window.DAY): N_("The personal limit of %(limit)s mails per day is reached."),
    (Scope.PERSON, Window.MONTH): N_("The personal limit of %(limit)s mails per month is reached."),
    (Scope.TENANT, Window.CAMPAIGN): N_("The tenant’s limit of %(limit)s mails per mailing is reached."),
    (Scope.TENANT, Window.HOUR): N_("The tenant’s limit of %(limit)s mails per hour is reached."),
    (Scope.TENANT, Window.DAY): N_("The tenant’s limit of %(limit)s mails per day is reached."),
    (Scope.TENANT, Window.MONTH): N_("The tenant’s limit of %(limit)s mails per month is reached."),
    (Scope.CAMPAIGN, INTERVAL): N_("This portion of %(limit)s mails is out."),
}


FIELDS = ("priority", "interval_count", "interval_s", "latest_start_h", "hold_uncertain")
PRIORITIES = (-1, 0, 1)
_MOST = 1_000_000
_DAY_S = 86_400


def wrong(values: dict[str, Any]) -> dict[str, str | tuple[str, dict[str, object]]]:
    """What is wrong with the order of sending in a plan: field → message."""
    found: dict[str, str | tuple[str, dict[str, object]]] = {}
    count, seconds = values.get("interval_count"), values.get("interval_s")
    if (count is None) != (seconds is None):
        found["interval_min" if seconds is None else "interval_count"] = N_(
            "Fill in both: how many mails, and every how many minutes."
        )
    if count is not None and not 1 <= count <= _MOST:
        found["interval_count"] = N_("Enter a number of mails from 1 on.")
    if seconds is not None and not 60 <= seconds <= _DAY_S:
        found["interval_min"] = N_("Enter a number of minutes from 1 to 1,440.")
    hours = values.get("latest_start_h")
    if hours is not None and not 1 <= hours <= 720:
        found["latest_start_h"] = N_("Enter a number of hours from 1 to 720, or leave the field empty.")
    if values.get("priority", 0) not in PRIORITIES:
        found["priority"] = N_("Choose one of the three.")
    return found


def budget(campaign: Campaign, zone: str, since: datetime | None = None) -> Budget:
    """Whose limits count for a campaign. Its portions are counted from its start (`since` before there is one)."""
    return Budget(
        campaign.tenant_id, campaign.id or 0, campaign.role_id, campaign.started_by_id, zone,
        portions(campaign, since),
    )  # fmt: skip


def portions(campaign: Campaign, since: datetime | None = None) -> Portions | None:
    """Interval sending, if the campaign has it."""
    start = campaign.started_at or since
    if not campaign.interval_count or not campaign.interval_s or start is None:
        return None
    return Portions(campaign.interval_count, campaign.interval_s, int(start.timestamp()))


def reason(limit: Standing) -> tuple[str, dict[str, Any]]:
    """(message id, params) of what a campaign at a limit says."""
    return _TEXTS[str(limit.scope), str(limit.window)], {"limit": limit.ceiling}


def quiet_until(settings: dict[str, Any], at: datetime) -> datetime | None:
    """When the tenant's quiet hours end, if `at` lies in them."""
    return quiet.until(settings["quiet_hours"], settings["time_zone"], at)


def hours_late(campaign: Campaign, settings: dict[str, Any], now: datetime) -> int | None:
    """The hours after which a person decides, if the campaign is later than that."""
    due = campaign.due_at or campaign.send_at
    hours = campaign.latest_start_h or settings["latest_start_h"]
    return hours if due is not None and hours and now > due + timedelta(hours=hours) else None
