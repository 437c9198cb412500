"""Ask for approval of an issue by itself or of a medium, and begin a new draft of an approved article."""

from flask import Blueprint, Response, g, request, url_for
from flask_babel import gettext as _

from dispatcher import clearance, tasks
from dispatcher.housemail import approving
from domain.accounts.permissions import Permission as P
from domain.approvals.models import Approval
from domain.content import approving as article_approvals
from domain.content import articles
from domain.errors import N_, Conflict, Forbidden
from domain.issues import assembly
from mediadb import approving as media_approvals
from mediadb import library
from portal import hypermedia, sending
from portal.access import requires

bp = Blueprint("asking", __name__)


def tell(approval: Approval | None) -> None:
    """Whoever may decide the first step hears of it."""
    if approval is not None:
        for mail_id in approving.tell(approval):
            tasks.send_system_mail(mail_id)


@bp.post("/articles/<int:article_id>/draft")
@requires(P.ARTICLE_WRITE, P.ARTICLE_EDIT_ALL)
def draft(article_id: int) -> Response:
    """A copy of an approved article to write on; the approved one stays until the copy is approved."""
    article = articles.get(g.tenant.id, article_id, g.user, g.rights)
    if article.author_id != g.user.id and P.ARTICLE_EDIT_ALL not in g.rights:
        raise Forbidden(N_("Only the author or an editor can do this."))
    made = article_approvals.new_draft(article, g.user)
    return hypermedia.done(
        url_for("articles.edit", article_id=made.id), _("A new draft. The approved article stays as it was.")
    )


@bp.post("/issues/<int:issue_id>/approval")
@requires(P.APPROVAL_ASK)
def issue(issue_id: int) -> Response:
    """Freeze the issue and ask for approval of it alone."""
    found = assembly.get(g.tenant.id, issue_id)
    made = clearance.ask_issue(g.tenant, found, g.user, sending.base_url(), request.form.get("note", ""))
    tell(made)
    return hypermedia.done(url_for("issues.show", issue_id=found.id), _("Approval is asked for."))


@bp.post("/media/<int:asset_id>/approval")
@requires(P.MEDIA_EDIT)
def medium(asset_id: int) -> Response:
    """Ask for approval of a medium in the version it has now."""
    asset = library.get(g.tenant.id, asset_id)
    made = media_approvals.ask(asset, g.user, request.form.get("note", ""))
    if made is None:
        raise Conflict(N_("This needs no approval, or has it already."))
    tell(made)
    return hypermedia.done(url_for("media.show", asset_id=asset.id), _("Approval is asked for."))
