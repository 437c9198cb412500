"""Releases: what this tenant has opened to others, and what others have opened to it."""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, g, render_template, request, url_for
from flask_babel import gettext as _

from dispatcher.jobs import copies
from domain.accounts.permissions import Permission as P
from domain.content.models import ArticleState
from domain.db import unscoped
from domain.errors import N_, Forbidden, Invalid, NotFound
from domain.issues import assembly
from domain.issues.models import Block
from domain.releases import ledger
from domain.releases.models import Release
from mediadb import library
from mediadb.models import Asset
from portal import context, hypermedia
from portal.access import may, requires
from portal.errors import say_fields
from portal.security import READER_POLICY, peoples_html

bp = Blueprint("releases", __name__)
ICONS = {
    "article": "article", "folder": "folder", "issue": "news", "template": "palette", "segment": "filter",
    "role": "shield-lock", "robinson": "shield-x",
}  # fmt: skip
COPYING = {
    "article": P.ARTICLE_WRITE, "folder": P.MEDIA_EDIT, "issue": P.ISSUE_EDIT, "template": P.ISSUE_EDIT,
    "segment": P.SUBSCRIBER_EDIT, "role": P.ROLE_EDIT,
}  # fmt: skip
MOST = 300  # objects offered in one list


@bp.get("/releases")
@requires(P.RELEASE_SEE, P.RELEASE_EDIT)
def index() -> Response:
    before, start = request.args.get("before", type=int), max(0, request.args.get("from", 0, type=int))
    given, all_received = ledger.given(g.tenant.id, before_id=before), ledger.received(g.tenant)
    received = all_received[start : start + ledger.PAGE_SIZE]
    return hypermedia.page(
        "releases/index.html", given=given, received=received, names=ledger.names([*given, *received]),
        titles=_titles([*given, *received]), used=_used(given), kinds=ledger.KINDS, icons=ICONS,
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
    if kind == "robinson":
        object_id = ledger.WHOLE
    elif object_id not in dict(_offered(kind)):
        raise NotFound
    to = ledger.To(
        tuple(int(i) for i in request.form.getlist("to") if i.isdigit() and len(i) < 10),
        "with_subtree" in request.form, "everybody" in request.form,
    )  # fmt: skip
    try:
        ledger.give(g.tenant, kind, object_id, to, g.user, _until())
    except Invalid as error:
        return _new(kind, object_id, say_fields(error), 422)
    return hypermedia.done(url_for("releases.index"), _("Released. It stands there in the same lists."))


@bp.post("/releases/<int:release_id>/recall")
@requires(P.RELEASE_EDIT)
def recall(release_id: int) -> Response:
    ledger.recall(g.tenant.id, release_id, g.user)
    text = _("Recalled. Nobody there can read it any more; what was copied or sent stays.")
    return hypermedia.done(url_for("releases.index"), text)


@bp.get("/releases/received/<int:release_id>")
@requires(P.RELEASE_SEE, P.RELEASE_EDIT, P.ARTICLE_SEE, P.MEDIA_SEE, P.ISSUE_SEE)
def received(release_id: int) -> Response:
    """What another tenant has released, to be read; asked anew at every request."""
    release = ledger.receive(g.tenant, release_id)
    found: Any = None if release.kind == "robinson" else copies.original(release)
    files: list[Asset] = []
    if release.kind == "folder":
        files = library.find(release.tenant_id, release.object_id, "", None).assets
    blocks = assembly.blocks(found) if release.kind == "issue" else []
    return hypermedia.page(
        "releases/received.html", release=release, found=found, files=files, kinds=ledger.KINDS, icons=ICONS,
        giver=ledger.names([release]).get(release.tenant_id, ""), title=_titles([release]).get(release.id, ""),
        may_copy=release.kind in COPYING and may(COPYING[release.kind]), blocks=blocks,
        articles=assembly.articles_of(found, blocks) if blocks else {},
        pictures=library.of_articles([found]) if release.kind == "article" else {},
    )  # fmt: skip


@bp.get("/releases/received/<int:release_id>/body")
@requires(P.RELEASE_SEE, P.RELEASE_EDIT, P.ARTICLE_SEE)
def body(release_id: int) -> Response:
    """The text of a released article as a sandboxed document."""
    release = ledger.receive(g.tenant, release_id)
    if release.kind != "article":
        raise NotFound
    response = peoples_html(render_template("articles/body.html", article=copies.original(release)))
    response.headers["Content-Security-Policy"] = READER_POLICY
    return response


@bp.post("/releases/received/<int:release_id>/copy")
@requires(P.ARTICLE_WRITE, P.MEDIA_EDIT, P.ISSUE_EDIT, P.SUBSCRIBER_EDIT, P.ROLE_EDIT)
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
        "folder": lambda: url_for("media.folder", folder_id=made),
        "role": lambda: url_for("roles.edit", role_id=made),
    }
    url = places.get(release.kind, lambda: url_for("releases.index"))()
    return hypermedia.done(url, _("Copied. The copy belongs to this tenant and stays."))


def _new(kind: str, object_id: int, wrong: dict[str, str] | None = None, status: int = 200) -> Response:
    return hypermedia.page(
        "releases/new.html", status=status, kind=kind, chosen=object_id, kinds=ledger.KINDS, offered=_offered(kind),
        tenants=ledger.relatives(g.tenant), wrong=wrong or {}, to=set(request.form.getlist("to")),
        until=request.form.get("until", ""),
    )  # fmt: skip


def _offered(kind: str) -> list[tuple[int, str]]:
    """(id, title) of the tenant's own objects of a kind that may be released, newest first."""
    model = copies.OBJECTS.get(kind)
    if model is None:
        return []
    query = model.select().where(model.tenant_id == g.tenant.id)
    if kind == "article":
        query = query.where(model.state.in_([ArticleState.ACCEPTED, ArticleState.USED]))
    return [(row.id, _title(row)) for row in query.order_by(model.id.desc()).limit(MOST)]


def _title(row: Any) -> str:
    return getattr(row, "title", "") or getattr(row, "name", "") or _("Untitled")


def _titles(releases: list[Release]) -> dict[int, str]:
    """Release id → what it opens, one query per kind."""
    wanted: dict[str, list[Release]] = {}
    found = {r.id: _("the whole list") for r in releases if r.kind == "robinson"}
    for release in releases:
        if release.kind in copies.OBJECTS:
            wanted.setdefault(release.kind, []).append(release)
    for kind, some in wanted.items():
        model = copies.OBJECTS[kind]
        rows = model.select().where(
            model.tenant_id.in_({r.tenant_id for r in some}), model.id.in_({r.object_id for r in some})
        )
        named = {(row.tenant_id, row.id): _title(row) for row in rows}
        found.update(
            {r.id: named[r.tenant_id, r.object_id] for r in some if (r.tenant_id, r.object_id) in named}
        )
    return found


@unscoped("where the own released things are used; only tenants and numbers leave")
def _used(given: list[Release]) -> dict[tuple[str, int], int]:
    """(kind, id) → issues of other tenants that link it, and copies made of it."""
    found: dict[tuple[str, int], int] = {}
    ids = [r.object_id for r in given if r.kind == "article"]
    linked = Block.select(Block.article_id).where(
        Block.source_tenant_id == g.tenant.id, Block.article_id.in_(ids or [0]), Block.position > 0
    )
    for (article_id,) in linked.tuples():
        found["article", article_id] = found.get(("article", article_id), 0) + 1
    for kind in ("article", "issue"):
        model = copies.OBJECTS[kind]
        some = [r.object_id for r in given if r.kind == kind]
        copied = model.select(model.origin_id).where(
            model.origin_tenant_id == g.tenant.id, model.origin_id.in_(some or [0])
        )
        for (origin_id,) in copied.tuples():
            found[kind, origin_id] = found.get((kind, origin_id), 0) + 1
    return found


def _until() -> datetime | None:
    """The end of the chosen day in the tenant's zone."""
    try:
        day = date.fromisoformat(request.form.get("until", ""))
    except ValueError:
        return None
    return datetime.combine(day + timedelta(days=1), time(), tzinfo=ZoneInfo(context.time_zone()))
