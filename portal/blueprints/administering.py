"""Things of another tenant that were released to be administered: changed here, they stay the giver's."""

from flask import Blueprint, Response, g, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from domain.accounts.permissions import Permission as P
from domain.accounts.policy import Rights
from domain.content import articles, markup
from domain.content.models import Article
from domain.errors import DomainError, Invalid, NotFound
from domain.releases import ledger
from domain.releases.models import Release, ReleaseMode
from domain.segments import saved, translating
from domain.subscribers import addresses, suppression, words
from mediadb import approving, library, limits, treatment
from mediadb.models import Asset
from portal import hypermedia, received
from portal.access import requires
from portal.errors import say, say_fields
from portal.release_titles import titles

bp = Blueprint("administering", __name__)


@bp.post("/releases/received/<int:release_id>/article")
@requires(P.ARTICLE_EDIT_ALL)
def article(release_id: int) -> Response:
    """Title, teaser and text of the giver's article."""
    release = _administered(release_id, "article")
    found = Article.get_or_none(Article.tenant_id == release.tenant_id, Article.id == release.object_id)
    if found is None:
        raise NotFound
    form = request.form
    values = {
        "title": form.get("title", "").strip()[:200], "teaser": form.get("teaser", "").strip()[:1_000],
        "body": markup.clean(form.get("body", "")),
    }  # fmt: skip
    pictures = library.ids_of(found.tenant_id, markup.media_keys(values["body"]))
    rights = Rights(frozenset({P.ARTICLE_EDIT_ALL}), ())  # what the release lends, for this one article
    articles.save(found, g.user, rights, form.get("version", 0, int), values, pictures)
    received.tell_change(release.tenant_id, release.kind, release.object_id)
    return _done(release, _("Saved. It is the article of the tenant it comes from."))


@bp.post("/releases/received/<int:release_id>/files")
@requires(P.MEDIA_EDIT)
def files(release_id: int) -> Response:
    """New files into the giver's folder; each succeeds or fails for itself."""
    release = _administered(release_id, "folder")
    made = 0
    for file in request.files.getlist("file"):
        if not file.filename:
            continue
        try:
            library.upload(release.tenant_id, g.user.id, file.filename, file.read(), release.object_id)
            made += 1
        except Invalid as error:
            hypermedia.flash(f"{file.filename}: {say(error)}", "hold")
    if made:
        received.tell_change(release.tenant_id, release.kind, release.object_id)
    return _done(
        release, ngettext("%(num)s file uploaded.", "%(num)s files uploaded.", made) if made else None
    )


@bp.post("/releases/received/<int:release_id>/robinson")
@requires(P.SUBSCRIBER_SUPPRESS_OTHERS)
def robinson(release_id: int) -> Response:
    """Put an address on the giver's Robinson list, or take off one that is known: nobody reads the list."""
    release = _administered(release_id, "robinson")
    reason = words.one_line(request.form.get("reason", ""), 300)
    try:
        key = addresses.key_of(request.form.get("address", ""))
    except addresses.BadAddress as error:
        return _done(release, _(error.message), "hold")
    if not reason:
        return _done(release, _("Write why nobody may mail this address."), "hold")
    if request.form.get("act") == "remove":
        entry = suppression.entry(release.tenant_id, key)
        if entry is not None:
            suppression.remove(release.tenant_id, entry.id, reason, g.user.id)
        return _done(release, _("If the address stood on the list, it is off it now."))
    suppression.add(release.tenant_id, key, reason, g.user.id)
    return _done(release, _("The address is on the list."))


@bp.get("/releases/received/<int:release_id>/files/<int:asset_id>")
@requires(P.MEDIA_EDIT)
def file(release_id: int, asset_id: int) -> Response:
    """A file of the giver's folder, to be described anew or replaced."""
    release, asset = _file(release_id, asset_id)
    return _file_page(release, asset)


@bp.post("/releases/received/<int:release_id>/files/<int:asset_id>")
@requires(P.MEDIA_EDIT)
def describe(release_id: int, asset_id: int) -> Response:
    """Title, description and credit; tags and licence stay as the giver has them."""
    release, asset = _file(release_id, asset_id)
    form = request.form
    given = (form.get("title", ""), form.get("alt", ""), form.get("credit", ""))
    library.describe(asset, *given, None, asset.licence_until)
    approving.changed(asset, g.user)
    received.tell_change(release.tenant_id, release.kind, release.object_id)
    return _done(release, _("Saved. It is the file of the tenant it comes from."))


@bp.post("/releases/received/<int:release_id>/files/<int:asset_id>/replace")
@requires(P.MEDIA_EDIT)
def replace(release_id: int, asset_id: int) -> Response:
    """Another content for a file of the giver's folder: everything that shows it follows."""
    release, asset = _file(release_id, asset_id)
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        return _file_page(release, asset, 422, _("Choose a file first."))
    try:
        treatment.replace(
            asset, g.user.id, sent.filename, sent.read(limits.of(release.tenant_id).file_bytes + 1)
        )
    except DomainError as error:
        return _file_page(release, asset, 422, say(error))
    approving.changed(asset, g.user)
    received.tell_change(release.tenant_id, release.kind, release.object_id)
    return _done(release, _("Replaced. Everything that shows the file follows."))


@bp.post("/releases/received/<int:release_id>/segment")
@requires(P.SUBSCRIBER_EDIT)
def segment(release_id: int) -> Response:
    """The giver's segment asks what one of ours asks, in the giver's words."""
    release = _administered(release_id, "segment")
    by = saved.get(g.tenant.id, request.form.get("segment", 0, int))
    try:
        translating.redefine(saved.get(release.tenant_id, release.object_id), by, g.user.id)
    except Invalid as error:
        return _done(release, next(iter(say_fields(error).values()), say(error)), "hold")
    received.tell_change(release.tenant_id, release.kind, release.object_id)
    return _done(release, _("“%(name)s” now asks the same there.", name=by.name))


def _file(release_id: int, asset_id: int) -> tuple[Release, Asset]:
    """A file that lies in the administered folder itself now; raises NotFound."""
    release = _administered(release_id, "folder")
    found = library.in_folder(release.tenant_id, release.object_id, [asset_id])
    if not found:
        raise NotFound
    return release, found[0]


def _file_page(release: Release, asset: Asset, status: int = 200, trouble: str = "") -> Response:
    return hypermedia.page(
        "releases/file.html", status=status, release=release, asset=asset, trouble=trouble,
        giver=ledger.names([release]).get(release.tenant_id, ""), folder=titles([release]).get(release.id, ""),
        uses=len(library.uses(asset)),
    )  # fmt: skip


def _administered(release_id: int, kind: str) -> Release:
    """A release that reaches the tenant and lets it administer; asked anew at every request. Raises NotFound."""
    release = ledger.receive(g.tenant, release_id)
    if release.kind != kind or release.mode != ReleaseMode.ADMINISTER:
        raise NotFound
    return release


def _done(release: Release, text: str | None, tone: str = "done") -> Response:
    return hypermedia.done(url_for("releases.received", release_id=release.id), text, tone)
