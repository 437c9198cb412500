"""Creating an article, changing the own ones and submitting them are three rights, each asked at its own route."""

from importlib import import_module

import pytest
from flask import Flask
from flask.testing import FlaskClient

from domain import db
from domain.accounts.models import Role, RolePermission
from domain.accounts.permissions import Permission as P
from domain.content import articles
from domain.content.models import Article, ArticleState
from tests.world import World, person

FULL = {"title": "Markt wächst", "teaser": "Zwölf Stände.", "body": "<p>Ab Dezember.</p>", "language": "de"}


@pytest.fixture
def writer(app: Flask, world: World, sign_in):
    """A person who holds just these rights, signed in."""

    def made(*rights: P) -> FlaskClient:
        role = Role.create(tenant_id=world.north.id, name="Role of this test")
        for right in rights:
            RolePermission.create(role=role, permission=right.value)
        world.people["tested"] = person("tested", world.north, role)
        return sign_in(app.test_client(), world.people["tested"])

    return made


def draft(world: World, state: ArticleState = ArticleState.DRAFT, **values: object) -> Article:
    made = articles.create(world.north.id, world.people["tested"])
    Article.update({**FULL, "state": state, **values}).where(Article.id == made.id).execute()
    return Article.get_by_id(made.id)


def save(client: FlaskClient, article: Article, **values: str) -> int:
    data = {**FULL, "title": "Anders", "version": str(article.version), **values}
    return client.post(f"/t/north/articles/{article.id}/edit", data=data).status_code


def test_whoever_creates_writes_until_it_was_submitted_and_submits_nothing(writer, world: World) -> None:
    client = writer(P.ARTICLE_CREATE)
    assert client.post("/t/north/articles").status_code == 303
    fresh = draft(world)
    page = client.get(f"/t/north/articles/{fresh.id}/edit").text
    assert 'name="version"' in page and 'name="submit"' not in page
    assert save(client, fresh, submit="1") == 403 and Article.get_by_id(fresh.id).title == FULL["title"]
    assert save(client, fresh) == 303 and Article.get_by_id(fresh.id).title == "Anders"
    assert client.post(f"/t/north/articles/{fresh.id}/submit").status_code == 403
    back = draft(world, ArticleState.RETURNED)
    assert save(client, back) == 403 and Article.get_by_id(back.id).title == FULL["title"]


def test_whoever_changes_the_own_ones_creates_and_submits_none(writer, world: World) -> None:
    client = writer(P.ARTICLE_WRITE)
    assert client.post("/t/north/articles").status_code == 403
    assert "Write an article" not in client.get("/t/north/pool").text
    back = draft(world, ArticleState.RETURNED)
    assert save(client, back) == 303 and Article.get_by_id(back.id).title == "Anders"
    assert client.post(f"/t/north/articles/{back.id}/submit").status_code == 403
    asked = draft(world, ArticleState.SUBMITTED)
    assert "Take back" not in client.get(f"/t/north/articles/{asked.id}").text
    assert client.post(f"/t/north/articles/{asked.id}/withdraw").status_code == 403


def test_whoever_submits_changes_nothing(writer, world: World) -> None:
    client = writer(P.ARTICLE_SUBMIT)
    assert client.post("/t/north/articles").status_code == 403
    ready = draft(world)
    assert save(client, ready) == 403
    assert f"/articles/{ready.id}/submit" in client.get(f"/t/north/articles/{ready.id}").text
    assert client.post(f"/t/north/articles/{ready.id}/submit").status_code == 303
    assert Article.get_by_id(ready.id).state == ArticleState.SUBMITTED
    assert client.post(f"/t/north/articles/{ready.id}/withdraw").status_code == 303
    others = articles.create(world.north.id, world.journalist)
    assert client.post(f"/t/north/articles/{others.id}/submit").status_code == 404


def test_an_incomplete_article_is_not_submitted_from_its_page(writer, world: World) -> None:
    client = writer(P.ARTICLE_SUBMIT)
    empty = draft(world, teaser="")
    answer = client.post(f"/t/north/articles/{empty.id}/submit")
    assert answer.status_code == 422 and Article.get_by_id(empty.id).state == ArticleState.DRAFT


@db.unscoped("rights of roles belong to no tenant")
def test_roles_of_before_keep_what_they_could_and_could_not(world: World) -> None:
    rows = {
        "wrote": (P.ARTICLE_WRITE, False), "forbidden": (P.ARTICLE_WRITE, True), "edited": (P.ARTICLE_EDIT_ALL, False),
        "read": (P.ARTICLE_SEE, False),
    }  # fmt: skip
    roles = {name: Role.create(tenant_id=world.north.id, name=name) for name in rows}
    for name, (right, denied) in rows.items():
        RolePermission.create(role=roles[name], permission=right.value, denied=denied)
    migration = import_module("domain.migrations.0116_article_rights")
    for _ in range(2):  # also for a role that has some of them already
        migration.up(None, db.database)
    found = {
        name: {(g.permission, g.denied) for g in RolePermission.select().where(RolePermission.role == role)}
        for name, role in roles.items()
    }
    three = ("article.create", "article.write", "article.submit")
    assert found["wrote"] == {(word, False) for word in three}
    assert found["forbidden"] == {(word, True) for word in three}
    assert found["edited"] == {("article.edit_all", False), ("article.submit", False)}
    assert found["read"] == {("article.see", False)}
