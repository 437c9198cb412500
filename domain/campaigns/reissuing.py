"""An issue once more: as the next number, as the same text for other people, or as another text for the same people."""

from peewee import fn

from domain.campaigns import planning
from domain.campaigns.models import Campaign
from domain.db import database
from domain.errors import N_, Conflict
from domain.issues import assembly, copies, letters
from domain.issues.models import PLAIN, Issue, IssueKind
from domain.subscribers import types

AUDIENCE = ("lists", "consents", "segment", "exclude")


def next_number(issue: Issue, user_id: int) -> Issue:
    """The next issue of the newsletter type with the same blocks; subject and preview text are to be written anew."""
    with database.atomic():
        made = copies.copy(issue, user_id, issue.name, "")
        if issue.kind in PLAIN:
            return made
        newest = (
            Issue.select(fn.MAX(Issue.number))
            .where(Issue.tenant_id == issue.tenant_id, Issue.type_id == issue.type_id)
            .scalar()
            or 0
        )
        made.number, made.preheader = newest + 1, ""
        made.name = f"{types.get(issue.tenant_id, issue.type_id).name} Nr. {made.number}"[:120]
        made.save()
        return made


def other_people(issue: Issue, user_id: int) -> Issue:
    """The same text under the same number, its recipients still to be chosen."""
    with database.atomic():
        made = copies.copy(issue, user_id, issue.name, issue.subject)
        made.number = issue.number
        made.save()
        return made


def other_text(issue: Issue, user_id: int) -> Issue:
    """An empty issue, or letter, of the same type, planned for the same recipients in the name of the same sender.
    Raises Conflict if none were chosen for the first."""
    planned = planning.of_issue(issue)
    if planned is None:
        raise Conflict(N_("No recipients are chosen for this issue yet. Plan its mailing first."))
    with database.atomic():
        if issue.kind in PLAIN:
            kind = IssueKind(issue.kind)
            made = letters.create(issue.tenant_id, issue.type_id, user_id, issue.name, kind)
        else:
            made = assembly.create(issue.tenant_id, issue.type_id, user_id)
        campaign = planning.draft_for(
            made, user_id, planned.sender_name, planned.sender_address, planned.reply_to
        )
        chosen = {key: value for key, value in (planned.audience or {}).items() if key in AUDIENCE}
        Campaign.update(audience=chosen).where(
            Campaign.tenant_id == campaign.tenant_id, Campaign.id == campaign.id
        ).execute()
        return made
