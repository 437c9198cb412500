"""Generated from a schema diff on 2026-11-22 17:06."""

# ruff: noqa
from peewee import *  # noqa: F403


def up(migrator, db):
    migrator.migrate(migrator.add_index("asset", ("tenant_id", "uploaded_by_id", "size_bytes")))


def down(migrator, db):
    migrator.migrate(migrator.drop_index("asset", "asset_tenant_id_uploaded_by_id_size_bytes"))
