"""What a request for approval shows, by kind: the mailing, the issue, the article or the medium as it was asked for."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from flask import Response, render_template, request
from flask_babel import gettext as _

from dispatcher import deciding, preview
from dispatcher.preflight import run
from dispatcher.preflight.findings import Finding
from dispatcher.rendering import authorship, changes, marking
from dispatcher.rendering.changes import Change
from domain import clock
from domain.approvals.models import Approval, ApprovalState
from domain.approvals.setup import ARTICLE, CAMPAIGN, ISSUE, MEDIA
from domain.campaigns import audience, forecast, planning
from domain.campaigns.models import Campaign, Course
from domain.content import approving as articles
from domain.content import markup
from domain.content import revisions as versions
from domain.content.models import Article, ArticleRevision
from domain.errors import NotFound
from domain.issues import assembly, revisions
from domain.issues.models import IssueRevision
from domain.quotas.ceilings import Budget
from domain.tenancy import settings as tenant_settings
from domain.tenancy.models import Tenant
from mediadb import approving as media
from mediadb import urls
from mediadb.models import Asset
from portal import sending, timing
from portal.security import READER_POLICY, peoples_html

MAIL_PARTS = ("marked", "wide", "narrow", "text")
SEEN = ("title", "teaser", "body", "category", "author_line", "asset_alt", "link_url")


@dataclass
class Subject:
    """`parts`: ways to look at it in the frame, the first one unless asked; `changes` since `before`, None: there is
    nothing to compare with. `facts` are for the template of the kind."""

    template: str
    title: str
    parts: tuple[str, ...] = ()
    changes: list[Change] = field(default_factory=list)
    before: int | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    is_current: bool = True


def of(tenant: Tenant, approval: Approval, later: bool = False) -> Subject:
    """What to show for a request; `later`: a mailing without the number of its people (count None), for which the
    page asks before anybody can approve. Raises NotFound when its object is gone."""
    if approval.kind == CAMPAIGN:
        return _campaign(tenant, approval, later)
    return {ISSUE: _issue, ARTICLE: _article, MEDIA: _medium}[approval.kind](tenant, approval)


def frame(tenant: Tenant, approval: Approval) -> Response:
    """The thing itself as a document of its own, in the version that was asked for."""
    if approval.kind == ARTICLE:
        return _article_frame(deciding.article_of(approval))
    if approval.kind not in (CAMPAIGN, ISSUE):
        raise NotFound
    revision, part = _revision(tenant, approval), request.args.get("part")
    frozen = preview.revision_message(tenant, revision)
    if part == "text":
        return peoples_html(sending.text_document(preview.part(frozen, "plain")))
    html = preview.part(frozen, "html")
    older = revisions.before(revision) if part == "marked" else None
    if older is not None:
        words = marking.Words(
            _("New"), _("Changed"), _("Moved, was number %(number)s", number="%(number)s"), _("Taken out")
        )
        html = marking.marked(preview.part(preview.revision_message(tenant, older), "html"), html, words)
    return peoples_html(sending.own_pictures(html))


def recipients(approval: Approval) -> int:
    """How many people a mailing goes to now; 0 for everything else and once it has begun."""
    if approval.kind != CAMPAIGN:
        return 0
    campaign = planning.get(approval.tenant_id, approval.object_id)
    return 0 if campaign.started_at else audience.numbers(campaign)[0]


def _between(older: IssueRevision | None, revision: IssueRevision) -> list[Change]:
    return authorship.signed(changes.between(older, revision), older, revision) if older else []


def _mail_parts(older: IssueRevision | None) -> tuple[str, ...]:
    return MAIL_PARTS if older else MAIL_PARTS[1:]


def _campaign(tenant: Tenant, approval: Approval, later: bool) -> Subject:
    campaign = planning.get(tenant.id, approval.object_id)
    revision = revisions.by_fingerprint(tenant.id, campaign.issue_id, approval.fingerprint)
    older = revisions.before(revision)
    begun = campaign.started_at is not None
    count, left_out = (0, {}) if begun else (None, {}) if later else audience.numbers(campaign)
    facts: dict[str, Any] = {
        "campaign": campaign, "revision": revision, "begun": begun, "late": timing.has_passed(campaign),
        "count": count, "left_out": left_out,
        "earlier": _earlier(campaign, approval), "newer_id": campaign.approval_id,
    }  # fmt: skip
    if not begun and approval.state == ApprovalState.OPEN and count and campaign.course != Course.SERIES:
        facts["forecast"] = _forecast(tenant, campaign, count, approval)
    return Subject(
        "approvals/_campaign.html", campaign.name, _mail_parts(older),
        _between(older, revision), older.number if older else None, facts,
    )  # fmt: skip


def is_checked(approval: Approval) -> bool:
    """Whether the pre-flight says something about what is asked for: while it waits, of issues and mailings."""
    return approval.state == ApprovalState.OPEN and approval.kind in (CAMPAIGN, ISSUE)


def checks(tenant: Tenant, approval: Approval, later: bool = False) -> tuple[list[Finding], int]:
    """What the pre-flight says about the mail, and how many checks it passed; `later`: without those that count."""
    if not is_checked(approval):
        raise NotFound
    campaign = planning.get(tenant.id, approval.object_id) if approval.kind == CAMPAIGN else None
    issue = assembly.get(tenant.id, campaign.issue_id if campaign else approval.object_id)
    plan = run.WITHOUT_PEOPLE if later else run.PLAN
    found, _size, passed = run.look(tenant, issue, sending.base_url_for(tenant), campaign, plan)
    return found, passed


def _forecast(tenant: Tenant, campaign: Campaign, count: int, approval: Approval) -> forecast.Forecast:
    """When the last mail would go."""
    settings = tenant_settings.effective(tenant)
    budget = Budget(tenant.id, campaign.id, None, approval.asked_by_id, str(settings["time_zone"]))
    begins = max(campaign.send_at or clock.now(), clock.now())
    return forecast.of(count, budget, settings, begins)


def _earlier(campaign: Campaign, approval: Approval) -> tuple[str, int] | None:
    """Name of the last mailing of the same newsletter type and how many more people this one has; None: unknown. A
    step of a series goes to one after another, so that there is nothing to compare."""
    if campaign.course == Course.SERIES:
        return None
    before = (
        Campaign.select(Campaign.name, Approval.size)
        .join(Approval, on=((Approval.id == Campaign.approval_id) & (Approval.tenant_id == Campaign.tenant_id)))
        .where(
            Campaign.tenant_id == campaign.tenant_id, Campaign.type_id == campaign.type_id,
            Campaign.id != campaign.id, Campaign.started_at.is_null(False), Approval.size > 0,
            Campaign.course != Course.SERIES,
        )
        .order_by(Campaign.started_at.desc())
        .tuples()
        .first()
    )  # fmt: skip
    return (before[0], approval.size - before[1]) if before and approval.size else None


def _issue(tenant: Tenant, approval: Approval) -> Subject:
    issue = assembly.get(tenant.id, approval.object_id)
    revision = revisions.by_fingerprint(tenant.id, issue.id, approval.fingerprint)
    older = revisions.before(revision)
    return Subject(
        "approvals/_issue.html", issue.name, _mail_parts(older),
        _between(older, revision), older.number if older else None,
        {"issue": issue, "revision": revision},
    )  # fmt: skip


def _article(tenant: Tenant, approval: Approval) -> Subject:
    article = deciding.article_of(approval)
    current = articles.fingerprint(article) == approval.fingerprint
    before = _approved_before(article)
    found = list(_article_changes(before, article)) if before else []
    return Subject(
        "approvals/_article.html",
        article.title,
        ("wide",),
        found,
        0 if before else None,
        {"article": article},
        current,
    )


def _approved_before(article: Article) -> dict[str, Any] | None:
    """The fields of the version that was approved last: of the article that a draft is of, or its own."""
    if article.draft_of_id:
        original = Article.get_or_none(
            Article.tenant_id == article.tenant_id, Article.id == article.draft_of_id
        )
        return versions.fields_of(original) if original else None
    accepted = [row for row in versions.every(article) if row.act == "accept"]
    return accepted[0].fields if accepted else None


def _who_wrote(article: Article, name: str) -> ArticleRevision | None:
    """The newest version of the article in which a field was changed."""
    return next((row for row in versions.every(article) if name in row.changed), None)


def _article_changes(before: dict[str, Any], article: Article) -> Iterable[Change]:
    after = versions.fields_of(article)
    words = {
        "title": _("Title"), "teaser": _("Teaser"), "body": _("Text"), "category": _("Category"),
        "author_line": _("Author"), "asset_alt": _("Description of the picture"), "link_url": _("Link"),
    }  # fmt: skip
    for name in SEEN:
        old, new = str(before.get(name) or ""), str(after.get(name) or "")
        if name == "body":
            old, new = markup.plain(old), markup.plain(new)
        if old != new:
            row = _who_wrote(article, name)
            by, at = (row.by_id, row.at) if row else (None, None)
            yield Change(words[name], changes.CHANGED, changes.words(old, new), by, at)


def _article_frame(article: Article) -> Response:
    response = peoples_html(render_template("approvals/article.html", article=article))
    response.headers["Content-Security-Policy"] = READER_POLICY
    return response


def _medium(tenant: Tenant, approval: Approval) -> Subject:
    asset: Asset = media.get(approval)
    current = media.fingerprint(asset) == approval.fingerprint
    facts = {"asset": asset, "picture": urls.path(asset, "mail1200")}
    return Subject("approvals/_medium.html", asset.title or asset.filename, facts=facts, is_current=current)


def _revision(tenant: Tenant, approval: Approval) -> IssueRevision:
    issue_id = approval.object_id
    if approval.kind == CAMPAIGN:
        issue_id = planning.get(tenant.id, approval.object_id).issue_id
    return revisions.by_fingerprint(tenant.id, issue_id, approval.fingerprint)
