"""Where a file of the media is used, by name, as far as the person may open it."""

from collections.abc import Iterable
from functools import partial
from typing import Any

from flask import g, url_for
from flask_babel import gettext as _

from domain.accounts.permissions import EDITS_ISSUES
from domain.accounts.permissions import Permission as P
from domain.content import articles
from domain.content.models import Article, AssetUse
from domain.db import abreast
from domain.issues import blocktemplates
from domain.issues.models import BlockTemplate, Issue, MailTemplate
from mediadb import library
from mediadb.models import Asset
from portal.access import may

_MODELS: dict[str, type[Any]] = {
    "article": Article, "issue": Issue, "attachment": Issue, "template": MailTemplate,
    blocktemplates.KIND: BlockTemplate,
}  # fmt: skip


def of(asset: Asset) -> list[tuple[str, str]]:
    """(words, address or "" for what the person may not open) of every place, each once."""
    uses = library.uses(asset)
    kinds = sorted({use.kind for use in uses})
    found_rows = abreast(*(partial(_rows, asset.tenant_id, kind, uses) for kind in kinds))
    rows = dict(zip(kinds, found_rows, strict=True))
    found = [_place(use, rows[use.kind].get(use.object_id)) for use in uses]
    return list(dict.fromkeys(found))


def _rows(tenant_id: int, kind: str, uses: Iterable[AssetUse]) -> dict[int, Any]:
    model = _MODELS.get(kind)
    if model is None:
        return {}
    ids = [use.object_id for use in uses if use.kind == kind]
    return {row.id: row for row in model.select().where(model.tenant_id == tenant_id, model.id.in_(ids))}


def _place(use: AssetUse, row: Any) -> tuple[str, str]:
    number = use.object_id
    if use.kind == "article":
        if row is not None and articles.may_see(row, g.user, g.rights):
            return row.title or _("Untitled"), url_for("articles.show", article_id=number)
        return _("Article %(id)s", id=number), ""
    if use.kind in ("issue", "attachment"):
        url = url_for("issues.show", issue_id=number) if may(P.ISSUE_SEE) else ""
        return (row.name if row is not None else _("Issue %(id)s", id=number)), url
    if use.kind == "template":
        url = (
            url_for("mailtemplates.edit", template_id=number)
            if may(P.TEMPLATE_SEE) or may(P.TEMPLATE_EDIT)
            else ""
        )
        return (row.name if row is not None else _("Mail template")), url
    url = url_for("blocktemplates.show", template_id=number) if any(map(may, EDITS_ISSUES)) else ""
    return (row.name if row is not None else _("Block template")), url
