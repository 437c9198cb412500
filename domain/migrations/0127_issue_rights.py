"""Beginning an issue, changing the own ones and changing those of others are three rights."""

# ruff: noqa
from peewee import *  # noqa: F403


NEW = ("issue.create", "issue.edit_all")


def up(migrator, db):
    """Whoever could, or was forbidden to, create and assemble issues goes on so."""
    for new in NEW:
        db.execute_sql(
            f"INSERT INTO role_permission (role_id, permission, denied) SELECT role_id, '{new}', denied FROM role_permission AS r "
            f"WHERE r.permission = 'issue.edit' AND NOT EXISTS (SELECT 1 FROM role_permission AS t WHERE t.role_id = r.role_id "
            f"AND t.permission = '{new}')"
        )


def down(migrator, db):
    db.execute_sql("DELETE FROM role_permission WHERE permission IN ('issue.create', 'issue.edit_all')")
