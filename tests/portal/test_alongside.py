"""Things of other tenants in the lists of this one: the pool sorts and filters them in, each list marks them."""

import re
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from domain import clock
from domain.content.models import Article
from domain.content.pool import PAGE_SIZE
from domain.folding import fold
from domain.issues.models import Block
from domain.releases import ledger
from domain.releases.models import Release
from domain.tenancy.models import Tenant
from tests import mailings
from tests.world import World, person


@pytest.fixture
def editor(app: Flask, world: World, sign_in) -> FlaskClient:
    Tenant.update(parent_id=world.north.id).where(Tenant.id == world.south.id).execute()
    return sign_in(app.test_client(), world.south_editor)


def article(tenant: Tenant, title: str, minutes: int, **more: object) -> Article:
    """Accepted, and so many minutes old."""
    at = clock.now() - timedelta(minutes=minutes)
    return Article.create(
        tenant_id=tenant.id, title=title, state="accepted", folded=fold(title), created_at=at, **more
    )


def share(world: World, kind: str, object_id: int) -> Release:
    to = ledger.To((world.south.id,))
    return ledger.give(Tenant.get_by_id(world.north.id), kind, object_id, to, world.administrator)[0]


def titles(page: str) -> list[str]:
    return re.findall(r"<h2><a [^>]*>([^<]+)</a></h2>", page)


def test_released_articles_stand_among_the_own_ones_with_their_origin(
    editor: FlaskClient, world: World
) -> None:
    for minutes, title in ((1, "neu"), (30, "alt")):
        article(world.south, title, minutes, author_id=world.south_editor.id)
    theirs = article(world.north, "fremd", 10, author_id=world.editor.id, category="Kultur")
    article(world.north, "verschlossen", 5, author_id=world.editor.id)
    release = share(world, "article", theirs.id)
    page = editor.get("/t/south/pool").text
    assert titles(page) == ["neu", "fremd", "alt"] and "from Verlag Nord" in page
    assert f"/releases/received/{release.id}" in page and "From other tenants" in page
    for query, found in {
        "view=others": ["fremd"], "q=frem": ["fremd"], "category=Kultur": ["fremd"],
        "sort=title": ["alt", "fremd", "neu"],
        "view=mine": ["neu", "alt"], "state=archived": [], "view=available": ["neu", "fremd", "alt"],
    }.items():  # fmt: skip
        assert titles(editor.get(f"/t/south/pool?{query}").text) == found, query
    assert "verschlossen" not in editor.get("/t/south/pool?view=others").text
    ledger.recall(world.north.id, release.id, world.administrator)
    page = editor.get("/t/south/pool").text
    assert titles(page) == ["neu", "alt"] and "From other tenants" not in page


def test_each_page_of_the_pool_holds_what_stands_between_its_own_articles(
    editor: FlaskClient, world: World
) -> None:
    for number in range(30):
        article(world.south, f"eigen {number}", number * 10, author_id=world.south_editor.id)
    seam = PAGE_SIZE * 10
    for minutes, title in ((-5, "vorn"), (seam - 5, "Naht"), (seam + 5, "hinten"), (900, "zuletzt")):
        share(world, "article", article(world.north, title, minutes, author_id=world.editor.id).id)
    first = editor.get("/t/south/pool").text
    older = re.search(r'href="([^"]+before=[^"]+)"', first)
    assert older is not None
    second = editor.get(older[1].replace("&amp;", "&")).text
    newer = re.search(r'href="([^"]+after=[^"]+)"', second)
    assert newer is not None and titles(editor.get(newer[1].replace("&amp;", "&")).text) == titles(first)
    assert titles(first)[0] == "vorn" and titles(first)[-1] == "Naht" and len(titles(first)) == PAGE_SIZE + 2
    assert titles(second)[1] == "hinten" and titles(second)[-1] == "zuletzt"


def test_a_ticked_article_of_another_tenant_goes_into_an_issue_and_nothing_else(
    editor: FlaskClient, world: World
) -> None:
    theirs = article(world.north, "fremd", 1, author_id=world.editor.id)
    share(world, "article", theirs.id)
    issue = editor.post("/t/south/issues", data={"type_id": world.types["south"].id})
    number = int(issue.headers["Location"].rpartition("/")[2])
    for act, word in (("tag", "hier"), ("archive", "")):
        editor.post("/t/south/pool/several", data={"article": theirs.id, "act": act, "word": word})
    editor.post("/t/south/pool/decide", data={"article": theirs.id, "return": "1", "note": "anders"})
    now = Article.get_by_id(theirs.id)
    assert (now.state, now.tags) == ("accepted", theirs.tags)
    editor.post("/t/south/pool/several", data={"article": theirs.id, "act": "issue", "issue": number})
    assert (
        Block.get(Block.issue_id == number, Block.article_id == theirs.id).source_tenant_id == world.north.id
    )


def test_released_issues_and_mailings_stand_in_the_tables_of_the_own_ones(
    editor: FlaskClient, world: World
) -> None:
    campaign = mailings.draft(world, mailings.issue(world))
    shared = [share(world, "issue", campaign.issue_id), share(world, "campaign", campaign.id)]
    for place in ("issues", "campaigns"):
        page = editor.get(f"/t/south/{place}").text
        assert "from Verlag Nord" in page.partition("<tbody>")[2].partition("</tbody>")[0], place
    for release in shared:
        here = f"/t/south/releases/received/{release.id}"
        assert f"{here}/mail" in editor.get(here).text
        assert "Die Linien 4 und 12 fahren anders." in editor.get(f"{here}/mail").text
        ledger.recall(world.north.id, release.id, world.administrator)
        assert editor.get(f"{here}/mail").status_code == 404, "at the next request"


def test_a_release_is_seen_by_those_who_see_its_kind(
    app: Flask, world: World, sign_in, editor: FlaskClient
) -> None:
    release = share(world, "article", article(world.north, "fremd", 1, author_id=world.editor.id).id)
    url = f"/t/south/releases/received/{release.id}"
    assert editor.get(url).status_code == 200
    manager = person("south_manager", world.south, world.roles["subscriber_manager"])
    other = sign_in(app.test_client(), manager)
    assert other.get(url).status_code == other.get(f"{url}/body").status_code == 404
