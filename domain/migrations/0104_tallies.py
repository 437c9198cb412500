"""Mails of a campaign by state, counted in the background."""

# ruff: noqa
from peewee import *  # noqa: F403


def up(migrator, db):
    db.execute_sql("ALTER TABLE campaign ADD COLUMN tally TEXT")
    db.execute_sql("ALTER TABLE campaign ADD COLUMN tallied_at BIGINT")


def down(migrator, db):
    migrator.migrate(migrator.drop_column("campaign", "tallied_at"))
    migrator.migrate(migrator.drop_column("campaign", "tally"))
