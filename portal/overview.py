"""What the first page of a tenant shows: a handful of queries, each only with the right to see its answer."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from flask import g
from peewee import JOIN, SQL, Case, Select, fn

from domain import clock
from domain.accounts import rolebook
from domain.accounts.models import Role, User
from domain.accounts.permissions import Permission as P
from domain.approvals.models import Approval, ApprovalState
from domain.campaigns.models import Campaign, CampaignStatus, Course
from domain.content import pool
from domain.content.models import Article, ArticleState
from domain.db import database, sql
from domain.issues.models import Block, Issue, IssueState
from domain.ledger.models import Delivery
from domain.ledger.states import DeliveryState
from domain.quotas import ledger as quotas
from domain.subscribers.models import Consent
from portal.access import may
from portal.context import effective_settings
from portal.issue_rights import edits

RUNNING = (
    CampaignStatus.PREPARING, CampaignStatus.SENDING, CampaignStatus.WAITING, CampaignStatus.PAUSED,
    CampaignStatus.STOPPED,
)  # fmt: skip
SETTLED = (DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.EXPIRED, DeliveryState.HELD)
HELD_DAYS = 90  # a doubtful mail older than this is nobody's work any more
READER_DAYS = 30
OPEN_ISSUES = 60
RECENT_CAMPAIGNS = 100


@dataclass(frozen=True)
class Readers:
    """A newsletter type, how many people may be mailed, and how many more that are than 30 days ago."""

    type_id: int
    name: str
    count: int
    change: int


@dataclass
class Issues:
    """Open issues by what they are shown for; `articles`: issue id → articles in it."""

    returned: list[Issue] = field(default_factory=list)
    upcoming: list[Issue] = field(default_factory=list)
    mine: list[Issue] = field(default_factory=list)
    articles: dict[int, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Articles:
    """`returned` to the person and the `latest` own ones; how many are `waiting` for a review, the `oldest` of them."""

    returned: list[Article]
    latest: list[Article]
    waiting: int = 0
    oldest: Article | None = None


def articles() -> Articles:
    """What the person wrote, and what waits for a review, in one statement."""
    g.waiting_articles = 0
    here = Article.tenant_id == g.tenant.id
    returned = Article.state == ArticleState.RETURNED
    mine = Article.select(Article.id).where(here, Article.author_id == g.user.id)
    ids = Select([mine.order_by(returned.desc(), Article.updated_at.desc()).limit(10)], [SQL("id")])
    reviews = may(P.ARTICLE_REVIEW)
    if reviews:
        first = Article.select(Article.id).where(here, Article.state == ArticleState.SUBMITTED)
        ids += Select([first.order_by(Article.submitted_at, Article.id).limit(1)], [SQL("id")])
    query = Article.select(Article, pool.submitted(g.tenant.id).alias("waiting")).where(
        here, Article.id.in_(ids)
    )
    found = list(query)
    own = sorted((a for a in found if a.author_id == g.user.id), key=lambda a: a.updated_at, reverse=True)
    submitted = [a for a in found if a.state == ArticleState.SUBMITTED] if reviews else []
    oldest = min(submitted, key=lambda a: (a.submitted_at, a.id), default=None)
    g.waiting_articles = oldest.waiting if oldest else 0
    return Articles(
        [a for a in own if a.state == ArticleState.RETURNED][:5], own[:5], g.waiting_articles, oldest
    )


def to_decide() -> list[tuple[int, datetime, str, str]]:
    """(approval, asked at, name of the object, who asked) of what waits for the person's decision, oldest first."""
    g.waiting_approvals = 0
    if not may(P.APPROVAL_DECIDE):
        return []
    query = (
        Approval.select(
            Approval.id, Approval.asked_at, fn.COALESCE(fn.NULLIF(Approval.title, ""), Campaign.name, ""), User.name
        )
        .join(
            Campaign, JOIN.LEFT_OUTER,
            on=(
                (Campaign.id == Approval.object_id) & (Campaign.tenant_id == Approval.tenant_id)
                & (Approval.kind == "campaign")
            ),
        )
        .join(User, on=(User.id == Approval.asked_by_id))
        .where(
            Approval.tenant_id == g.tenant.id, Approval.state == ApprovalState.OPEN,
            Approval.asked_by_id != g.user.id,
        )
        .order_by(Approval.id)
    )  # fmt: skip
    found = list(query.tuples())
    g.waiting_approvals = len(found)
    return found


def mailings() -> tuple[list[tuple[Campaign, int, int]], list[tuple[int, str, int]]]:
    """What is on its way as (campaign, mails taken or given up, mails in all), and what waits for a decision as
    (campaign id, name, mails on hold); both newest first."""
    if not may(P.CAMPAIGN_SEE):
        return [], []
    mails = Delivery.select(fn.COUNT(Delivery.id)).where(
        Delivery.tenant_id == Campaign.tenant_id, Delivery.campaign_id == Campaign.id
    )
    on_its_way = Campaign.status.in_(RUNNING)
    query = Campaign.select(  # CASE: the long counts only for the few that run
        Campaign,
        Case(None, [(on_its_way, mails.where(Delivery.state.in_(SETTLED)))], 0).alias("settled"),
        Case(None, [(on_its_way, mails.where(Delivery.state != DeliveryState.SUPPRESSED))], 0).alias("total"),
        mails.where(Delivery.state == DeliveryState.HELD, Delivery.settled_at.is_null()).alias("held"),
    ).where(
        Campaign.tenant_id == g.tenant.id,
        Campaign.course != Course.SERIES,
        on_its_way | (Campaign.started_at >= clock.now() - timedelta(days=HELD_DAYS)),
    )
    found = list(query.order_by(Campaign.id.desc()).limit(RECENT_CAMPAIGNS))
    running = [(c, c.settled, c.total) for c in found if c.status in RUNNING][:5]
    held = [(c.id, c.name, c.held) for c in found if c.held][:5] if may(P.CAMPAIGN_SEND) else []
    return running, held


def issues() -> Issues:
    """The open issues of the tenant; of very many those that come next."""
    if not may(P.ISSUE_SEE):
        return Issues()
    articles = Block.select(fn.COUNT(Block.id)).where(
        Block.tenant_id == Issue.tenant_id, Block.issue_id == Issue.id, Block.article_id.is_null(False)
    )
    query = Issue.select(Issue, articles.alias("articles")).where(
        Issue.tenant_id == g.tenant.id, Issue.state.not_in([IssueState.SENT, IssueState.ARCHIVED])
    )
    found = list(query.order_by(fn.COALESCE(Issue.planned_at, 9_999_999_999), Issue.id).limit(OPEN_ISSUES))
    return Issues(
        returned=[i for i in found if i.state == IssueState.RETURNED and edits(i)][:5],
        upcoming=found[:6],
        mine=[i for i in found if i.created_by_id == g.user.id],
        articles={i.id: i.articles for i in found},
    )


def latest(articles: list[Article], own_issues: list[Issue]) -> list[tuple[str, Any]]:
    """("article" or "issue", what the person worked on last), newest first."""
    found: list[tuple[str, Any]] = [("article", a) for a in articles] + [("issue", i) for i in own_issues]
    return sorted(found, key=lambda pair: pair[1].updated_at, reverse=True)[:5]


def volume() -> tuple[Role, list[quotas.Standing]] | None:
    """The role whose limits count for the person, and how much of those with an end is left; None without any."""
    if not may(P.VOLUME_SEE) or not g.rights.role_ids:
        return None
    zone = effective_settings()["time_zone"]
    standings = quotas.standings_by_role(g.tenant.id, g.rights.role_ids, zone)
    role_id = max(standings, key=lambda i: quotas.per_day(standings[i]))
    timed = [s for s in standings[role_id] if s.resets_at]
    if not timed:
        return None
    known = next((Role(id=i, name=name, starter=key) for i, name, key in g.rights.held if i == role_id), None)
    return known or rolebook.role_for(g.tenant.id, role_id), timed


def readers() -> list[Readers]:
    """Active newsletter types by name."""
    if not may(P.TYPE_SEE):
        return []
    mailed = (Consent.CONFIRMED.value, Consent.PROVED.value)
    rows = database.execute_sql(
        sql(
            """SELECT t.id, t.name,
            (SELECT count(*) FROM subscription s
             WHERE s.tenant_id = t.tenant_id AND s.type_id = t.id AND s.consent IN (?, ?)),
            (SELECT sum(CASE WHEN e.after IN (?, ?) THEN 1 ELSE 0 END - CASE WHEN e.before IN (?, ?) THEN 1 ELSE 0 END)
             FROM consent_event e WHERE e.tenant_id = t.tenant_id AND e.type_id = t.id AND e.at >= ?)
            FROM newsletter_type t WHERE t.tenant_id = ? AND t.active ORDER BY t.name LIMIT 8"""
        ),
        [*mailed, *mailed, *mailed, clock.epoch() - READER_DAYS * 86_400, g.tenant.id],
    ).fetchall()
    return [Readers(type_id, name, count, int(change or 0)) for type_id, name, count, change in rows]
