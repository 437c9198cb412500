"""People of one name stand together, so that a look for duplicates costs the same with a million people."""

# ruff: noqa
from peewee import *  # noqa: F403


def up(migrator, db):
    migrator.migrate(migrator.drop_index("subscriber", "subscriber_tenant_id_last_name_id"))
    migrator.migrate(migrator.add_index("subscriber", ("tenant_id", "last_name", "first_name", "id")))


def down(migrator, db):
    migrator.migrate(migrator.drop_index("subscriber", "subscriber_tenant_id_last_name_first_name_id"))
    migrator.migrate(migrator.add_index("subscriber", ("tenant_id", "last_name", "id")))
