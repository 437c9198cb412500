"""The pages of releases: what is given, what is received, and that a recall holds at the next click."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from domain.content.models import Article
from domain.releases.models import Release
from domain.tenancy.models import Tenant
from tests import mailings
from tests.world import World


@pytest.fixture
def branch(world: World) -> Tenant:
    Tenant.update(parent_id=world.north.id).where(Tenant.id == world.south.id).execute()
    return Tenant.get_by_id(world.south.id)


@pytest.fixture
def admin(client: FlaskClient, world: World, sign_in) -> FlaskClient:
    return sign_in(client, world.administrator)


@pytest.fixture
def editor(app: Flask, world: World, sign_in) -> FlaskClient:
    return sign_in(app.test_client(), world.south_administrator)


def test_head_office_releases_and_the_branch_links_copies_and_loses(
    admin: FlaskClient, editor: FlaskClient, world: World, branch: Tenant
) -> None:
    article = mailings.article(world, title="Brücke zu")
    assert "Brücke zu" in admin.get("/t/north/releases/new?kind=article").text
    data = {"kind": "article", "object": article.id, "to": branch.id}
    assert admin.post("/t/north/releases", data=data).status_code == 303
    assert admin.post("/t/north/releases", data=data).status_code == 409
    release = Release.get()
    page = editor.get("/t/south/releases").text
    assert "Brücke zu" in page and "Verlag Nord" in page
    url = f"/t/south/releases/received/{release.id}"
    assert "Brücke zu" in editor.get(url).text and "Ab Montag." in editor.get(f"{url}/body").text
    issue = editor.post("/t/south/issues", data={"type_id": world.types["south"].id})
    path = issue.headers["Location"]
    assert "Verlag Nord" in editor.get(path).text, "it stands beside the own articles, with its origin"
    assert editor.post(f"{path}/blocks", data={"article_id": article.id, "version": 1}).status_code < 400
    assert "Ab Montag." in editor.get(f"{path}/preview").text
    assert editor.post(f"{url}/copy").status_code == 303
    copy = Article.get(Article.tenant_id == branch.id)
    assert "used 2 times" in admin.get("/t/north/releases").text
    assert admin.post(f"/t/north/releases/{release.id}/recall").status_code == 303
    assert editor.get(url).status_code == editor.get(f"{url}/body").status_code == 404
    assert editor.post(f"{url}/copy").status_code == 404
    assert "Ab Montag." not in editor.get(f"{path}/preview").text
    assert editor.get(f"/t/south/articles/{copy.id}").status_code == 200


def test_what_is_not_yours_cannot_be_released(admin: FlaskClient, world: World, branch: Tenant) -> None:
    foreign = Article.create(
        tenant_id=branch.id, title="x", author_id=world.south_editor.id, state="accepted"
    )
    data = {"kind": "article", "object": foreign.id, "everybody": "1"}
    assert admin.post("/t/north/releases", data=data).status_code == 404
    own = mailings.article(world)
    assert admin.post("/t/north/releases", data={"kind": "article", "object": own.id}).status_code == 422
    stranger = Tenant.create(slug="stranger", name="Stranger")
    data = {"kind": "article", "object": own.id, "to": stranger.id}
    assert admin.post("/t/north/releases", data=data).status_code == 404
    assert "Stranger" not in admin.get("/t/north/releases/new").text


def test_only_who_may_releases(app: Flask, world: World, branch: Tenant, sign_in) -> None:
    auditor = sign_in(app.test_client(), world.auditor)
    assert auditor.get("/t/north/releases").status_code == 200
    assert auditor.post("/t/north/releases", data={}).status_code == 403
    journalist = sign_in(app.test_client(), world.journalist)
    assert journalist.get("/t/north/releases").status_code == 404
