"""Where statements may reach over all tenants: every place is listed with its reason, and the hook that finds the
others works."""

import ast
from pathlib import Path

import pytest

from domain.accounts.models import Membership
from domain.content.models import Article
from domain.db import unscoped
from tests import scope, world

ROOT = Path(__file__).resolve().parent.parent
LISTED = ROOT / "tests" / "unscoped.txt"


def places() -> list[str]:
    """`path function: reason` of every unscoped() in the four packages."""
    found = []
    for package in ("domain", "mediadb", "dispatcher", "portal"):
        for path in sorted((ROOT / package).rglob("*.py")):
            text = path.read_text()
            if "unscoped(" in text:
                found += [f"{path.relative_to(ROOT)} {line}" for line in _in(ast.parse(text), "")]
    return found


def _in(node: ast.AST, function: str) -> list[str]:
    lines = []
    for child in ast.iter_child_nodes(node):
        name = child.name if isinstance(child, ast.FunctionDef) else function
        if isinstance(child, ast.Call) and getattr(child.func, "id", "") == "unscoped":
            reason = child.args[0]
            assert isinstance(reason, ast.Constant), "the reason is a sentence, not a variable"
            lines.append(f"{function}: {reason.value}")
        lines += _in(child, name)
    return lines


def test_every_place_that_reaches_over_tenants_is_listed() -> None:
    assert sorted(places()) == sorted(LISTED.read_text().splitlines()), (
        "write the new place and its reason into tests/unscoped.txt, or name the tenant in the statement"
    )


@pytest.mark.parametrize(
    "statement",
    [
        'SELECT "t1"."id", "t1"."tenant_id" FROM "article" AS "t1" WHERE ("t1"."id" = ?)',
        'UPDATE "campaign" SET "status" = ? WHERE ("campaign"."id" = ?)',
        "DELETE FROM delivery WHERE id IN (1, 2)",
        'SELECT COUNT(1) FROM (SELECT 1 FROM "subscriber" AS "t1") AS "_wrapped"',
        'INSERT INTO "article" ("title") VALUES (?)',
    ],
)
def test_a_statement_without_its_tenant_is_found(statement: str) -> None:
    assert scope.offends(statement)


@pytest.mark.parametrize(
    "statement",
    [
        'SELECT "t1"."id" FROM "article" AS "t1" WHERE (("t1"."tenant_id" = ?) AND ("t1"."id" = ?))',
        'SELECT 1 FROM "article" AS "t1" WHERE ("t1"."tenant_id" IN (?, ?))',
        'INSERT INTO "article" ("tenant_id", "title") VALUES (?, ?)',
        'SELECT "t1"."id" FROM "tenant" AS "t1"',
        "UPDATE delivery SET state = 1 FROM v WHERE delivery.tenant_id = v.tenant_id",
    ],
)
def test_a_statement_that_names_its_tenant_passes(statement: str) -> None:
    assert not scope.offends(statement)


def test_the_product_cannot_reach_over_tenants_unsaid(database: str) -> None:
    made = world.build()
    with scope.as_the_product():
        with pytest.raises(scope.Unscoped):
            Article.get_or_none(Article.id == 1)
        with unscoped("a test of it"):
            assert Membership.select().count() > 2
        assert Article.get_or_none(Article.tenant_id == made.north.id) is None


def test_saving_a_row_of_another_tenant_changes_nothing(database: str) -> None:
    made = world.build()
    article = Article.create(tenant_id=made.south.id, title="Ours", author_id=made.south_editor.id)
    Article(id=article.id, tenant_id=made.north.id, title="Theirs").save(only=[Article.title])
    assert Article.get(Article.id == article.id).title == "Ours"
