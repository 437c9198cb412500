"""Tell people that something waits for their decision, remind them, let another role step in, and void what is late
or no longer is what was asked for: in the portal, and by mail as each has chosen."""

from collections.abc import Iterable

from dispatcher.housemail import letterhead, lettering
from domain import tokens
from domain.accounts import absence, holding, policy
from domain.accounts.models import User
from domain.accounts.permissions import Permission
from domain.approvals import flow, guests, listing, setup
from domain.approvals.models import Approval
from domain.campaigns import lifecycle, planning
from domain.content import approving as articles
from domain.db import database
from domain.errors import N_, NotFound
from domain.notices import bell
from domain.tenancy import settings as tenant_settings
from domain.tenancy import tree

LINK_MAX_AGE_S = 60 * 86_400


def deciders(approval: Approval) -> list[User]:
    """Who may decide the step that waits: not the person who asked, nobody twice; stand-ins of those away, too."""
    found = policy.people_with(Permission.APPROVAL_DECIDE, approval.tenant_id)
    roles = holding.roles_by_person(approval.tenant_id, [user.id for user in found])
    found = [user for user in found if flow.may_take(approval, roles.get(user.id, ()))]
    here = {user.id: user for user in found}
    for user in absence.stand_ins(found, approval.tenant_id, Permission.APPROVAL_DECIDE):
        here[user.id] = user
    done = {i for vote in flow.votes(approval) for i in (vote.user_id, vote.for_user_id)}
    return [user for user in here.values() if user.id not in done | {approval.asked_by_id}]


def told(approval: Approval) -> list[User]:
    """The group that is only told: everybody of a role, and people by name."""
    terms, _steps = setup.of(approval.tenant_id, approval.kind, flow.folder_of(approval))
    ids = set(terms.told_ids)
    if terms.told_role_id:
        ids |= holding.holders(approval.tenant_id, terms.told_role_id)
    members = holding.members(approval.tenant_id, ids)
    return list(User.select().where(User.id.in_(members or {0}), User.active))


def tell(approval: Approval, again: bool = False) -> list[int]:
    """Bell and mail for everybody whose decision waits; ids of the mails, to be nudged after commit."""
    people = deciders(approval)
    message = (
        N_("“%(title)s” still waits for your decision.")
        if again
        else N_("“%(title)s” waits for your decision.")
    )
    params, path = {"title": approval.title}, f"approvals/{approval.id}"
    bell.tell(approval.tenant_id, [u.id for u in people], message, params, path, mailed=True)
    if not again:
        others = {u.id for u in told(approval)} - {u.id for u in people}
        bell.tell(approval.tenant_id, others, N_("Approval of “%(title)s” is asked for."), params, path)
    return [*_mail(approval, (u for u in people if u.notice_mail == "now"), again), *_invite(approval, again)]


def by_address(tenant_id: int) -> bool:
    """Whether the tenant lets people decide who are known only by an address."""
    return bool(tenant_settings.effective(tree.get(tenant_id))["approval_by_address"])


def sweep() -> None:
    """Void what nobody decided in time or has changed, tell again what waits, let another role step in."""
    for approval in listing.overdue():
        expire(approval)
    for approval in listing.to_remind():
        with database.atomic():
            if flow.remind_again(approval):
                tell(approval, again=True)
    for approval in listing.to_escalate():
        with database.atomic():
            if flow.escalate(approval):
                tell(flow.get(approval.tenant_id, approval.id), again=True)
    for approval in listing.cleared(planning.KIND):
        _look(approval)


def expire(approval: Approval) -> None:
    """The deadline is over: the request is void, what it was for is open to be changed, who asked hears of it."""
    if approval.kind == planning.KIND:
        return lifecycle.expire(approval)
    with database.atomic():
        found = flow.void(approval.tenant_id, approval.kind, approval.object_id, reason=lifecycle.NOT_IN_TIME)
        if found and approval.kind == articles.KIND:
            articles.lapse(approval)
        if found:
            bell.tell(
                approval.tenant_id, [approval.asked_by_id],
                N_("Nobody has decided on “%(title)s” in time. Ask again."), {"title": approval.title},
                f"approvals/{approval.id}",
            )  # fmt: skip


def link_token(approval: Approval) -> str:
    """Names one request in one version; whoever follows it has to sign in."""
    return tokens.timed_token("approval", [approval.tenant_id, approval.id, approval.fingerprint[:16]])


def _look(approval: Approval) -> None:
    """A segment that was changed meanwhile voids what was asked or approved, at once and not only at the start."""
    try:
        campaign = planning.get(approval.tenant_id, approval.object_id)
    except NotFound:
        return
    if campaign.approval_id != approval.id or campaign.started_at is not None:
        return
    reason = planning.drift(campaign, approval, counted=False)
    if reason:
        lifecycle.lapse(campaign, approval, reason)


def _mail(approval: Approval, people: Iterable[User], again: bool) -> list[int]:
    tenant = tree.get(approval.tenant_id)
    asker = policy.names([approval.asked_by_id]).get(approval.asked_by_id, "?")
    link = f"{letterhead.public_url()}/t/{tenant.slug}/approvals/by/{link_token(approval)}"
    kind = "reminder" if again else "approval"
    return [
        lettering.queue(
            kind, user.language, tenant, user.email, user.name,
            title=approval.title, asker=asker, link=link, note=approval.note,
        ).id
        for user in people
    ]  # fmt: skip


def _invite(approval: Approval, again: bool) -> list[int]:
    """Mails to those known only by an address, where the tenant allows them."""
    invited = guests.waiting(approval)
    if not invited or not by_address(approval.tenant_id):
        return []
    tenant = tree.get(approval.tenant_id)
    asker = policy.names([approval.asked_by_id]).get(approval.asked_by_id, "?")
    language = str(tenant_settings.effective(tenant)["language"])
    voted = {-vote.user_id for vote in flow.votes(approval)}
    return [
        lettering.queue(
            "guest", language, tenant, guest.address, "", title=approval.title, asker=asker, note=approval.note,
            link=f"{letterhead.public_url()}/approve/{guests.link_token(guest)}",
        ).id
        for guest in invited if guest.id not in voted
    ]  # fmt: skip
