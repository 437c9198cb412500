"""Computed columns of a report: the first of several fields that has a value."""

# ruff: noqa
from peewee import *  # noqa: F403


def up(migrator, db):
    db.execute_sql("ALTER TABLE segment ADD COLUMN computed TEXT NOT NULL DEFAULT '[]'")


def down(migrator, db):
    db.execute_sql("ALTER TABLE segment DROP COLUMN computed")
