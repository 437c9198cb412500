"""Whether the pictures of an issue travel in its mails."""

# ruff: noqa
from peewee import *  # noqa: F403


def up(migrator, db):
    migrator.migrate(migrator.add_column("issue", "pictures_inside", BooleanField(default=False)))


def down(migrator, db):
    migrator.migrate(migrator.drop_column("issue", "pictures_inside"))
