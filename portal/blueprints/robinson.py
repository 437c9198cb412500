"""The Robinson list: who may not be mailed, rules, history, refused sign-ups, import."""

import secrets
from datetime import datetime
from pathlib import Path

from flask import Blueprint, Response, current_app, g, request, url_for
from flask_babel import gettext as _

from dispatcher import tasks
from domain.accounts import policy
from domain.accounts.permissions import Permission as P
from domain.campaigns import listing, waiting
from domain.errors import Invalid
from domain.subscribers import ends, robinson, robinsonfiles, rules, suppression, words
from portal import facets, hypermedia, received, suppressed
from portal.access import may, requires

bp = Blueprint("robinson", __name__)
ONWARDS = 50_000  # people looked at in one step, after the newest ones
VIEWS = ("entries", "rules", "history", "blocked")


@bp.get("/suppression")
@requires(P.SUBSCRIBER_SEE)
def index() -> Response:
    return _index()


@bp.get("/suppression/preview")
@requires(P.SUBSCRIBER_EDIT)
def preview() -> Response:
    """Whom the entry would hit, before it is written: among the newest people at first, then by htmx in steps among
    all others, with what was counted so far. Opened on its own it is the page of the list, from the beginning."""
    if not hypermedia.wants_fragment():
        asked, wrong = _read(request.args.get("value", ""))
        return _index(wrong if request.args.get("value") else {}, asked, _preview(asked) if asked else None)
    before, so_far = request.args.get("before", type=int), request.args.get("count", 0, int)
    asked, wrong = _read(request.args.get("value", ""))
    found = _preview(asked, before, max(0, so_far)) if asked else None
    if before is None or found is None:
        return hypermedia.fragment("robinson/_preview.html", asked=asked, wrong=wrong, found=found)
    return hypermedia.fragment(
        "robinson/_more_hits.html", asked=asked, found=found, so_far=max(0, so_far), most_listed=robinson.LISTED,
        listed=request.args.get("listed", 0, int),
    )  # fmt: skip


@bp.post("/suppression")
@requires(P.SUBSCRIBER_EDIT)
def add() -> Response:
    """Write an entry or a rule; a domain or a pattern first shows whom it hits."""
    received.check_robinson_right()
    asked, wrong = _read(request.form.get("value", ""))
    reason = words.one_line(request.form.get("reason", ""), 300)
    if not reason:
        wrong = {**wrong, "reason": _("Write why nobody may mail this address.")}
    until = facets.end_of(request.form.get("until", ""))
    wrong = {**wrong, **_over(until, "until")}
    if wrong or asked is None:
        return _index(wrong, asked, _preview(asked) if asked else None, 422)
    if asked.kind == "address":
        new = suppression.add(g.tenant.id, asked.value, reason, g.user.id, until=until)
        return _added("entries") if new else _stands_there()
    if "sure" not in request.form:
        return _index({}, asked, _preview(asked))
    rule = suppression.add_rule(
        g.tenant.id, asked, reason, g.user.id, until=until, waiting=waiting.other_addresses
    )
    if rule is None:
        return _stands_there()
    if rule.sweep_id is not None:
        tasks.take_suppression(rule.sweep_id)
    return _added("rules")


@bp.get("/suppression/entries/<int:entry_id>/remove")
@requires(P.SUBSCRIBER_EDIT)
def ask_remove(entry_id: int) -> Response:
    return _ask(suppression.get(g.tenant.id, entry_id), url_for("robinson.remove", entry_id=entry_id))


@bp.post("/suppression/entries/<int:entry_id>/remove")
@requires(P.SUBSCRIBER_EDIT)
def remove(entry_id: int) -> Response:
    received.check_robinson_right()
    entry = suppression.get(g.tenant.id, entry_id)
    try:
        suppression.remove(g.tenant.id, entry_id, request.form.get("reason", ""), g.user.id)
    except Invalid as error:
        return _ask(entry, url_for("robinson.remove", entry_id=entry_id), facets.wrong(error), 422)
    return hypermedia.done(url_for("robinson.index"), _("Taken off the list. The reason is in the history."))


@bp.get("/suppression/rules/<int:rule_id>/remove")
@requires(P.SUBSCRIBER_EDIT)
def ask_remove_rule(rule_id: int) -> Response:
    return _ask(suppression.get_rule(g.tenant.id, rule_id), url_for("robinson.remove_rule", rule_id=rule_id))


@bp.post("/suppression/rules/<int:rule_id>/remove")
@requires(P.SUBSCRIBER_EDIT)
def remove_rule(rule_id: int) -> Response:
    received.check_robinson_right()
    rule = suppression.get_rule(g.tenant.id, rule_id)
    try:
        suppression.remove_rule(g.tenant.id, rule_id, request.form.get("reason", ""), g.user.id)
    except Invalid as error:
        return _ask(rule, url_for("robinson.remove_rule", rule_id=rule_id), facets.wrong(error), 422)
    return hypermedia.done(
        url_for("robinson.index", view="rules"), _("Taken off the list. The reason is in the history.")
    )


@bp.post("/suppression/import")
@requires(P.SUBSCRIBER_IMPORT)
def take() -> Response:
    """A file of addresses, domains, patterns or hashes."""
    received.check_robinson_right()
    upload = request.files.get("file")
    reason = words.one_line(request.form.get("reason", ""), 300)
    wrong = {}
    if upload is None or not upload.filename:
        wrong["file"] = _("Choose a file first.")
    if not reason:
        wrong["import-reason"] = _("Write where the list comes from.")
    until = facets.end_of(request.form.get("import-until", ""))
    wrong |= _over(until, "import-until")
    if wrong or upload is None:
        return _index(wrong, status=422)
    root: Path = current_app.config["SETTINGS"].instance
    folder = root / "imports"
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / f"{g.tenant.id}-{secrets.token_hex(8)}.txt"
    try:
        path.touch(mode=0o600)
        upload.save(path)
        job = robinsonfiles.receive(g.tenant.id, upload.filename or "", path, root, reason, until, g.user.id)
    except Invalid as error:
        path.unlink(missing_ok=True)
        return _index({"file": " ".join(facets.wrong(error).values())}, status=422)
    except Exception:
        path.unlink(missing_ok=True)
        raise
    if not robinsonfiles.is_small(job):
        tasks.take_suppression(job.id)
        return hypermedia.done(url_for("robinson.file", file_id=job.id))
    claimed = robinsonfiles.claim(job.id)
    if claimed is not None:  # else the work process was quicker
        job = claimed
        robinsonfiles.run(job, root)
    text = _(
        "%(added)s added, %(known)s stood there already, %(unread)s lines could not be read.",
        added=job.added, known=job.known, unread=job.unread,
    )  # fmt: skip
    return hypermedia.done(url_for("robinson.index"), text, "hold" if job.unread else "done")


@bp.get("/suppression/files/<int:file_id>")
@requires(P.SUBSCRIBER_IMPORT)
def file(file_id: int) -> Response:
    """How far a file is, again every two seconds until it is on the list."""
    job = robinsonfiles.get(g.tenant.id, file_id)
    if job.state in ("done", "failed") and hypermedia.wants_fragment():
        return hypermedia.stop_polling("robinson/_file.html", job=job)
    return hypermedia.page("robinson/file.html", "robinson/_file.html", job=job)


def _added(view: str) -> Response:
    return hypermedia.done(url_for("robinson.index", view=view), _("On the suppression list."))


def _stands_there() -> Response:
    return _index({"value": _("This stands on the list already.")}, None, None, 422)


def _over(until: datetime | None, field: str) -> dict[str, str]:
    """What is wrong with an end that is over already."""
    try:
        ends.refuse_past(until, field)
    except Invalid as error:
        return facets.wrong(error)
    return {}


def _index(
    wrong: dict[str, str] | None = None, asked: rules.Asked | None = None, found: robinson.Preview | None = None,
    status: int = 200,
) -> Response:  # fmt: skip
    view = request.args.get("view", "entries")
    view = view if view in VIEWS else "entries"
    text, cursor = request.args.get("q", "")[:200], request.args.get("at", "")
    if view == "rules":
        page = suppression.rule_page(g.tenant.id, text, cursor)
    elif view == "entries":
        page = suppression.entries(g.tenant.id, text, cursor)
    else:
        page = suppression.events(g.tenant.id, view == "blocked", cursor)
    return hypermedia.page(
        "robinson/index.html", "robinson/_results.html" if status == 200 and request.method == "GET" else None,
        status=status, view=view, text=text, page=page, wrong=wrong or {}, asked=asked, found=found,
        names=policy.names([row.by_id for row in page.rows if row.by_id]), max_mb=robinsonfiles.MAX_BYTES >> 20,
        under_way=robinsonfiles.open_ones(g.tenant.id) if may(P.SUBSCRIBER_IMPORT) else [],
        mailings=listing.names(g.tenant.id, [getattr(row, "campaign_id", None) for row in page.rows]),
        auto_rules=suppressed.RULES,
    )  # fmt: skip


def _read(text: str) -> tuple[rules.Asked | None, dict[str, str]]:
    """(what was typed, what is wrong with it)."""
    if not text.strip():
        return None, {"value": _("Write an address, a domain, a pattern with * or a hash.")}
    try:
        return rules.read(text), {}
    except Invalid as error:
        return None, facets.wrong(error)


def _preview(asked: rules.Asked, before: int | None = None, so_far: int = 0) -> robinson.Preview:
    most, looked = max(0, suppression.PREVIEWED - so_far), robinson.LOOKED if before is None else ONWARDS
    return robinson.preview(g.tenant.id, asked, most, before=before, looked=looked)


def _ask(row: object, url: str, wrong: dict[str, str] | None = None, status: int = 200) -> Response:
    shown = getattr(row, "value", "") or getattr(row, "address_key", "") or getattr(row, "address_hash", "")
    return hypermedia.page(
        "robinson/remove.html",
        status=status,
        said=suppressed.said(row),
        shown=shown,
        url=url,
        wrong=wrong or {},
    )
