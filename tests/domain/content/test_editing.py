"""Locks of people at the same desk: who writes, who may take over, and when a lock is void."""

from datetime import timedelta

import pytest

from domain import clock
from domain.accounts import policy
from domain.content import articles, editing
from domain.content.models import Article, EditLock
from domain.errors import Conflict
from tests.world import World


@pytest.fixture
def article(world: World) -> Article:
    return articles.create(world.north.id, world.journalist)


def hold(article: Article, user, take: bool = False) -> editing.Editor | None:
    return editing.hold(article.tenant_id, "article", article.id, user, take)


def lapse(article: Article) -> None:
    EditLock.update(seen_at=clock.now() - editing.GRACE - timedelta(seconds=1)).execute()


def test_the_first_one_holds_the_article_and_the_second_learns_since_when(
    world: World, article: Article
) -> None:
    assert hold(article, world.journalist) is None
    other = hold(article, world.editor)
    assert other is not None and other.user_id == world.journalist.id and other.name == "Journalist"
    assert editing.of(article.tenant_id, "article", article.id) == other


def test_signs_of_life_keep_the_beginning(world: World, article: Article) -> None:
    hold(article, world.journalist)
    begun = clock.now() - timedelta(minutes=10)
    EditLock.update(since=begun).execute()
    hold(article, world.journalist)
    found = editing.of(article.tenant_id, "article", article.id)
    assert found is not None and int(found.since.timestamp()) == int(begun.timestamp())


def test_somebody_may_take_over_and_then_the_first_one_is_refused(world: World, article: Article) -> None:
    hold(article, world.journalist)
    assert hold(article, world.editor, take=True) is None
    refused = hold(article, world.journalist)
    assert refused is not None and refused.user_id == world.editor.id


def test_a_lock_without_a_sign_of_life_is_void(world: World, article: Article) -> None:
    hold(article, world.journalist)
    lapse(article)
    assert editing.of(article.tenant_id, "article", article.id) is None
    assert hold(article, world.editor) is None
    assert hold(article, world.journalist) is not None


def test_leaving_frees_the_article_but_never_the_lock_of_another(world: World, article: Article) -> None:
    hold(article, world.journalist)
    editing.release(article.tenant_id, "article", article.id, world.editor)
    assert hold(article, world.editor) is not None
    editing.release(article.tenant_id, "article", article.id, world.journalist)
    assert hold(article, world.editor) is None


def test_while_somebody_edits_nobody_else_saves(world: World, article: Article) -> None:
    rights = policy.rights_of(world.editor, world.north.id)
    hold(article, world.journalist)
    with pytest.raises(Conflict, match="Journalist is editing"):
        articles.save(article, world.editor, rights, article.version, {"title": "x"})
    lapse(article)
    assert articles.save(article, world.editor, rights, article.version, {"title": "x"}).title == "x"


def test_submitting_frees_the_article(world: World, article: Article) -> None:
    hold(article, world.journalist)
    rights = policy.rights_of(world.journalist, world.north.id)
    articles.save(article, world.journalist, rights, 1, {"title": "T", "teaser": "T", "body": "<p>T</p>"})
    articles.submit(article, world.journalist, rights)
    assert editing.of(article.tenant_id, "article", article.id) is None


def test_locks_of_other_tenants_are_their_own(world: World, article: Article) -> None:
    hold(article, world.journalist)
    assert editing.of(world.south.id, "article", article.id) is None
