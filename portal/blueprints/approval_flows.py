"""How the tenant approves: for each kind, and for single media folders, who decides in which step."""

from flask import Blueprint, Response, g, request, url_for
from flask_babel import gettext as _

from domain.accounts import people, rolebook
from domain.accounts.permissions import Permission as P
from domain.approvals import setup
from domain.approvals.setup import CAMPAIGN, KINDS, MEDIA
from domain.errors import Invalid, NotFound
from domain.subscribers import addresses
from mediadb import library
from portal import context, hypermedia
from portal.access import requires
from portal.errors import say_fields

bp = Blueprint("approval_flows", __name__)


@bp.get("/admin/approvals")
@requires(P.APPROVAL_SETUP)
def edit() -> Response:
    kind, folder_id = _asked()
    terms, steps = setup.of(g.tenant.id, kind, folder_id)
    return _page(kind, folder_id, terms, steps)


@bp.post("/admin/approvals")
@requires(P.APPROVAL_SETUP)
def save() -> Response:
    """The steps in order; a row without a number of people is left out."""
    kind, folder_id = _asked()
    if kind == MEDIA and folder_id is None:
        raise NotFound
    roles = {role.id for role in rolebook.roles_for(g.tenant.id)}
    wrong: dict[str, str] = {}
    steps = _steps(wrong)
    terms = _terms()
    wanted = {terms.told_role_id, terms.up_role_id, *(step.role_id for step in steps)} - {None}
    if not wanted <= roles or not set(terms.told_ids) <= {
        i for i, _name, _email in people.names(g.tenant.id)
    }:
        raise NotFound
    try:
        if wrong:
            return _page(kind, folder_id, terms, steps, wrong, 422)
        setup.save(g.tenant.id, kind, terms, steps, g.user.id, folder_id)
    except Invalid as error:
        return _page(kind, folder_id, terms, steps, say_fields(error), 422)
    back = url_for("approval_flows.edit", kind=kind, folder=folder_id)
    return hypermedia.done(back, _("Saved. It holds for requests from now on."))


@bp.post("/admin/approvals/drop")
@requires(P.APPROVAL_SETUP)
def drop() -> Response:
    """No approval any more for this kind or folder; for mailings one person as usual."""
    kind, folder_id = _asked()
    setup.drop(g.tenant.id, kind, folder_id, g.user.id)
    text = (
        _("From now on one person approves.") if kind == CAMPAIGN else _("From now on no approval is needed.")
    )
    return hypermedia.done(url_for("approval_flows.edit", kind=kind), text)


def _asked() -> tuple[str, int | None]:
    """Kind and media folder of the address or the form; raises NotFound for a folder that is not of the tenant."""
    kind = request.values.get("kind", CAMPAIGN)
    folder_id = request.values.get("folder", type=int)
    if kind not in KINDS:
        raise NotFound
    if kind == MEDIA and folder_id:
        return kind, library.folder(g.tenant.id, folder_id).id
    return kind, None


def _steps(wrong: dict[str, str]) -> list[setup.Step]:
    """The rows of the table; an address that is none is noted in `wrong`."""
    rows = zip(
        request.form.getlist("role"), request.form.getlist("needed"), request.form.getlist("from_size"),
        request.form.getlist("addresses") or [""] * setup.MOST_STEPS, strict=False,
    )  # fmt: skip
    found = []
    for role, needed, size, typed in rows:
        if not needed.strip():
            continue
        known = []
        for word in typed.replace(";", " ").replace(",", " ").split():
            try:
                known.append(addresses.parse(word).written)
            except addresses.BadAddress as error:
                wrong["steps"] = f"{word}: {_(error.message)}"
        found.append(
            setup.Step(_number(role) or None, _number(needed), _number(size), tuple(dict.fromkeys(known)))
        )
    return found


def _terms() -> setup.Terms:
    form = request.form
    told = [int(value) for value in form.getlist("told_id") if value.isdecimal() and len(value) < 10]
    return setup.Terms(
        _number(form.get("free_below", "")), _number(form.get("deadline_h", "")) or None,
        _number(form.get("escalate_h", "")) or None, _number(form.get("told", "")) or None,
        _number(form.get("up_h", "")) or None, _number(form.get("up_role", "")) or None, tuple(told),
    )  # fmt: skip


def _page(
    kind: str, folder_id: int | None, terms: setup.Terms, steps: list[setup.Step],
    wrong: dict[str, str] | None = None, status: int = 200,
) -> Response:  # fmt: skip
    shown = [*steps, *[None] * max(1, min(2, setup.MOST_STEPS - len(steps)))]
    guarded = setup.folders(g.tenant.id)
    folders = library.folders(g.tenant.id) if kind == MEDIA else []
    known = setup.kinds(g.tenant.id)
    return hypermedia.page(
        "approvals/setup.html", status=status, kind=kind, folder_id=folder_id, terms=terms, steps=shown,
        roles=rolebook.roles_for(g.tenant.id), people=people.names(g.tenant.id), wrong=wrong or {}, known=known,
        folders=folders, guarded=guarded, active=folder_id in guarded if kind == MEDIA else kind in known,
        by_address=bool(context.effective_settings()["approval_by_address"]),
    )  # fmt: skip


def _number(text: str) -> int:
    """A whole number as people write it; -1 for what is none, 0 for nothing."""
    digits = "".join(c for c in text if c not in ".,\u202f\u00a0 ")
    if not digits:
        return 0
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 10 else -1
