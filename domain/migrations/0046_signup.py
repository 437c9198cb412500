"""Own fields on the sign-up form, per newsletter type."""

# ruff: noqa
from peewee import *  # noqa: F403


def up(migrator, db):
    db.execute_sql("ALTER TABLE newsletter_type ADD COLUMN signup_fields TEXT NOT NULL DEFAULT '[]'")


def down(migrator, db):
    db.execute_sql("ALTER TABLE newsletter_type DROP COLUMN signup_fields")
