"""What the page of a large mailing shows, counted in the background; what was counted before is counted anew."""

# ruff: noqa
from peewee import *  # noqa: F403


def up(migrator, db):
    db.execute_sql("ALTER TABLE campaign ADD COLUMN figures TEXT")
    db.execute_sql("UPDATE campaign SET tallied_at = NULL WHERE tally IS NOT NULL")


def down(migrator, db):
    migrator.migrate(migrator.drop_column("campaign", "figures"))
