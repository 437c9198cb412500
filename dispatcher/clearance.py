"""DOOR: freeze an issue with its plan and ask for approval of exactly that."""

from dataclasses import dataclass, field
from datetime import datetime

from dispatcher import approving, render
from domain.accounts import policy
from domain.accounts.models import User
from domain.approvals import flow
from domain.campaigns import audience, correcting, lifecycle, planning
from domain.campaigns.models import Campaign
from domain.content.models import ArticleState
from domain.errors import N_, Conflict, Invalid
from domain.issues import assembly, placeholders
from domain.issues.models import BlockKind, Issue
from domain.quotas import ledger as quotas
from domain.tenancy import settings as tenant_settings
from domain.tenancy.models import Tenant


@dataclass(frozen=True)
class Finding:
    """One line of the pre-flight: an error blocks approval, a hint does not. `block_id` leads to the place."""

    error: bool
    message: str
    params: dict[str, object] = field(default_factory=dict)
    block_id: int | None = None


CHECKS = 10


def preflight(tenant: Tenant, issue: Issue, base_url: str) -> tuple[list[Finding], int]:
    """(findings, errors first; bytes of the HTML part)."""
    found: list[Finding] = []
    blocks = [b for b in assembly.blocks(issue) if not b.hidden]
    articles = assembly.articles_of(issue, blocks)
    if not issue.subject.strip():
        found.append(Finding(True, N_("The subject is missing.")))
    elif len(issue.subject) > 60:
        found.append(
            Finding(
                False,
                N_("The subject has %(count)d characters; many programs show 60."),
                {"count": len(issue.subject)},
            )
        )
    if not issue.preheader.strip():
        found.append(Finding(False, N_("The preview text is missing; inboxes show it behind the subject.")))
    if not any(b.kind in (BlockKind.ARTICLE, BlockKind.TEXT) for b in blocks):
        found.append(Finding(True, N_("The issue has neither an article nor a text yet.")))
    if not str(tenant_settings.effective(tenant)["imprint"]).strip():
        found.append(
            Finding(True, N_("The imprint is missing. An administrator enters it in the tenant's settings."))
        )
    for block in blocks:
        article = articles.get(block.article_id or 0)
        if block.kind == BlockKind.ARTICLE and article is None and block.source_tenant_id:
            found.append(
                Finding(True, N_("An article was recalled by the tenant it came from."), {}, block.id)
            )
        elif block.kind == BlockKind.ARTICLE and article is None:
            found.append(Finding(True, N_("An article of this issue no longer exists."), {}, block.id))
        elif article and article.state not in (ArticleState.ACCEPTED, ArticleState.USED):
            found.append(
                Finding(True, N_("“%(title)s” is not accepted any more."), {"title": article.title}, block.id)
            )
        elif article and article.asset_id and not article.asset_alt.strip():
            found.append(
                Finding(
                    True,
                    N_("The picture of “%(title)s” has no description."),
                    {"title": article.title},
                    block.id,
                )
            )
        if block.kind == BlockKind.PICTURE and block.data.get("asset_id") and not block.data.get("alt"):
            found.append(Finding(True, N_("A picture has no description."), {}, block.id))
        if block.kind == BlockKind.BUTTON and not (block.data.get("url") and block.data.get("label")):
            found.append(Finding(True, N_("A button lacks its words or its link."), {}, block.id))
    places = [(None, issue.subject), (None, issue.preheader)]
    places += [(b.id, str(b.data.get("html", "")) + str(b.data.get("label", ""))) for b in blocks]
    for block_id, text in places:
        for name in placeholders.without_fallback(text):
            found.append(
                Finding(
                    False,
                    N_("[%(name)s] has no fallback: people without it see a gap."),
                    {"name": name},
                    block_id,
                )
            )
    size = render.render(tenant, issue, base_url).size_bytes
    if size > render.CLIP_BYTES:
        found.append(Finding(False, N_("The mail is larger than 102 KB; Gmail will cut it.")))
    return sorted(found, key=lambda f: not f.error), size


def ask(tenant: Tenant, issue: Issue, campaign: Campaign, user: User, base_url: str, note: str = "") -> None:
    """Freeze what is there now and ask for its approval. Raises Conflict or Invalid with the first error found."""
    errors = [f for f in preflight(tenant, issue, base_url)[0] if f.error]
    if errors:
        raise Invalid(errors[0].message, None, **errors[0].params)
    if issue.state not in assembly.EDITABLE:
        raise Conflict(N_("Approval has already been asked for."))
    planning.check_sender(tenant.id, campaign.sender_address)
    if not audience.numbers(campaign)[0]:
        raise Invalid(N_("Nobody would get this mailing. Choose other recipients."))
    mark, rendered = _now(tenant, issue, campaign, base_url)
    revision = render.freeze(issue, rendered, mark, user.id)
    planning.ask(campaign, issue, revision.id, mark, user.id, note)
    _tell_or_skip(tenant, campaign, user)


def ask_again(
    tenant: Tenant, issue: Issue, campaign: Campaign, user: User, base_url: str, note: str = ""
) -> None:
    """Freeze the corrected issue of a paused mailing and ask for its approval. Raises as `ask` does."""
    errors = [f for f in preflight(tenant, issue, base_url)[0] if f.error]
    if errors:
        raise Invalid(errors[0].message, None, **errors[0].params)
    planning.check_sender(tenant.id, campaign.sender_address)
    mark, rendered = _now(tenant, issue, campaign, base_url)
    if mark == (campaign.previous or {}).get("fingerprint"):
        raise Conflict(N_("Nothing has changed. Correct the issue first, or keep the old version."))
    revision = render.freeze(issue, rendered, mark, user.id)
    correcting.ask(campaign, issue, revision.id, mark, user.id, note)
    _tell_or_skip(tenant, campaign, user)


def _tell_or_skip(tenant: Tenant, campaign: Campaign, user: User) -> None:
    """Whoever may decide is told; what is too small to need it is scheduled with the limits of the person who asks."""
    campaign = planning.get(tenant.id, campaign.id)
    role_id = quotas.most_generous(policy.rights_of(user, tenant.id).role_ids)
    if not lifecycle.skip(campaign, role_id):
        approving.tell(flow.get(tenant.id, campaign.approval_id or 0))


def _now(tenant: Tenant, issue: Issue, campaign: Campaign, base_url: str) -> tuple[str, render.Rendered]:
    sender = render.Sender(campaign.sender_name, campaign.sender_address, campaign.reply_to)
    at = campaign.send_at if isinstance(campaign.send_at, datetime) else None
    rendered = render.render(tenant, issue, base_url, sender, at)
    return render.fingerprint(rendered, *planning.definition(campaign)), rendered
