"""Releases: what this tenant has opened to others, and what others have opened to it."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, g, render_template, request, url_for
from flask_babel import gettext as _

from dispatcher import preview
from dispatcher.jobs import copies
from domain.accounts import policy, rolebook
from domain.accounts.permissions import EDITS_ISSUES, SENTENCES
from domain.accounts.permissions import Permission as P
from domain.campaigns import planning, tallies
from domain.errors import N_, Forbidden, Invalid, NotFound
from domain.issues import assembly
from domain.ledger.states import DeliveryState
from domain.quotas import granting
from domain.releases import ledger, lending
from domain.releases.models import Release, ReleaseMode
from domain.segments import saved
from domain.tenancy import tree
from domain.tenancy.models import Tenant
from mediadb import library
from mediadb.models import Asset
from portal import context, facets, hypermedia, releasable, sending, whereused
from portal.access import may, requires
from portal.errors import say_fields
from portal.release_titles import titles
from portal.security import READER_POLICY, peoples_html

bp = Blueprint("releases", __name__)
ICONS = {
    "article": "article", "folder": "folder", "issue": "news", "template": "palette", "segment": "filter",
    "block_template": "layout-grid", "campaign": "send", "user": "user", "role": "shield-lock", "robinson": "shield-x",
}  # fmt: skip
COPYING = {
    "article": P.ARTICLE_CREATE, "folder": P.MEDIA_EDIT, "issue": P.ISSUE_CREATE, "template": P.ISSUE_EDIT,
    "segment": P.SUBSCRIBER_EDIT, "campaign": P.CAMPAIGN_PLAN, "role": P.ROLE_EDIT, "block_template": P.ISSUE_EDIT,
}  # fmt: skip
ADMINISTERING = {
    "article": P.ARTICLE_EDIT_ALL, "folder": P.MEDIA_EDIT, "robinson": P.SUBSCRIBER_SUPPRESS_OTHERS,
    "template": P.TEMPLATE_EDIT, "block_template": P.ISSUE_EDIT, "segment": P.SUBSCRIBER_EDIT,
}  # fmt: skip
SEEING = {
    "article": (P.ARTICLE_SEE,), "folder": (P.MEDIA_SEE,), "issue": (P.ISSUE_SEE,), "campaign": (P.CAMPAIGN_SEE,),
    "template": (P.TEMPLATE_SEE, P.TEMPLATE_EDIT, *EDITS_ISSUES), "block_template": (P.TEMPLATE_SEE, *EDITS_ISSUES),
    "segment": (P.SUBSCRIBER_SEE,), "user": (P.USER_SEE, P.USER_EDIT), "role": (P.ROLE_SEE, P.ROLE_EDIT, P.USER_EDIT),
    "robinson": (P.SUBSCRIBER_SEE, P.SUBSCRIBER_SUPPRESS_OTHERS),
}  # fmt: skip


@bp.get("/releases")
@requires(P.RELEASE_SEE, P.RELEASE_EDIT)
def index() -> Response:
    before, start = request.args.get("before", type=int), max(0, request.args.get("from", 0, type=int))
    given, all_received = ledger.given(g.tenant.id, before_id=before), ledger.received(g.tenant)
    received = all_received[start : start + ledger.PAGE_SIZE]
    return hypermedia.page(
        "releases/index.html", given=given, received=received, names=ledger.names([*given, *received]),
        titles=titles([*given, *received]), used=whereused.counts(given), kinds=ledger.KINDS, icons=ICONS,
        older=given[-1].id if len(given) == ledger.PAGE_SIZE else None, count=len(all_received),
        more=start + ledger.PAGE_SIZE if len(all_received) > start + ledger.PAGE_SIZE else None,
    )  # fmt: skip


@bp.get("/releases/new")
@requires(P.RELEASE_EDIT)
def new() -> Response:
    kind = request.args.get("kind", "article")
    return _new(kind if kind in ledger.KINDS else "article", request.args.get("object", 0, type=int))


@bp.post("/releases")
@requires(P.RELEASE_EDIT)
def create() -> Response:
    kind, object_id = request.form.get("kind", ""), request.form.get("object", 0, type=int)
    if kind not in ledger.KINDS:
        raise NotFound
    if "search" in request.form:  # somebody looks for something without script
        return _new(kind, object_id)
    if kind == "robinson":
        object_id = ledger.WHOLE
        if not may(P.SUBSCRIBER_SUPPRESS_OTHERS):
            raise Forbidden(N_("Administering Robinson lists for other tenants is a right of its own."))
    elif not releasable.holds(kind, object_id):
        raise NotFound
    to = ledger.To(
        tuple(int(i) for i in request.form.getlist("to") if i.isdigit() and len(i) < 10),
        "with_subtree" in request.form, "everybody" in request.form,
    )  # fmt: skip
    try:
        mode = ReleaseMode.ADMINISTER if request.form.get("mode") == "administer" else ReleaseMode.USE
        ledger.give(g.tenant, kind, object_id, to, g.user, facets.end_of(request.form.get("until", "")), mode)
    except Invalid as error:
        return _new(kind, object_id, say_fields(error), 422)
    return hypermedia.done(url_for("releases.index"), _("Released. It stands there in the same lists."))


@bp.post("/releases/<int:release_id>/recall")
@requires(P.RELEASE_EDIT)
def recall(release_id: int) -> Response:
    ledger.recall(g.tenant.id, release_id, g.user)
    text = _("Recalled. Nobody there can read it any more; what was copied or sent stays.")
    return hypermedia.done(url_for("releases.index"), text)


@bp.get("/releases/<int:release_id>/uses")
@requires(P.RELEASE_SEE, P.RELEASE_EDIT)
def uses(release_id: int) -> Response:
    """Where a released thing is used."""
    release = ledger.given_one(g.tenant.id, release_id)
    return hypermedia.page(
        "releases/uses.html", release=release, title=titles([release]).get(release.id, _("deleted")),
        places=whereused.places(release), kinds=ledger.KINDS, icons=ICONS,
        receiver=ledger.names([release]).get(release.to_tenant_id or 0, ""),
    )  # fmt: skip


@bp.get("/releases/received/<int:release_id>")
@requires(P.RELEASE_SEE, P.RELEASE_EDIT, *{right for rights in SEEING.values() for right in rights})
def received(release_id: int) -> Response:
    """What another tenant has released, to be read; asked anew at every request."""
    release = _received(release_id)
    administers = (
        release.kind if release.mode == ReleaseMode.ADMINISTER and may(ADMINISTERING[release.kind]) else ""
    )
    g.relaxed_styles = administers == "article"  # the rich-text editor sets inline styles
    found: Any = copies.original(release) if release.kind in copies.OBJECTS else None
    files: list[Asset] = []
    if release.kind == "folder":
        files = library.find(release.tenant_id, release.object_id, "", None).assets
    blocks = assembly.blocks(found) if release.kind == "issue" else []
    return hypermedia.page(
        "releases/received.html", release=release, found=found, files=files, kinds=ledger.KINDS, icons=ICONS,
        giver=ledger.names([release]).get(release.tenant_id, ""), title=titles([release]).get(release.id, ""),
        **_about(release), administers=administers, blocks=blocks,
        may_copy=release.kind in COPYING and may(COPYING[release.kind]),
        articles=assembly.articles_of(found, blocks) if blocks else {},
        pictures=library.of_articles([found]) if release.kind == "article" else {},
    )  # fmt: skip


@bp.post("/releases/received/<int:release_id>/employ")
@requires(P.USER_EDIT)
def employ(release_id: int) -> Response:
    """Give a lent person a role of this tenant."""
    release = ledger.receive(g.tenant, release_id)
    if release.kind != "user":
        raise NotFound
    role_id = request.form.get("role_id", 0, int)
    granting.refuse_roles(g.tenant.id, [role_id], g.user, g.rights)
    lending.employ(release, g.tenant, role_id, g.user, g.rights)
    text = _("The person works here now, until the loan ends or is recalled.")
    return hypermedia.done(url_for("users.show", user_id=release.object_id), text)


@bp.get("/issues/<int:issue_id>/copy")
@requires(P.ISSUE_SEE)
def into(issue_id: int) -> Response:
    """Into which other tenant a whole issue is copied: those in which the person may assemble issues."""
    issue = assembly.get(g.tenant.id, issue_id)
    return hypermedia.page("releases/into.html", issue=issue, tenants=_own_elsewhere())


@bp.post("/issues/<int:issue_id>/copy")
@requires(P.ISSUE_SEE)
def copy_into(issue_id: int) -> Response:
    issue = assembly.get(g.tenant.id, issue_id)
    target = next((t for t in _own_elsewhere() if t.id == request.form.get("tenant_id", type=int)), None)
    if target is None:
        raise NotFound
    made = copies.issue_into(issue, target, g.user)
    text = _("Copied with articles and pictures. You are in %(tenant)s now.", tenant=target.name)
    return hypermedia.done(url_for("issues.show", issue_id=made.id, tenant=target.slug), text)


def _own_elsewhere() -> list[Tenant]:
    """Other tenants in which the person may assemble issues, by name."""
    rights = policy.rights_by_tenant(g.user)
    known = policy.tenants_of(g.user, context.administered())
    return [
        t
        for t in known
        if t.id != g.tenant.id and P.ISSUE_CREATE in rights.get(t.id, policy.NOTHING).permissions
    ]


def _about(release: Release) -> dict[str, Any]:
    """What the page of a received thing needs beyond the thing itself."""
    if release.kind == "user":
        person = lending.person(release)
        roles = rolebook.roles_for(g.tenant.id)
        ids = [role.id for role in roles]
        held, above = (
            rolebook.permissions_by_role(ids),
            granting.not_to_give(g.tenant.id, ids, g.user, g.rights),
        )
        return {
            "person": person, "employed": lending.employed(release, g.tenant.id),
            "roles": [r for r in roles if held[r.id] <= g.rights.permissions and r.id not in above],
        }  # fmt: skip
    if release.kind == "role":
        return {"allows": [SENTENCES[p] for p in sorted(rolebook.permissions_of(release.object_id))]}
    if release.kind == "segment":
        return {"own_segments": saved.every(g.tenant.id) if may(P.SUBSCRIBER_EDIT) else []}
    if release.kind == "campaign":
        campaign = planning.get(release.tenant_id, release.object_id)
        return {"result": tallies.of([campaign]).get(campaign.id, {}), "states": DeliveryState}
    return {}


@bp.get("/releases/received/<int:release_id>/body")
@requires(P.RELEASE_SEE, P.RELEASE_EDIT, P.ARTICLE_SEE)
def body(release_id: int) -> Response:
    """The text of a released article as a sandboxed document."""
    release = _received(release_id)
    if release.kind != "article":
        raise NotFound
    response = peoples_html(render_template("articles/body.html", article=copies.original(release)))
    response.headers["Content-Security-Policy"] = READER_POLICY
    return response


@bp.get("/releases/received/<int:release_id>/mail")
@requires(P.RELEASE_SEE, P.RELEASE_EDIT, P.ISSUE_SEE, P.CAMPAIGN_SEE)
def mail(release_id: int) -> Response:
    """The mail of a released issue or mailing as it stands now, a document of its own."""
    release = _received(release_id)
    if release.kind not in ("issue", "campaign"):
        raise NotFound
    found, giver = copies.original(release), tree.get(release.tenant_id)
    issue = found if release.kind == "issue" else assembly.get(giver.id, found.issue_id)
    shown = preview.message(giver, issue, sending.base_url(), None)
    return peoples_html(sending.own_pictures(preview.part(shown, "html")))


@bp.post("/releases/received/<int:release_id>/copy")
@requires(
    P.ARTICLE_CREATE,
    P.MEDIA_EDIT,
    P.ISSUE_CREATE,
    P.ISSUE_EDIT,
    P.SUBSCRIBER_EDIT,
    P.CAMPAIGN_PLAN,
    P.ROLE_EDIT,
)
def copy(release_id: int) -> Response:
    release = ledger.receive(g.tenant, release_id)
    if release.kind not in COPYING:
        raise NotFound
    if not may(COPYING[release.kind]):
        raise Forbidden(N_("Your role does not include making such things here."))
    made = copies.copy(release, g.tenant, g.user, g.rights)
    places: dict[str, Callable[[], str]] = {
        "article": lambda: url_for("articles.show", article_id=made),
        "issue": lambda: url_for("issues.show", issue_id=made),
        "campaign": lambda: url_for("issues.show", issue_id=made),
        "segment": lambda: url_for("segments.show", segment_id=made),
        "folder": lambda: url_for("media.folder", folder_id=made),
        "template": lambda: url_for("mailtemplates.edit", template_id=made),
        "block_template": lambda: url_for("blocktemplates.show", template_id=made),
        "role": lambda: url_for("roles.edit", role_id=made),
    }
    url = places.get(release.kind, lambda: url_for("releases.index"))()
    return hypermedia.done(url, _("Copied. The copy belongs to this tenant and stays."))


def _received(release_id: int) -> Release:
    """What reaches the tenant and the person may see: who sees releases, or things of this kind; raises NotFound."""
    release = ledger.receive(g.tenant, release_id)
    if not any(may(right) for right in (P.RELEASE_SEE, P.RELEASE_EDIT, *SEEING[release.kind])):
        raise NotFound
    return release


def _typed(name: str) -> str:
    return request.values.get(name, "").strip()[:80]


def _new(kind: str, object_id: int, wrong: dict[str, str] | None = None, status: int = 200) -> Response:
    to = set(request.values.getlist("to"))
    return hypermedia.page(
        "releases/new.html", "releases/_choices.html", status=status, kind=kind, chosen=object_id,
        kinds=ledger.KINDS, offered=releasable.objects(kind, _typed("q"), object_id), text=_typed("q"),
        partial=hypermedia.wants_fragment(),
        tenants=releasable.receivers(_typed("t"), to), wrong=wrong or {}, to=to, tenant_text=_typed("t"),
        until=request.form.get("until", ""), administrable=kind in ledger.ADMINISTRABLE,
        mode=request.form.get("mode", ""),
    )  # fmt: skip
