"""Finding articles: tabs, filters, words, order and pages; and never those of another tenant."""

from datetime import date, timedelta
from typing import Any

import pytest

from domain import clock
from domain.accounts import policy
from domain.accounts.models import User
from domain.content import pool
from domain.content.models import Article
from domain.content.pool import Query
from domain.folding import fold
from tests.world import World

TODAY = date(2026, 11, 20)


def article(world: World, title: str, state: str = "submitted", **values: Any) -> Article:
    values.setdefault("tenant_id", world.north.id)
    values.setdefault("author_id", world.journalist.id)
    return Article.create(title=title, state=state, folded=fold(title), **values)


def found(world: World, user: User | None = None, **query: Any) -> list[str]:
    user = user or world.editor
    page = pool.find(world.north.id, Query(**query), user, policy.rights_of(user, world.north.id), TODAY)
    return [a.title for a in page.articles]


def test_words_are_found_inside_of_words_however_they_are_written(world: World) -> None:
    article(world, 'Die Eisenbahnbrücke "Süd" in Großenkneten')
    article(world, "Ein Ei")
    article(world, "Brücke woanders", tenant_id=world.south.id)
    for text in ("bruecke", "BRÜCK", "grossen", "großenkneten bahn", '"süd"', "br ba sü"):
        assert found(world, text=text) == ['Die Eisenbahnbrücke "Süd" in Großenkneten'], text
    assert len(found(world, text="ei")) == 2, "words of two letters are found as well"
    for text in ("bruecke fehlt", "rueckeb", "bruecke*", "bruecke OR ei", '" OR "', "NEAR(ei", "%", "___"):
        assert found(world, text=text) == [], text


def test_what_is_found_follows_the_text(world: World) -> None:
    made = article(world, "Marktplatz")
    Article.update(folded=fold("Rathaus")).where(Article.id == made.id).execute()
    assert found(world, text="markt") == [] and found(world, text="rathaus") == ["Marktplatz"]
    Article.delete().where(Article.id == made.id).execute()
    assert found(world, text="rathaus") == []


def test_a_search_counts_no_further_than_a_page_can_say(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "COUNTED", 2)
    for number in range(4):
        article(world, f"Markt {number}")
    rights = policy.rights_of(world.editor, world.north.id)
    counted = [
        pool.find(world.north.id, Query(text=text), world.editor, rights, TODAY).total
        for text in ("markt", "markt 1", "nichts")
    ]
    assert counted == [3, 1, 0]


def test_a_word_is_found_behind_many_texts_that_only_look_like_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "LIKELY", 2)
    monkeypatch.setattr(pool, "PAGE_SIZE", 2)
    for title in ("Markt am See", "Wochenmarkt", "Marktrecht"):
        article(world, title)
    for number in range(4):
        article(world, f"Marder, Arktis, Werktag {number}")
    assert found(world, text="markt") == ["Marktrecht", "Wochenmarkt"]
    second = Article.get(Article.title == "Wochenmarkt").id
    assert found(world, text="markt", before_id=second) == ["Markt am See"]


def test_other_tenants_articles_are_never_found(world: World) -> None:
    article(world, "fremd", tenant_id=world.south.id)
    assert found(world) == []
    assert pool.available(world.north.id, TODAY) == []


def test_journalists_find_their_own_articles_only(world: World) -> None:
    article(world, "eigen")
    article(world, "von anderen", author_id=world.editor.id)
    assert found(world, world.journalist) == ["eigen"]
    assert set(found(world)) == {"eigen", "von anderen"}


def test_drafts_of_others_are_hidden_from_who_cannot_edit_them(world: World) -> None:
    article(world, "Entwurf", "draft")
    assert found(world, world.auditor) == []
    assert found(world) == ["Entwurf"]


def test_tabs_hold_what_their_names_say(world: World) -> None:
    article(world, "neu")
    article(world, "frei", "accepted")
    article(world, "bald zu Ende", "accepted", valid_until=TODAY + timedelta(days=3))
    article(world, "vorbei", "accepted", valid_until=TODAY - timedelta(days=1))
    article(world, "alt", "archived")
    counts = pool.counts(world.north.id, world.editor, policy.rights_of(world.editor, world.north.id), TODAY)
    assert counts == {"all": 4, "submitted": 1, "available": 2, "expiring": 1, "mine": 0, "archived": 1}
    assert set(found(world, view="available")) == {"frei", "bald zu Ende"}
    assert found(world, view="archived") == ["alt"]


def test_journalists_have_tabs_for_their_own_work(world: World) -> None:
    article(world, "zurück", "returned")
    counts = pool.counts(
        world.north.id, world.journalist, policy.rights_of(world.journalist, world.north.id), TODAY
    )
    assert (counts["returned"], counts["draft"], counts["all"]) == (1, 0, 1)


def test_category_and_day_narrow_the_list(world: World) -> None:
    article(world, "a", category="Kultur", valid_from=TODAY)
    article(world, "b", category="Land", valid_until=TODAY)
    assert found(world, category="Land") == ["b"]
    assert found(world, valid_on=TODAY + timedelta(days=1)) == ["a"]
    assert pool.categories(world.north.id) == ["Kultur", "Land"]


@pytest.mark.parametrize("words", ["grüsse", "GRUESSE aus", "Grüße", "köln gruss"])
def test_words_are_found_in_every_spelling(world: World, words: str) -> None:
    article(world, "Viele Grüße aus Köln, Gruß")
    article(world, "etwas anderes")
    assert found(world, text=words) == ["Viele Grüße aus Köln, Gruß"]


def test_signs_of_the_query_language_are_only_text(world: World) -> None:
    article(world, "100 % Wolle")
    assert found(world, text="%") == ["100 % Wolle"]
    assert found(world, text="_") == []
    assert found(world, text="' OR 1=1 --") == []


@pytest.mark.parametrize("sort", pool.SORTS)
def test_every_order_leads_through_all_pages_and_back(world: World, sort: str) -> None:
    now = clock.now()
    for i in range(pool.PAGE_SIZE * 2 + 5):
        ends = TODAY + timedelta(days=i % 4) if i % 3 else None
        article(
            world,
            f"Titel {i % 7}",
            updated_at=now - timedelta(seconds=i % 5),
            valid_until=ends,
            category=str(i),
        )
    mine = policy.rights_of(world.editor, world.north.id)

    def page(**at: Any) -> pool.Page:
        return pool.find(world.north.id, Query(sort=sort, **at), world.editor, mine, TODAY)

    first = page()
    second = page(before_id=first.older_id)
    third = page(before_id=second.older_id)
    ids = [a.id for p in (first, second, third) for a in p.articles]
    assert len(ids) == len(set(ids)) == first.total
    assert first.newer_id is None and third.older_id is None
    assert [a.id for a in page(after_id=third.newer_id).articles] == [a.id for a in second.articles]
    back = page(after_id=second.newer_id)
    assert [a.id for a in back.articles] == [a.id for a in first.articles]
    assert back.newer_id is None and back.older_id == first.older_id


def test_an_issue_may_take_accepted_articles_that_are_valid_on_its_day(world: World) -> None:
    article(world, "frei", "accepted")
    article(world, "war schon drin", "used")
    article(world, "erst später", "accepted", valid_from=TODAY + timedelta(days=1))
    article(world, "noch nicht entschieden")
    assert {a.title for a in pool.available(world.north.id, TODAY)} == {"frei", "war schon drin"}
    assert [a.title for a in pool.available(world.north.id, TODAY, "frei")] == ["frei"]


def test_by_title_an_umlaut_stands_beside_its_vowel_and_case_does_not_matter(world: World) -> None:
    for title in ("Bank", "zug", "Äpfel", "anton", "Zebra", "Übersicht"):
        article(world, title)
    assert found(world, sort="title") == ["anton", "Äpfel", "Bank", "Übersicht", "Zebra", "zug"]
