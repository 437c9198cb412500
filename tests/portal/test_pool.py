"""Browsing the pool and deciding on several articles at once."""

import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from domain import clock
from domain.content.models import Article, Obligation
from domain.folding import fold
from domain.issues.models import Block, ExpectedArticle, Issue
from domain.releases import ledger
from domain.releases.models import Release
from tests import world as worlds
from tests.portal.conftest import HTMX


@pytest.fixture
def editor(app: Flask, world: worlds.World, sign_in) -> FlaskClient:
    return sign_in(app.test_client(), world.editor)


def article(world: worlds.World, title: str, state: str = "submitted", **values: Any) -> Article:
    values.setdefault("tenant_id", world.north.id)
    values.setdefault("author_id", world.journalist.id)
    return Article.create(title=title, state=state, folded=fold(title), **values)


def states(*found: Article) -> list[str]:
    return [Article.get(Article.id == a.id).state for a in found]


def test_an_empty_pool_says_what_belongs_here_and_offers_the_next_step(editor: FlaskClient) -> None:
    page = editor.get("/t/north/pool").text
    assert "Nothing here yet." in page and "Write an article" in page


def test_nothing_found_offers_to_clear_the_filters(editor: FlaskClient, world: worlds.World) -> None:
    article(world, "Markt")
    page = editor.get("/t/north/pool?q=xyz").text
    assert "No articles with these filters." in page and "Clear filters" in page


@pytest.mark.parametrize("layout", ["cards", "table"])
def test_cards_and_table_show_the_same_articles(
    editor: FlaskClient, world: worlds.World, layout: str
) -> None:
    article(world, "Grüße vom Markt", category="Kultur")
    article(world, "<b>fett</b>")
    page = editor.get(f"/t/north/pool?layout={layout}").text
    assert "Grüße vom Markt" in page and "Kultur" in page and "Journalist" in page
    assert "&lt;b&gt;fett" in page


def test_the_articles_of_a_newsletter_type_are_those_its_issues_hold_await_or_need(
    editor: FlaskClient, world: worlds.World
) -> None:
    city, trade = world.types["city"], world.types["trade"]
    held, awaited, needed, other, foreign = (
        article(world, name) for name in ("steht", "bestellt", "muss", "woanders", "egal")
    )
    own = {"tenant_id": world.north.id}
    issue, beside = (
        Issue.create(**own, type_id=kind.id, name="Eine", created_by_id=world.editor.id)
        for kind in (city, trade)
    )
    for where, what in ((issue, held), (beside, other)):
        Block.create(**own, issue_id=where.id, position=1, kind="article", article_id=what.id)
    ExpectedArticle.create(
        **own, issue_id=issue.id, author_id=world.journalist.id, topic="bestellt", article_id=awaited.id,
        due_at=clock.now(), created_by_id=world.editor.id,
    )  # fmt: skip
    Obligation.create(**own, article_id=needed.id, type_id=city.id)
    page = editor.get(f"/t/north/pool?type={city.id}&sort=title").text
    assert [name for name in ("steht", "bestellt", "muss", "woanders", foreign.title) if name in page] == [
        "steht", "bestellt", "muss",
    ]  # fmt: skip
    assert "3 of 5 articles · by title" in page


def test_htmx_gets_only_the_results(editor: FlaskClient, world: worlds.World) -> None:
    article(world, "Grüße vom Markt")
    article(world, "anderes")
    answer = editor.get("/t/north/pool?q=gruesse", headers=HTMX)
    assert "Grüße" in answer.text and "anderes" not in answer.text and "<html" not in answer.text
    assert "HX-Request" in answer.headers["Vary"]


def test_other_tenants_articles_never_show(editor: FlaskClient, world: worlds.World) -> None:
    foreign = article(world, "fremd", tenant_id=world.south.id)
    assert "fremd" not in editor.get("/t/north/pool").text
    assert editor.post("/t/north/pool/decide", data={"article": foreign.id, "accept": "1"}).status_code == 404
    assert states(foreign) == ["submitted"]
    assert editor.get(f"/t/north/pool?before={foreign.id}").status_code == 404


def test_pages_lead_on_and_back_and_keep_the_filters(editor: FlaskClient, world: worlds.World) -> None:
    for i in range(30):
        article(world, f"Artikel {i}", category="Kultur", created_at=clock.now() - timedelta(minutes=i))
    first = editor.get("/t/north/pool?category=Kultur").text
    older = re.search(r'href="([^"]+before=[^"]+)"', first)
    assert older and "category=Kultur" in older[1]
    second = editor.get(older[1].replace("&amp;", "&")).text
    assert "Artikel 29" in second and "Artikel 0<" not in second
    newer = re.search(r'href="([^"]+after=[^"]+)"', second)
    assert newer and "Artikel 0<" in editor.get(newer[1].replace("&amp;", "&")).text


@pytest.mark.parametrize(
    "query", ["valid=gestern", "view=nothing", "sort=x", "before=abc", "layout=x", "valid=2026-02-31"]
)
def test_nonsense_in_the_address_does_no_harm(editor: FlaskClient, world: worlds.World, query: str) -> None:
    article(world, "Markt")
    assert editor.get(f"/t/north/pool?{query}").status_code == 200


def test_several_are_accepted_at_once(editor: FlaskClient, world: worlds.World) -> None:
    found = [article(world, "a"), article(world, "b"), article(world, "c", "draft")]
    answer = editor.post(
        "/t/north/pool/decide?view=submitted", data={"article": [a.id for a in found], "accept": "1"}
    )
    assert answer.status_code == 303 and answer.headers["Location"].endswith("/pool?view=submitted")
    assert states(*found) == ["accepted", "accepted", "draft"]
    page = editor.get(answer.headers["Location"]).text
    assert "2 articles accepted." in page and "c: The article is no longer in the state you saw" in page


def test_returning_without_a_remark_keeps_the_ticks(editor: FlaskClient, world: worlds.World) -> None:
    found = [article(world, "a"), article(world, "b")]
    data = {"article": [found[0].id], "return": "1", "note": ""}
    answer = editor.post("/t/north/pool/decide", data=data)
    assert answer.status_code == 422 and answer.text.count(" checked") == 1
    assert "Write in the remark what should be changed." in answer.text
    answer = editor.post("/t/north/pool/decide", data={**data, "note": "Kürzer"})
    assert answer.status_code == 303 and states(*found) == ["returned", "submitted"]


def test_deciding_on_nothing_says_so(editor: FlaskClient, world: worlds.World) -> None:
    article(world, "a")
    answer = editor.post("/t/north/pool/decide", data={"accept": "1"})
    assert answer.status_code == 422 and "Tick the articles first." in answer.text


def test_journalists_see_their_own_and_cannot_decide(app: Flask, world: worlds.World, sign_in) -> None:
    mine, other = article(world, "meiner"), article(world, "anderer", author_id=world.editor.id)
    client = sign_in(app.test_client(), world.journalist)
    page = client.get("/t/north/pool").text
    assert "meiner" in page and "anderer" not in page and 'name="article"' not in page
    assert client.post("/t/north/pool/decide", data={"article": [mine.id], "accept": "1"}).status_code == 403
    assert states(mine, other) == ["submitted", "submitted"]


def test_the_auditor_reads_without_buttons(app: Flask, world: worlds.World, sign_in) -> None:
    article(world, "Markt")
    page = sign_in(app.test_client(), world.auditor).get("/t/north/pool").text
    assert "Markt" in page and "Write an article" not in page and 'name="article"' not in page


@pytest.mark.parametrize("layout", ["cards", "table"])
def test_what_other_tenants_release_has_a_tab_of_its_own(
    editor: FlaskClient, world: worlds.World, layout: str
) -> None:
    assert "view=others" not in editor.get("/t/north/pool").text
    named = (("Grüße aus dem Süden", "Land"), ("Weinfest", "Kultur"), ("Nur bei uns", ""))
    theirs = [
        article(world, title, "accepted", tenant_id=world.south.id, category=category)
        for title, category in named
    ]
    for one in theirs[:2]:
        ledger.give(world.south, "article", one.id, ledger.To(everybody=True), world.south_editor)
    here = f"/t/north/pool?view=others&layout={layout}"
    page = editor.get(here).text
    assert "From other tenants" in editor.get("/t/north/pool").text
    assert "Grüße aus dem Süden" in page and "Weinfest" in page and "Nur bei uns" not in page
    assert world.south.name in page and "/releases/received/" in page
    found = editor.get(f"{here}&q=gruesse", headers=HTMX).text
    assert "Grüße aus dem Süden" in found and "Weinfest" not in found
    assert "Weinfest" in editor.get(f"{here}&category=Kultur").text
    assert "No articles with these filters." in editor.get(f"{here}&q=nirgends").text
    Release.update(recalled_at=clock.now()).execute()
    assert "Nothing from other tenants." in editor.get(here).text
