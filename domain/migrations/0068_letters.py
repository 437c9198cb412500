"""A notice may name a template for its mail; branches are reminded once to answer a rollout."""

# ruff: noqa
from peewee import *  # noqa: F403


def up(migrator, db):
    migrator.migrate(migrator.add_column("notice", "letter", CharField(max_length=20, default="")))
    migrator.migrate(migrator.add_column("rollout_branch", "reminded", BooleanField(default=False)))


def down(migrator, db):
    migrator.migrate(migrator.drop_column("rollout_branch", "reminded"))
    migrator.migrate(migrator.drop_column("notice", "letter"))
