"""Block templates: kept from an issue, looked at, renamed, deleted, inserted into issues, released to other tenants."""

from typing import Any

from flask import Blueprint, Response, g, request, url_for
from flask_babel import gettext as _

from dispatcher.jobs import copies
from dispatcher.rendering import looks, sample
from domain.accounts.permissions import EDITS_ISSUES
from domain.accounts.permissions import Permission as P
from domain.errors import Invalid
from domain.issues import assembly, blocktemplates, mailtemplates
from domain.issues.models import Block, BlockTemplate, Issue
from portal import editing, editor, hypermedia, received, sending
from portal.access import requires
from portal.errors import say_fields
from portal.issue_rights import edits_issue
from portal.security import peoples_html

bp = Blueprint("blocktemplates", __name__)
HERE = blocktemplates.KIND


@bp.get("/admin/blocks")
@requires(P.TEMPLATE_SEE, P.TEMPLATE_EDIT, *EDITS_ISSUES)
def index() -> Response:
    found = received.rows(BlockTemplate, HERE)
    return hypermedia.page("blocktemplates/index.html", found=found, givers=received.givers_of(found))


@bp.get("/admin/blocks/<int:template_id>")
@requires(P.TEMPLATE_SEE, P.TEMPLATE_EDIT, *EDITS_ISSUES)
def show(template_id: int) -> Response:
    return _page(blocktemplates.usable(g.tenant, template_id))


@bp.get("/admin/blocks/<int:template_id>/sample")
@requires(P.TEMPLATE_SEE, P.TEMPLATE_EDIT, *EDITS_ISSUES)
def shown(template_id: int) -> Response:
    """The blocks as a mail in the look of this tenant."""
    template = blocktemplates.usable(g.tenant, template_id)
    look = looks.made(g.tenant, mailtemplates.chosen(g.tenant))
    page = sample.of_blocks(g.tenant, look, sending.base_url(), template)
    return peoples_html(sending.own_pictures(page))


@bp.post("/admin/blocks/<int:template_id>")
@requires(P.TEMPLATE_EDIT, *EDITS_ISSUES)
def rename(template_id: int) -> Response:
    template = blocktemplates.changeable(g.tenant, template_id)
    name = request.form.get("name", "")
    try:
        blocktemplates.rename(template, name, request.form.get("version", 0, int), g.user.id)
    except Invalid as error:
        return _page(template, 422, said=say_fields(error), typed=name)
    received.tell_change(template.tenant_id, HERE, template.id)
    return hypermedia.done(url_for("blocktemplates.show", template_id=template.id), _("Saved."))


@bp.post("/admin/blocks/<int:template_id>/delete")
@requires(P.TEMPLATE_EDIT, *EDITS_ISSUES)
def delete(template_id: int) -> Response:
    """Only an own one: what is released to be administered stays its owner's."""
    template = blocktemplates.get(g.tenant.id, template_id)
    blocktemplates.delete(template, g.user.id)
    text = _("“%(name)s” is deleted. What was inserted from it stays.", name=template.name)
    return hypermedia.done(url_for("blocktemplates.index"), text)


@bp.get("/issues/<int:issue_id>/blocks/keep")
@edits_issue
def choose(issue_id: int) -> Response:
    """Which blocks of the issue become a template."""
    issue = assembly.get(g.tenant.id, issue_id)
    return _form(issue, {request.args.get("block", 0, int)})


@bp.post("/issues/<int:issue_id>/blocks/keep")
@edits_issue
def keep(issue_id: int) -> Response:
    """A new template of the ticked blocks, or other content for one that is there."""
    issue = assembly.get(g.tenant.id, issue_id)
    wanted = {int(i) for i in request.form.getlist("block") if i.isdigit() and len(i) < 19}
    chosen = [block for block in assembly.blocks(issue) if block.id in wanted]
    instead = request.form.get("instead", type=int)
    try:
        if instead:
            made = blocktemplates.changeable(g.tenant, instead)
            parts = copies.parts_between(blocktemplates.parts_of(chosen), g.tenant.id, made.tenant_id)
            blocktemplates.replace(made, parts, g.user.id)
            received.tell_change(made.tenant_id, HERE, made.id)
        else:
            made = blocktemplates.keep(g.tenant.id, request.form.get("name", ""), chosen, g.user.id)
    except Invalid as error:
        return _form(issue, wanted, say_fields(error), 422)
    text = _("“%(name)s” is kept. Issues insert it from the building blocks.", name=made.name)
    return hypermedia.done(url_for("blocktemplates.show", template_id=made.id), text)


@bp.post("/issues/<int:issue_id>/blocks/from/<int:template_id>")
@edits_issue
def insert(issue_id: int, template_id: int) -> Response:
    """Put the blocks of a template at the end of the issue, as copies."""
    with editing.changing(issue_id, "add") as issue:
        template = blocktemplates.usable(g.tenant, template_id)
        made = assembly.insert(issue, copies.parts_for(template, g.tenant.id))
    return editing.assembled(issue, opened=made[0].id if len(made) == 1 else 0)


def _page(template: BlockTemplate, status: int = 200, **more: Any) -> Response:
    may_change = template.tenant_id == g.tenant.id or any(
        one.id == template.id for one in blocktemplates.released(g.tenant, to_administer=True)
    )
    return hypermedia.page(
        "blocktemplates/show.html", status=status, one=template, kinds=editor.KINDS,
        giver=received.givers_of([template]).get(template.tenant_id, ""), may_change=may_change,
        parts=[(kind, editor.words_of(Block(kind=kind, data=data))) for kind, data in template.parts],
        **{"said": {}, "typed": template.name, **more},
    )  # fmt: skip


def _form(issue: Issue, ticked: set[int], said: dict[str, str] | None = None, status: int = 200) -> Response:
    found = blocktemplates.keepable(assembly.blocks(issue))
    known = received.rows(BlockTemplate, HERE, to_administer=True)
    return hypermedia.page(
        "blocktemplates/keep.html", status=status, issue=issue, blocks=found, kinds=editor.KINDS, ticked=ticked,
        titles={block.id: editor.words_of(block) for block in found}, said=said or {}, known=known,
        givers=received.givers_of(known), name=request.form.get("name", ""),
        instead=request.form.get("instead", 0, int),
    )  # fmt: skip
