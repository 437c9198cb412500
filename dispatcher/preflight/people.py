"""Who would get the mail and in whose name: what only the plan of a mailing knows."""

from collections.abc import Callable, Mapping, Sequence

from dispatcher.preflight.facts import Facts
from dispatcher.preflight.findings import Finding, Findings, Place, error, hint
from domain.campaigns import audience, conditions, fallbacks, reporting, reports
from domain.campaigns.models import Campaign, Course
from domain.errors import N_, Conflict
from domain.senders import domains

FOREIGN = N_(
    "[%(name)s] is the column of a report that this mailing does not go to. Choose that report or another placeholder."
)
EMPTY = {  # (leaves a gap, one person) → what is said
    (True, False): N_("[%(name)s] is empty for %(count)s people: they see a gap."),
    (True, True): N_("[%(name)s] is empty for one person, who sees a gap."),
    (False, False): N_("[%(name)s] is empty for %(count)s people: the fallback is used."),
    (False, True): N_("[%(name)s] is empty for one person: the fallback is used."),
}
Counts = Callable[[Campaign, Sequence[str]], Mapping[str, int]]
SURPRISING = 2.0  # times as many, or as few, as last time


def sender(facts: Facts, campaign: Campaign) -> Findings:
    name = campaign.sender_address.rpartition("@")[2]
    if not domains.may_send_as(facts.tenant.id, name):
        yield error(domains.UNVERIFIED, Place.SENDERS, domain=name or "–")


def size(facts: Facts, campaign: Campaign) -> Findings:
    """Nobody, or many more or fewer than the last time."""
    try:
        conditions.must_be_readable(facts.tenant.id, (), campaign.audience or {})
    except Conflict as unreadable:
        yield Finding(True, unreadable.message, dict(unreadable.params), place=Place.PLAN)
        return
    count = audience.numbers(campaign)[0]
    if not count:
        yield error(N_("Nobody would get this mailing. Choose other recipients."), Place.PLAN)
        return
    last = reports.last_of_type(campaign)
    if campaign.course != Course.OWN or not last:
        return
    if count >= SURPRISING * last:
        yield hint(
            N_("%(times)s × as many recipients as last time: %(count)s instead of %(last)s."), Place.PLAN,
            times=_times(count / last), count=count, last=last,
        )  # fmt: skip
    elif last >= SURPRISING * count:
        yield hint(
            N_("Far fewer recipients than last time: %(count)s instead of %(last)s."), Place.PLAN,
            count=count, last=last,
        )  # fmt: skip


def empty(facts: Facts, campaign: Campaign, counts: Counts = fallbacks.counts) -> Findings:
    """For how many of the whole audience a placeholder has no value."""
    bare = facts.without_fallback
    for name, count in counts(campaign, facts.rendered.names).items():
        message = EMPTY[name in bare, count == 1]
        yield hint(message, *_standing(facts, name, name in bare), name=name, count=count)


def columns(facts: Facts, campaign: Campaign) -> Findings:
    """Placeholders that another report has as a column, but not the one this mailing goes to."""
    for name in reporting.foreign(campaign, facts.rendered.names):
        yield error(FOREIGN, Place.ISSUE, facts.block_with(f"[{name}"), name=name)


def _standing(facts: Facts, name: str, bare: bool) -> tuple[Place, int | None]:
    """(place, block) where a placeholder is first met, `bare`: without a fallback."""
    sought = (f"[{name}]", f"[{name}|]") if bare else (f"[{name}|", f"[{name}]")
    for place, text in ((Place.SUBJECT, facts.issue.subject), (Place.PREHEADER, facts.issue.preheader)):
        if any(one in text for one in sought):
            return place, None
    return Place.ISSUE, facts.block_with(*sought)


def _times(found: float) -> str:
    return f"{found:.0f}" if found >= 10 else f"{found:.1f}"
