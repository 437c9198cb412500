"""Tell people that something waits for their decision: in the portal, and by mail as each has chosen."""

from collections.abc import Iterable

from dispatcher import completion
from domain import clock, tokens
from domain.accounts import policy
from domain.accounts.models import Membership, User
from domain.accounts.permissions import Permission
from domain.approvals import flow, setup
from domain.approvals.models import Approval
from domain.campaigns import lifecycle, planning
from domain.db import database
from domain.errors import N_
from domain.notices import bell, outbox
from domain.tenancy import tree

LINK_MAX_AGE_S = 60 * 86_400
TEXTS = {
    "de": {
        "subject": "Freigabe gefragt: %(title)s",
        "body": (
            "Guten Tag, %(name)s,\n\n%(asker)s bittet um die Freigabe von „%(title)s“.\n%(note)s\nAnsehen und "
            "entscheiden:\n%(link)s\n\nDer Link gilt für genau diese Fassung und verlangt Ihre Anmeldung.\n"
        ),
    },
    "en": {
        "subject": "Approval wanted: %(title)s",
        "body": (
            "Hello %(name)s,\n\n%(asker)s asks for approval of “%(title)s”.\n%(note)s\nLook at it and decide:\n"
            "%(link)s\n\nThe link is for exactly this version and asks you to sign in.\n"
        ),
    },
}


def deciders(approval: Approval) -> list[User]:
    """Who may decide the step that waits: not the person who asked, nobody twice; stand-ins of those away, too."""
    role_id = flow.current_step(approval)["role_id"]
    found = policy.people_with(Permission.APPROVAL_DECIDE, approval.tenant_id)
    if role_id:
        holders = {m.user_id for m in _holding(approval.tenant_id, role_id)}
        found = [user for user in found if user.id in holders]
    done = {vote.user_id for vote in flow.votes(approval)} | {approval.asked_by_id}
    here = {user.id: user for user in found}
    away = [u.stand_in_id for u in found if u.stand_in_id and u.away_until and u.away_until > clock.now()]
    for user in User.select().where(User.id.in_(away or [0]), User.active):
        if Permission.APPROVAL_DECIDE in policy.rights_of(user, approval.tenant_id):
            here[user.id] = user
    return [user for user in here.values() if user.id not in done]


def told(approval: Approval) -> list[User]:
    """The group that is only told, if the flow names one."""
    terms, _steps = setup.of(approval.tenant_id, approval.kind)
    if not terms.told_role_id:
        return []
    ids = [m.user_id for m in _holding(approval.tenant_id, terms.told_role_id)]
    return list(User.select().where(User.id.in_(ids or [0]), User.active))


def tell(approval: Approval, again: bool = False) -> list[int]:
    """Bell and mail for everybody whose decision waits; ids of the mails, to be nudged after commit."""
    campaign = planning.get(approval.tenant_id, approval.object_id)
    people = deciders(approval)
    message = (
        N_("“%(title)s” still waits for your decision.")
        if again
        else N_("“%(title)s” waits for your decision.")
    )
    params, path = {"title": campaign.name}, f"approvals/{approval.id}"
    bell.tell(approval.tenant_id, [u.id for u in people], message, params, path)
    others = {u.id for u in told(approval)} - {u.id for u in people}
    bell.tell(approval.tenant_id, others, N_("Approval of “%(title)s” is asked for."), params, path)
    return _mail(approval, campaign.name, (u for u in people if u.notice_mail != "off"))


def sweep() -> None:
    """Void what nobody decided in time, and tell again what waits too long."""
    for approval in flow.overdue():
        if approval.kind == planning.KIND:
            lifecycle.expire(approval)
    for approval in flow.to_escalate():
        with database.atomic():
            if flow.escalated(approval) and approval.kind == planning.KIND:
                tell(approval, again=True)


def link_token(approval: Approval) -> str:
    """Names one request in one version; whoever follows it has to sign in."""
    return tokens.timed_token("approval", [approval.tenant_id, approval.id, approval.fingerprint[:16]])


def _mail(approval: Approval, title: str, people: Iterable[User]) -> list[int]:
    tenant = tree.get(approval.tenant_id)
    asker = policy.names([approval.asked_by_id]).get(approval.asked_by_id, "?")
    link = f"{completion.public_url()}/t/{tenant.slug}/approvals/by/{link_token(approval)}"
    found = []
    for user in people:
        texts = TEXTS.get(user.language, TEXTS["en"])
        values = {"title": title, "name": user.name, "asker": asker, "link": link, "note": approval.note}
        mail = outbox.queue(
            "approval", tenant_id=tenant.id, to_address=user.email, to_name=user.name,
            subject=" ".join((texts["subject"] % values).split())[:300], plain=texts["body"] % values,
            headers={"Auto-Submitted": "auto-generated"},
        )  # fmt: skip
        found.append(mail.id)
    return found


def _holding(tenant_id: int, role_id: int) -> list[Membership]:
    now = clock.now()
    return list(
        Membership.select().where(
            Membership.tenant_id == tenant_id, Membership.role == role_id,
            Membership.until.is_null() | (Membership.until > now),
        )
    )  # fmt: skip
