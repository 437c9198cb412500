"""Things of another tenant that were released to be administered: changed here, they stay the giver's."""

from flask import Blueprint, Response, g, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from domain.accounts.permissions import Permission as P
from domain.accounts.policy import Rights
from domain.audit import log
from domain.content import articles, markup
from domain.content.models import Article
from domain.errors import Invalid, NotFound
from domain.releases import ledger
from domain.releases.models import Release, ReleaseMode
from domain.subscribers import addresses, suppression, words
from mediadb import library
from portal import hypermedia
from portal.access import requires
from portal.errors import say

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
    _tell(release, "release.changed")
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
        _tell(release, "release.changed")
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


def _administered(release_id: int, kind: str) -> Release:
    """A release that reaches the tenant and lets it administer; asked anew at every request. Raises NotFound."""
    release = ledger.receive(g.tenant, release_id)
    if release.kind != kind or release.mode != ReleaseMode.ADMINISTER:
        raise NotFound
    return release


def _tell(release: Release, act: str) -> None:
    """Both logs know who changed it from where."""
    for tenant_id in (release.tenant_id, g.tenant.id):
        log.record(
            tenant_id, act, user_id=g.user.id, kind=release.kind, object_id=release.object_id,
            details={"by": g.tenant.id, "of": release.tenant_id},
        )  # fmt: skip


def _done(release: Release, text: str | None, tone: str = "done") -> Response:
    return hypermedia.done(url_for("releases.received", release_id=release.id), text, tone)
