"""The tree of the media counts by an index."""

# ruff: noqa
from peewee import *  # noqa: F403


def up(migrator, db):
    migrator.migrate(migrator.add_index("asset", ("tenant_id", "trashed_at", "folder_id")))


def down(migrator, db):
    migrator.migrate(migrator.drop_index("asset", "asset_tenant_id_trashed_at_folder_id"))
