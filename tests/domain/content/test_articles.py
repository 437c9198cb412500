"""From draft to pool and back: who may do what, and that nobody's work is overwritten."""

from datetime import date
from typing import Any

import pytest

from domain.accounts import policy
from domain.accounts.models import User
from domain.audit.models import AuditEntry
from domain.content import articles
from domain.content.models import Article, ArticleRevision, AssetUse
from domain.errors import Conflict, Forbidden, Invalid, NotFound
from domain.notices.models import Notice
from tests.world import World

FULL = {"title": "Markt wächst", "teaser": "Zwölf neue Stände.", "body": "<p>Ab Dezember.</p>"}
TODAY = date(2026, 11, 20)


def rights(world: World, user: User) -> policy.Rights:
    return policy.rights_of(user, world.north.id)


def written(world: World, **values: Any) -> Article:
    author = world.journalist
    article = articles.create(world.north.id, author)
    return articles.save(article, author, rights(world, author), article.version, {**FULL, **values})


def submitted(world: World, **values: Any) -> Article:
    article = written(world, **values)
    articles.submit(article, world.journalist, rights(world, world.journalist))
    return article


def fresh(article: Article) -> Article:
    return Article.get(Article.tenant_id == article.tenant_id, Article.id == article.id)


def told(user: User) -> list[str]:
    return [n.message % n.params for n in Notice.select().where(Notice.user_id == user.id)]


def test_saved_text_is_clean(world: World) -> None:
    article = written(world, body="<p onclick='x'>Text<script>alert(1)</script></p>")
    assert fresh(article).body == "<p>Text</p>"


def test_of_two_who_save_one_version_the_second_is_refused_and_nothing_is_lost(world: World) -> None:
    article = written(world)
    first, second = fresh(article), fresh(article)
    editor = world.editor
    articles.save(first, editor, rights(world, editor), first.version, {"title": "Erste"})
    with pytest.raises(Conflict):
        articles.save(second, editor, rights(world, editor), second.version, {"title": "Zweite"})
    assert fresh(article).title == "Erste"


def test_incomplete_article_is_not_submitted_and_says_what_is_missing(world: World) -> None:
    author = world.journalist
    article = articles.create(world.north.id, author)
    article = articles.save(article, author, rights(world, author), 1, {"body": "<p> </p>", "asset_id": 5})
    with pytest.raises(Invalid) as refused:
        articles.submit(article, author, rights(world, author))
    assert set(refused.value.fields) == {"title", "teaser", "body", "asset_alt"}
    assert fresh(article).state == "draft"


def test_end_before_beginning_is_refused(world: World) -> None:
    with pytest.raises(Invalid) as refused:
        written(world, valid_from=date(2026, 12, 2), valid_until=date(2026, 12, 1))
    assert "valid_until" in refused.value.fields


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "//evil.example", "www.example.org"]
)
def test_link_must_be_a_web_address(world: World, url: str) -> None:
    with pytest.raises(Invalid):
        written(world, link_url=url)


def test_submitting_tells_the_reviewers_and_keeps_a_revision(world: World) -> None:
    article = submitted(world)
    assert fresh(article).state == "submitted"
    assert told(world.editor) == ["Journalist has submitted “Markt wächst”."]
    assert not told(world.journalist)
    kept = ArticleRevision.get(ArticleRevision.article_id == article.id)
    assert (kept.number, kept.fields["title"], kept.by_id) == (1, "Markt wächst", world.journalist.id)


def test_submitting_twice_counts_once(world: World) -> None:
    article = submitted(world)
    with pytest.raises(Conflict):
        articles.submit(fresh(article), world.journalist, rights(world, world.journalist))
    assert len(articles.remarks(article)) == 1


def test_author_cannot_change_what_lies_with_the_editors_but_can_take_it_back(world: World) -> None:
    article = submitted(world)
    with pytest.raises(Forbidden):
        articles.save(
            article, world.journalist, rights(world, world.journalist), article.version, {"title": "x"}
        )
    articles.withdraw(article, world.journalist)
    assert fresh(article).state == "draft"


def test_accepting_tells_the_author_and_is_in_the_log(world: World) -> None:
    article = submitted(world)
    articles.accept(article, world.editor)
    assert fresh(article).state == "accepted"
    assert told(world.journalist) == ["Editor has accepted “Markt wächst”."]
    assert (
        AuditEntry.select()
        .where(AuditEntry.act == "article.accept", AuditEntry.object_id == article.id)
        .exists()
    )


def test_of_two_decisions_the_second_is_refused(world: World) -> None:
    article = submitted(world)
    other = fresh(article)
    articles.accept(article, world.editor)
    with pytest.raises(Conflict):
        articles.accept(other, world.chief_editor)


def test_returning_needs_a_remark_and_gives_the_article_back_to_its_author(world: World) -> None:
    article = submitted(world)
    with pytest.raises(Invalid):
        articles.give_back(article, world.editor, "  ")
    articles.give_back(article, world.editor, "Bitte kürzer")
    again = articles.save(
        fresh(article), world.journalist, rights(world, world.journalist), article.version, {"title": "Kurz"}
    )
    articles.submit(again, world.journalist, rights(world, world.journalist), "gekürzt")
    assert [(r.act, r.text) for r in articles.remarks(article)] == [
        ("submit", ""), ("return", "Bitte kürzer"), ("submit", "gekürzt"),
    ]  # fmt: skip
    assert ArticleRevision.select().where(ArticleRevision.article_id == article.id).count() == 2


def test_a_remark_reaches_everybody_in_the_thread(world: World) -> None:
    article = submitted(world)
    articles.remark(article, world.editor, "Gibt es ein Bild?")
    articles.remark(article, world.journalist, "Kommt morgen.")
    assert told(world.journalist) == ["Editor wrote a remark on “Markt wächst”."]
    assert told(world.editor)[-1] == "Journalist wrote a remark on “Markt wächst”."
    assert fresh(article).state == "submitted"


def test_accepted_article_expires_by_date_alone(world: World) -> None:
    article = submitted(world, valid_until=date(2026, 11, 20))
    articles.accept(article, world.editor)
    assert articles.shown_state(article, date(2026, 11, 20)) == "accepted"
    assert articles.shown_state(article, date(2026, 11, 21)) == "expired"


def test_archived_articles_come_back_as_drafts(world: World) -> None:
    article = written(world)
    articles.archive(article, world.journalist)
    articles.unarchive(article, world.journalist)
    assert fresh(article).state == "draft"


def test_foreign_article_looks_like_a_missing_one(world: World) -> None:
    article = submitted(world)
    with pytest.raises(NotFound):
        articles.get(
            world.south.id,
            article.id,
            world.south_editor,
            policy.rights_of(world.south_editor, world.south.id),
        )
    with pytest.raises(NotFound):
        articles.get(world.north.id, article.id, world.sender, rights(world, world.sender))


def test_drafts_of_others_are_seen_by_those_who_may_edit_them(world: World) -> None:
    article = written(world)
    assert articles.get(world.north.id, article.id, world.editor, rights(world, world.editor))
    with pytest.raises(NotFound):
        articles.get(world.north.id, article.id, world.auditor, rights(world, world.auditor))


def test_all_pictures_of_an_article_are_in_use(world: World) -> None:
    article = articles.create(world.north.id, world.journalist)
    mine = rights(world, world.journalist)
    articles.save(article, world.journalist, mine, 1, {**FULL, "asset_id": 7}, [8, 9])
    used = {use.asset_id for use in AssetUse.select().where(AssetUse.object_id == article.id)}
    assert used == {7, 8, 9}
    articles.save(article, world.journalist, mine, 2, {"asset_id": None})
    assert not AssetUse.select().where(AssetUse.object_id == article.id).exists()
