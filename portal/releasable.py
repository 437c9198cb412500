"""What a tenant may release and to whom, found by typing: of both there may be thousands."""

from collections.abc import Iterable
from dataclasses import dataclass

from flask import g
from flask_babel import gettext as _

from dispatcher.jobs import copies
from domain.accounts import people
from domain.content.models import Article, ArticleState
from domain.content.search import narrowed
from domain.folding import holding
from domain.releases import ledger
from portal.release_titles import name_of

SHOWN = 20  # of a list until somebody searches
READ = 2_000  # names that a search looks through, the newest first


@dataclass(frozen=True)
class Found:
    """(id, name) of what a list shows, what was chosen in front, and whether there is more to find by typing."""

    rows: list[tuple[int, str]]
    more: bool


def holds(kind: str, object_id: int) -> bool:
    """Whether the tenant has this object and may release it."""
    return any(key == object_id for key, _name in _named(kind, [object_id]))


def objects(kind: str, text: str, chosen: int) -> Found:
    """The tenant's own objects of a kind whose name (of articles also the text) holds the words, newest first; without
    words the chosen one in front."""
    return _shown(_named(kind, [chosen]) if chosen and not text else [], _named(kind, None, text))


def receivers(text: str, chosen: Iterable[str]) -> Found:
    """Tenants of the same tree whose name holds the words; chosen ones stay."""
    ticked = set(chosen)
    every = [(tenant.id, tenant.name) for tenant in ledger.relatives(g.tenant)]
    return _shown([row for row in every if str(row[0]) in ticked], _holding(every, text))


def _shown(chosen: list[tuple[int, str]], found: list[tuple[int, str]]) -> Found:
    kept = {key for key, _name in chosen}
    rest = [row for row in found if row[0] not in kept]
    return Found(chosen + rest[:SHOWN], len(rest) > SHOWN)


def _named(kind: str, ids: list[int] | None = None, text: str = "") -> list[tuple[int, str]]:
    if kind == "user":
        return _holding(people.at_work(g.tenant.id, ids), text)
    model = copies.OBJECTS.get(kind)
    if model is None:
        return []
    query = model.select(model.id, name_of(model)).where(model.tenant_id == g.tenant.id)
    if ids is not None:
        query = query.where(model.id.in_(ids))
    if model is Article:
        query = query.where(Article.state.in_([ArticleState.ACCEPTED, ArticleState.USED]))
        query, text = narrowed(query, Article.folded, text, g.tenant.id).limit(SHOWN + 2), ""
    rows = query.order_by(model.id.desc()).limit(SHOWN + 2 if model is Article else READ).tuples()
    return _holding([(key, name or _("Untitled")) for key, name in rows], text)


def _holding(rows: list[tuple[int, str]], text: str) -> list[tuple[int, str]]:
    holds = holding(text)
    return [row for row in rows if holds(row[1])]
