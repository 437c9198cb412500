"""The preview as a page: every form of the mail, as any recipient; and a signed link to pass it on for some days."""

from email.message import EmailMessage
from typing import Any

from flask import Blueprint, Response, g, make_response, render_template, request, url_for

from dispatcher import preview, trial
from dispatcher.rendering import enclosing
from domain import clock, tokens
from domain.accounts.permissions import EDITS_ISSUES
from domain.accounts.permissions import Permission as P
from domain.audit import log
from domain.campaigns import planning, samples
from domain.db import abreast
from domain.errors import NotFound
from domain.issues import assembly, texts
from domain.issues.models import Issue
from domain.subscribers import directory, finding
from domain.subscribers.models import Subscriber
from domain.tenancy import tree
from domain.tenancy.models import Tenant, TenantStatus
from portal import context, hypermedia, sending
from portal.access import may, public, requires
from portal.issue_rights import refuse_others

bp = Blueprint("previews", __name__)
public_bp = Blueprint("shared_previews", __name__)
PARTS = ("wide", "narrow", "dark", "text", "source")
SHARED_PARTS = ("wide", "narrow", "dark", "text")
DAYS = (1, 7, 30)
FOUND = 8  # people of a search
PURPOSE = "issue-preview"
DAY_S = 86_400


@bp.get("/issues/<int:issue_id>/look")
@requires(P.ISSUE_SEE)
def show(issue_id: int) -> Response:
    issue = assembly.get(g.tenant.id, issue_id)
    return hypermedia.page("previews/show.html", "previews/_pane.html", **_values(issue))


@bp.get("/issues/<int:issue_id>/look/mail")
@requires(P.ISSUE_SEE)
def mail(issue_id: int) -> Response:
    """The mail as a document of its own."""
    issue = assembly.get(g.tenant.id, issue_id)
    person = _person()
    found = _mail(g.tenant, issue, person)
    return sending.mail_document(found, request.args.get("part", "wide"))


@bp.post("/issues/<int:issue_id>/look/link")
@requires(*EDITS_ISSUES, P.ISSUE_TEST)
def share(issue_id: int) -> Response:
    """A link with which everybody who has it sees the preview, until it ends."""
    issue = assembly.get(g.tenant.id, issue_id)
    if not may(P.ISSUE_TEST):
        refuse_others(issue)
    days = request.form.get("days", 7, int)
    days = days if days in DAYS else 7
    token = tokens.timed_token(PURPOSE, [g.tenant.id, issue.id, days])
    log.record(
        g.tenant.id,
        "issue.share",
        user_id=g.user.id,
        kind="issue",
        object_id=issue.id,
        details={"days": days},
    )
    link = sending.base_url() + url_for("shared_previews.show_shared", token=token)
    until = clock.moment(clock.epoch() + days * DAY_S)
    return hypermedia.page("previews/show.html", link=link, until=until, **_values(issue))


@public_bp.get("/preview/<token>")
@public
def show_shared(token: str) -> Response:
    """For whoever has the link: the mail with its subject, as the sample person gets it."""
    tenant, issue, days = _shared(token)
    part = request.args.get("part", "wide")
    settings = context.effective_settings()
    sender = trial.sender_of(tenant, issue, planning.of_issue(issue))
    subject = str(_mail(tenant, issue, None)["subject"])
    page = render_template(
        "previews/shared.html", public_tenant=tenant, imprint=settings["imprint"], issue=issue, sender=sender,
        subject=subject, token=token, part=part if part in SHARED_PARTS else "wide", until=days,
    )  # fmt: skip
    return make_response(page)


@public_bp.get("/preview/<token>/mail")
@public
def shared_mail(token: str) -> Response:
    tenant, issue, _until = _shared(token)
    part = request.args.get("part", "wide")
    return sending.mail_document(_mail(tenant, issue, None), part if part in SHARED_PARTS else "wide")


@public_bp.errorhandler(NotFound)
def _ended(_error: NotFound) -> Response:
    """A page without anybody's name: the link is over, was altered, or leads to nothing."""
    return make_response(render_template("previews/ended.html"), 404)


def _shared(token: str) -> tuple[Tenant, Issue, Any]:
    """(tenant, issue, moment at which the link ends); the token is the right to see it. Raises NotFound."""
    try:
        tenant_id, issue_id, days = tokens.read_timed_token(PURPOSE, token, max(DAYS) * DAY_S)
        tokens.read_timed_token(PURPOSE, token, days * DAY_S)
    except (tokens.BadToken, ValueError, TypeError):
        raise NotFound from None
    tenant = tree.get(tenant_id)
    if tenant.status == TenantStatus.BLOCKED or g.get("host_tenant", tenant).id != tenant.id:
        raise NotFound
    g.tenant = tenant
    g.language = next(
        language for language in (request.args.get("lang"), context.effective_settings()["language"], "de")
        if language in context.LANGUAGES
    )  # fmt: skip
    began = tokens.made_at(token)
    return tenant, assembly.get(tenant_id, issue_id), clock.moment(began + days * DAY_S)


def _mail(tenant: Tenant, issue: Issue, person: Subscriber | None) -> EmailMessage:
    """The bytes that would leave, or those frozen for approval."""
    revision = None
    if issue.state not in assembly.EDITABLE:
        campaign = planning.of_issue(issue)
        revision = planning.revision(campaign) if campaign else None
    if revision is not None:
        return preview.revision_message(tenant, revision, person)
    return preview.message(tenant, issue, sending.base_url(), person)


def _person() -> Subscriber | None:
    chosen = request.args.get("as", 0, int)
    return directory.get(g.tenant.id, chosen) if chosen and may(P.SUBSCRIBER_SEE) else None


def _values(issue: Issue) -> dict[str, Any]:
    part, text = request.values.get("part", "wide"), request.values.get("q", "").strip()[:100]
    person, campaign, blocks = abreast(
        _person, lambda: sending.planned(issue), lambda: assembly.blocks(issue)
    )
    sees = may(P.SUBSCRIBER_SEE)
    found, sampled, hits, files = abreast(
        lambda: _mail(g.tenant, issue, person),
        lambda: samples.of(campaign, texts.names(issue, blocks)) if sees else [],
        lambda: finding.find(g.tenant.id, finding.Query(text=text), FOUND).people if sees and text else [],
        lambda: enclosing.of(issue),
    )
    return {
        "issue": issue, "part": part if part in PARTS else "wide", "parts": PARTS, "person": person, "q": text,
        "samples": sampled, "hits": hits,
        "sender": trial.sender_of(g.tenant, issue, campaign), "subject": str(found["subject"]),
        "size": len(preview.part(found, "html").encode()), "days": DAYS, "files": files,
        "kept": {k: v for k, v in (("part", part), ("as", person.id if person else None)) if v},
    }  # fmt: skip
