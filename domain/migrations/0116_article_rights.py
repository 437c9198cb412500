"""Creating an article, changing the own ones and submitting them are three rights."""

# ruff: noqa
from peewee import *  # noqa: F403


NEW = ("article.create", "article.submit")


def up(migrator, db):
    """Whoever could, or was forbidden to, write articles goes on so; editors go on submitting what others wrote."""
    for new in NEW:
        _give(db, "article.write", new, "")
    _give(db, "article.edit_all", "article.submit", "AND NOT r.denied ")


def _give(db, held, new, which):
    db.execute_sql(
        f"INSERT INTO role_permission (role_id, permission, denied) SELECT role_id, '{new}', denied FROM role_permission AS r "
        f"WHERE r.permission = '{held}' {which}AND NOT EXISTS (SELECT 1 FROM role_permission AS t WHERE t.role_id = r.role_id "
        f"AND t.permission = '{new}')"
    )


def down(migrator, db):
    db.execute_sql("DELETE FROM role_permission WHERE permission IN ('article.create', 'article.submit')")
