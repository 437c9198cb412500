"""What waits for me, what runs, what comes next."""

from flask import Blueprint, Response, g
from flask_babel import get_timezone
from peewee import fn

from domain import clock
from domain.accounts import policy
from domain.accounts.permissions import Permission as P
from domain.approvals import flow
from domain.campaigns import reports
from domain.campaigns.models import Campaign, CampaignStatus
from domain.content.models import Article, ArticleState
from domain.issues.models import Issue, IssueState
from domain.ledger.models import Delivery
from domain.ledger.states import DeliveryState
from domain.quotas import ledger as quotas
from domain.subscribers.models import Consent, NewsletterType, Subscription
from portal import hypermedia
from portal.access import may, signed_in
from portal.context import effective_settings

bp = Blueprint("dashboard", __name__)
RUNNING = (
    CampaignStatus.PREPARING,
    CampaignStatus.SENDING,
    CampaignStatus.WAITING,
    CampaignStatus.PAUSED,
    CampaignStatus.STOPPED,
)


@bp.get("/")
@signed_in
def index() -> Response:
    tenant_id = g.tenant.id
    running = []
    if may(P.CAMPAIGN_SEE):
        query = Campaign.select().where(Campaign.tenant_id == tenant_id, Campaign.status.in_(RUNNING))
        running = [(c, reports.progress(c)) for c in query.order_by(Campaign.id.desc()).limit(5)]
    return hypermedia.page(
        "dashboard/index.html", tasks=_tasks(tenant_id), running=running, next_issues=_next(tenant_id),
        standings=_standings(tenant_id), readers=_readers(tenant_id), recent=_recent(tenant_id),
        today=clock.now().astimezone(get_timezone()).date(),
    )  # fmt: skip


def _tasks(tenant_id: int) -> dict[str, object]:
    """What a person must do here, by kind."""
    mine = Article.select().where(
        Article.tenant_id == tenant_id, Article.author_id == g.user.id, Article.state == ArticleState.RETURNED
    )
    found: dict[str, object] = {"returned": list(mine.limit(5))}
    if may(P.ARTICLE_REVIEW):
        waiting = Article.select().where(
            Article.tenant_id == tenant_id, Article.state == ArticleState.SUBMITTED
        )
        found["submitted"] = waiting.count()
        found["oldest"] = waiting.order_by(Article.submitted_at).first()
    if may(P.APPROVAL_DECIDE):
        requests = [a for a in flow.open_requests(tenant_id) if a.asked_by_id != g.user.id]
        names = policy.names(a.asked_by_id for a in requests)
        campaigns = {
            c.id: c for c in Campaign.select().where(
                Campaign.tenant_id == tenant_id, Campaign.id.in_([a.object_id for a in requests] or [0])
            )
        }  # fmt: skip
        found["approvals"] = [(a, campaigns.get(a.object_id), names.get(a.asked_by_id, "")) for a in requests]
    if may(P.ISSUE_EDIT):
        back = Issue.select().where(Issue.tenant_id == tenant_id, Issue.state == IssueState.RETURNED)
        found["issues"] = list(back.order_by(Issue.id.desc()).limit(5))
    if may(P.CAMPAIGN_SEND):
        held = Delivery.select(Delivery.campaign_id, fn.COUNT(Delivery.id)).where(
            Delivery.tenant_id == tenant_id, Delivery.state == DeliveryState.HELD
        )
        found["held"] = list(held.group_by(Delivery.campaign_id).tuples())
    return found


def _next(tenant_id: int) -> list[Issue]:
    if not may(P.ISSUE_SEE):
        return []
    query = Issue.select().where(
        Issue.tenant_id == tenant_id, Issue.state.not_in([IssueState.SENT, IssueState.ARCHIVED])
    )
    return list(query.order_by(fn.COALESCE(Issue.planned_at, 9_999_999_999), Issue.id).limit(6))


def _standings(tenant_id: int) -> list[quotas.Standing]:
    if not may(P.VOLUME_SEE):
        return []
    role_id = quotas.most_generous(g.rights.role_ids)
    return [s for s in quotas.standings(tenant_id, role_id, effective_settings()["time_zone"]) if s.resets_at]


def _readers(tenant_id: int) -> list[tuple[NewsletterType, int]]:
    if not may(P.TYPE_SEE):
        return []
    counts = dict(
        Subscription.select(Subscription.type_id, fn.COUNT(Subscription.id))
        .where(
            Subscription.tenant_id == tenant_id, Subscription.consent.in_([Consent.CONFIRMED, Consent.PROVED])
        )
        .group_by(Subscription.type_id)
        .tuples()
    )
    kinds = NewsletterType.select().where(NewsletterType.tenant_id == tenant_id, NewsletterType.active)
    return [(kind, counts.get(kind.id, 0)) for kind in kinds.order_by(NewsletterType.name)]


def _recent(tenant_id: int) -> list[tuple[str, object]]:
    articles = Article.select().where(Article.tenant_id == tenant_id, Article.author_id == g.user.id)
    found: list[tuple[str, object]] = [
        ("article", a) for a in articles.order_by(Article.updated_at.desc()).limit(4)
    ]
    if may(P.ISSUE_EDIT):
        issues = Issue.select().where(Issue.tenant_id == tenant_id, Issue.created_by_id == g.user.id)
        found += [("issue", i) for i in issues.order_by(Issue.updated_at.desc()).limit(4)]
    return sorted(found, key=lambda pair: pair[1].updated_at, reverse=True)[:5]  # type: ignore[attr-defined]
