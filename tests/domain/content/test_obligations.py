"""Obligatory articles, language versions: what an issue lacks, and articles that know each other."""

from datetime import date
from typing import Any

import pytest

from domain.accounts import policy
from domain.content import articles, languages, obligations
from domain.content.models import Article, Obligation
from domain.errors import Conflict, Invalid, NotFound
from domain.releases import ledger
from domain.tenancy.models import Tenant
from tests.world import World

FULL = {"title": "Markt wächst", "teaser": "Zwölf neue Stände.", "body": "<p>Ab Dezember.</p>"}
TODAY = date(2026, 11, 22)


def accepted(world: World, **values: Any) -> Article:
    author = world.journalist
    rights = policy.rights_of(author, world.north.id)
    article = articles.create(world.north.id, author)
    articles.save(article, author, rights, 1, {**FULL, **values})
    articles.submit(article, author, rights)
    articles.accept(article, world.editor)
    return article


def missing(
    world: World, kind: str = "city", tenant: str = "north", inside: tuple[int, ...] = ()
) -> list[int]:
    found = obligations.missing(getattr(world, tenant).id, world.types[kind].id, TODAY, inside)
    return [a.id for a in found]


def bind(
    world: World, article: Article, everywhere: bool = False, types: Any = (), tenants: Any = ()
) -> None:
    obligations.bind(article, world.editor.id, everywhere, types, tenants)


def test_an_issue_lacks_it_until_it_is_in(world: World) -> None:
    article = accepted(world)
    assert missing(world) == []
    bind(world, article, everywhere=True)
    assert missing(world) == [article.id] == missing(world, "trade")
    assert missing(world, inside=(article.id,)) == []


def test_only_chosen_types_and_only_while_it_is_valid_and_accepted(world: World) -> None:
    article = accepted(world)
    bind(world, article, types=[world.types["city"].id])
    assert missing(world) == [article.id] and missing(world, "trade") == []
    over = accepted(world, valid_until=date(2026, 11, 21))
    bind(world, over, everywhere=True)
    assert missing(world, "trade") == []
    articles.give_back(article, world.editor, "Noch einmal")
    assert missing(world) == []


def test_other_tenants_only_while_it_is_released_to_them(world: World) -> None:
    article = accepted(world)
    with pytest.raises(NotFound):
        bind(world, article, tenants=[world.south.id])
    Tenant.update(parent_id=world.north.id).where(Tenant.id == world.south.id).execute()
    [release] = ledger.give(world.north, "article", article.id, ledger.To((world.south.id,)), world.editor)
    bind(world, article, tenants=[world.south.id])
    assert missing(world, "south", "south") == [article.id] and missing(world) == []
    ledger.recall(world.north.id, release.id, world.editor)
    assert missing(world, "south", "south") == []


def test_binding_anew_replaces_what_was_said(world: World) -> None:
    article = accepted(world)
    bind(world, article, everywhere=True)
    bind(world, article)
    assert not Obligation.select().exists() and missing(world) == []


def test_a_language_version_begins_with_everything_of_the_original(world: World) -> None:
    article = accepted(world, tags=["Winter"], category="Stadt")
    made = languages.begin(article, world.editor, "en")
    assert (made.language, made.title, made.category, made.tags, made.state) == (
        "en", "Markt wächst", "Stadt", ["Winter"], "draft",
    )  # fmt: skip
    assert [a.id for a in languages.others(article)] == [made.id]
    assert [a.id for a in languages.others(made)] == [article.id]
    assert languages.missing(made) == []
    with pytest.raises(Conflict):
        languages.begin(Article.get_by_id(article.id), world.editor, "en")
    with pytest.raises(Invalid):
        languages.begin(article, world.editor, "xx")
