"""Stand-in names over all kinds: what a tenant has named, and what it can name."""

from dataclasses import dataclass
from typing import Any

from domain.accounts.models import User
from domain.audit import log
from domain.db import database
from domain.errors import N_, NotFound
from domain.rollouts import aliases
from mediadb.aliases import MEDIA

WORDS: dict[str, str] = {
    "list": N_("Distribution list"),
    "segment": N_("Segment"),
    "folder": N_("Media folder"),
    "picture": N_("Picture"),
    "type": N_("Newsletter type"),
}
MODELS: dict[str, type[Any]] = {**aliases.PEOPLE, **MEDIA}
MOST = 300  # things offered in one list


@dataclass(frozen=True)
class StandIn:
    """One word and what it means here."""

    kind: str
    object_id: int
    word: str
    name: str


def every(tenant_id: int) -> list[StandIn]:
    """All that the tenant has named, by kind and word."""
    found = []
    for kind, model in MODELS.items():
        rows = model.select().where(model.tenant_id == tenant_id, model.alias > "").order_by(model.alias)
        found += [StandIn(kind, row.id, row.alias, title(row)) for row in rows.limit(MOST)]
    return found


def offered(tenant_id: int, kind: str) -> list[tuple[int, str]]:
    """(id, name) of what can be named, newest first."""
    if kind not in MODELS:
        return []
    model = MODELS[kind]
    query = model.select().where(model.tenant_id == tenant_id)
    if kind == "picture":
        query = query.where(model.trashed_at.is_null(), model.kind == "picture")
    return [(row.id, title(row)) for row in query.order_by(model.id.desc()).limit(MOST)]


def name(tenant_id: int, kind: str, object_id: int, word: str, user: User) -> None:
    """Let a word stand for an own thing (empty: for nothing any more); raises NotFound, Invalid (field `word`)."""
    model = MODELS.get(kind)
    if (
        model is None
        or not model.select().where(model.tenant_id == tenant_id, model.id == object_id).exists()
    ):
        raise NotFound
    text = aliases.checked(word)
    with database.atomic():
        aliases.give(model, tenant_id, object_id, text)
        log.record(
            tenant_id, "rollout.stand_in", user_id=user.id, kind=THINGS[kind], object_id=object_id,
            details={"word": text},
        )  # fmt: skip


THINGS = {
    "list": "list",
    "segment": "segment",
    "folder": "folder",
    "picture": "asset",
}  # as the log calls them


def title(row: Any) -> str:
    return getattr(row, "title", "") or getattr(row, "name", "") or getattr(row, "filename", "")
