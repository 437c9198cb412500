"""Memberships of people lent by another tenant."""

# ruff: noqa
from peewee import *  # noqa: F403


def up(migrator, db):
    migrator.migrate(migrator.add_column("membership", "release_id", IntegerField(null=True)))
    migrator.migrate(migrator.add_column("membership", "lent_until", BigIntegerField(null=True)))


def down(migrator, db):
    migrator.migrate(migrator.drop_column("membership", "lent_until"))
    migrator.migrate(migrator.drop_column("membership", "release_id"))
