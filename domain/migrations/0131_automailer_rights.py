"""Rights over automailers for the roles that are there."""

# ruff: noqa
from peewee import *  # noqa: F403

GIVEN = (
    ("campaign.see", "automailer.see"),
    ("campaign.send", "automailer.write"),
    ("campaign.send", "automailer.activate"),
    ("campaign.send", "automailer.enrol"),
)


def up(migrator, db):
    """Whoever sees mailings sees series; whoever sends makes and activates them. Nobody else begins to send by this."""
    for held, new in GIVEN:
        db.execute_sql(
            f"INSERT INTO role_permission (role_id, permission, denied) SELECT role_id, '{new}', denied "
            f"FROM role_permission AS r WHERE r.permission = '{held}' AND NOT EXISTS "
            f"(SELECT 1 FROM role_permission AS t WHERE t.role_id = r.role_id AND t.permission = '{new}')"
        )


def down(migrator, db):
    db.execute_sql("DELETE FROM role_permission WHERE permission LIKE 'automailer.%'")
