"""Newsletter types: lists that people join, and words of their own in the mails at sign-up."""

# ruff: noqa
from peewee import *  # noqa: F403

COLUMNS = (
    ("list_ids", "TEXT NOT NULL DEFAULT '[]'"),
    ("opt_in_subject", "VARCHAR(150) NOT NULL DEFAULT ''"),
    ("opt_in_text", "TEXT NOT NULL DEFAULT ''"),
    ("welcome_subject", "VARCHAR(150) NOT NULL DEFAULT ''"),
    ("welcome_text", "TEXT NOT NULL DEFAULT ''"),
)


def up(migrator, db):
    for name, kind in COLUMNS:
        db.execute_sql(f"ALTER TABLE newsletter_type ADD COLUMN {name} {kind}")


def down(migrator, db):
    for name, _kind in reversed(COLUMNS):
        db.execute_sql(f"ALTER TABLE newsletter_type DROP COLUMN {name}")
