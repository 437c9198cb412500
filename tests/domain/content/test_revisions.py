"""Versions: one per sitting and act, compared word by word, brought back without losing the later ones."""

from datetime import timedelta

import pytest

from domain import clock
from domain.accounts import policy
from domain.content import articles, differences, revisions
from domain.content.models import Article, ArticleRevision
from domain.errors import Forbidden, NotFound
from tests.world import World

FULL = {"title": "Markt wächst", "teaser": "Zwölf neue Stände.", "body": "<p>Ab Dezember.</p>"}


@pytest.fixture
def article(world: World) -> Article:
    return articles.create(world.north.id, world.journalist)


def save(world: World, article: Article, **values) -> Article:
    return save_as(world, world.journalist, article, **values)


def save_as(world: World, user, article: Article, **values) -> Article:
    rights = policy.rights_of(user, world.north.id)
    return articles.save(article, user, rights, article.version, {**FULL, **values})


def later() -> None:
    ArticleRevision.update(began_at=clock.now() - revisions.SITTING - timedelta(seconds=1)).execute()


def numbers(article: Article) -> list[int]:
    return [r.number for r in revisions.every(article)]


def test_saves_of_one_sitting_are_one_version_and_the_next_sitting_another(
    world: World, article: Article
) -> None:
    for title in ("M", "Ma", "Markt"):
        save(world, article, title=title)
    assert numbers(article) == [1] and revisions.get(article, 1).fields["title"] == "Markt"
    later()
    save(world, article, title="Markt am Rathaus")
    assert numbers(article) == [2, 1] and revisions.get(article, 2).changed == ["title"]


def test_another_person_begins_a_version_of_his_own(world: World, article: Article) -> None:
    save(world, article)
    save_as(world, world.editor, article, teaser="Dreizehn neue Stände.")
    found = revisions.every(article)
    assert [r.by_id for r in found] == [world.editor.id, world.journalist.id]
    assert found[0].changed == ["teaser"]


def test_a_save_that_changes_nothing_makes_no_version(world: World, article: Article) -> None:
    save(world, article)
    later()
    save(world, article)
    assert numbers(article) == [1]


def test_the_text_before_the_first_version_is_kept_too(world: World, article: Article) -> None:
    Article.update(title="Von früher").where(Article.id == article.id).execute()
    save(world, Article.get_by_id(article.id), title="Neu")
    assert [revisions.get(article, n).fields["title"] for n in (1, 2)] == ["Von früher", "Neu"]


def test_the_difference_is_marked_word_by_word(world: World, article: Article) -> None:
    save(world, article, body="<p>Ab Dezember gibt es Käse.</p><p>Jeden Samstag.</p>")
    later()
    save(world, article, body="<p>Ab Januar gibt es Käse und Brot.</p><p>Jeden Samstag.</p>")
    [change] = revisions.compare(revisions.get(article, 1).fields, revisions.get(article, 2).fields)
    marked = [(p.kind, p.text.strip()) for p in change.pieces if p.kind != differences.SAME]
    assert change.field == "body"
    assert marked == [("removed", "Dezember"), ("added", "Januar"), ("added", "und Brot")]


def test_an_earlier_version_comes_back_as_the_newest(world: World, article: Article) -> None:
    save(world, article, title="Erste", valid_until=clock.now().date())
    later()
    save(world, article, title="Zweite", valid_until=None)
    rights = policy.rights_of(world.journalist, world.north.id)
    articles.restore(article, world.journalist, rights, 1)
    stored = Article.get_by_id(article.id)
    assert (stored.title, stored.valid_until) == ("Erste", clock.now().date())
    assert numbers(article) == [3, 2, 1] and revisions.get(article, 3).act == "restore"


def test_only_who_may_edit_brings_back_and_only_what_there_is(world: World, article: Article) -> None:
    save(world, article)
    sender = policy.rights_of(world.sender, world.north.id)
    with pytest.raises(Forbidden):
        articles.restore(article, world.sender, sender, 1)
    with pytest.raises(NotFound):
        revisions.get(article, 7)
    stranger = Article(tenant_id=world.south.id, id=article.id)
    with pytest.raises(NotFound):
        revisions.get(stranger, 1)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "neu"),
        ("alt", ""),
        ("a b c", "a x c"),
        ("Zeile\n" * 400, "Zeile\n" * 399 + "Ende\n"),
        ("x " * 9_000, "y"),
    ],
)
def test_pieces_lead_from_one_text_to_the_other(before: str, after: str) -> None:
    pieces = differences.between(before, after)
    if not any(p.kind == differences.GAP for p in pieces):
        assert "".join(p.text for p in pieces if p.kind != differences.ADDED) == before
        assert "".join(p.text for p in pieces if p.kind != differences.REMOVED) == after
    assert sum(len(p.text) for p in pieces if p.kind == differences.SAME) <= max(len(after), 400)


def test_tags_are_found_in_every_spelling_and_written_once(world: World, article: Article) -> None:
    from domain.content import tags

    save(world, article, tags=tags.split("Märkte, maerkte ,  Innen  stadt;Kultur,"))
    assert article.tags == ["Märkte", "Innen stadt", "Kultur"]
    for word in ("Märkte", "MAERKTE", "markte"):
        assert [row.article_id for row in tags.tagged(world.north.id, word)] == [article.id]
    assert not list(tags.tagged(world.south.id, "Kultur"))
    assert set(tags.known(world.north.id)) == {"Märkte", "Innen stadt", "Kultur"}
