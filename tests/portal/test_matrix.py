"""The whole matrix of rights; `make matrix` runs it alone."""

import pytest
from flask import Blueprint, Flask, abort, g, request

from domain import bounds
from domain.accounts.permissions import Permission
from domain.content.models import Article
from domain.subscribers.models import Subscriber
from portal.access import requires
from tests.matrix import twins
from tests.matrix.run import Matrix

PARTS = 3  # tests run side by side


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.sqlite_only  # counts the changed rows of the connection
@pytest.mark.parametrize("part", range(PARTS))
def test_nobody_gets_through_where_he_must_not(app: Flask, database: str, part: int) -> None:
    matrix = Matrix(app, twins.build())
    matrix.thorough = False  # `make matrix` is
    tally = matrix.walk(part=part, parts=PARTS)
    assert tally.cases > 10 * tally.routes
    assert (tally.leaks, tally.changes, tally.uncovered) == ([], [], [])


def _planted(app: Flask, made: twins.Twins) -> Matrix:
    """Routes with the mistakes that the matrix is there to find."""
    planted = Blueprint("planted", __name__)

    @planted.get("/planted/<int:article_id>")
    @requires(Permission.ARTICLE_SEE)
    def shows_any(article_id: int) -> str:
        found = Article.get_or_none(Article.id == article_id)
        return f"<p>{found.title}</p>" if found else abort(404)

    @planted.post("/planted/<int:article_id>")
    @requires(Permission.ARTICLE_SEE)
    def changes_any(article_id: int) -> str:
        Article.update(title="x").where(Article.id == request.form.get("other", type=int)).execute()
        return "done"

    @planted.get("/planted/lifted")
    @requires(Permission.ARTICLE_SEE)
    def shows_people_of_elsewhere() -> str:
        with bounds.lifted("a mistake"):
            return " ".join(
                p.first_name for p in Subscriber.select().where(Subscriber.tenant_id == g.tenant.id)
            )

    @planted.get("/planted/silent")
    def silent() -> str:
        return "anybody"

    app.register_blueprint(planted, url_prefix="/t/<tenant>")
    return Matrix(app, made)


@pytest.mark.sqlite_only
def test_the_matrix_finds_planted_mistakes(app: Flask, database: str) -> None:
    tally = _planted(app, twins.build()).walk("/t/<tenant>/planted")
    assert any("shows the other tenant" in line and "in the path" in line for line in tally.leaks)
    assert any("article changed" in line and "as other" in line for line in tally.changes)
    assert any("shows somebody who lives elsewhere" in line and "lifted" in line for line in tally.leaks)
    assert any("says nobody who may see it" in line for line in tally.uncovered)
