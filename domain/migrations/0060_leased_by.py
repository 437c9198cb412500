"""Only leased deliveries stand in the index of owners: writing down an outcome touches one index less."""

# ruff: noqa
from peewee import *  # noqa: F403


def up(migrator, db):
    db.execute_sql("CREATE INDEX delivery_leased_by ON delivery (owner_id) WHERE owner_id IS NOT NULL")
    migrator.migrate(migrator.drop_index("delivery", "delivery_owner_id_state"))


def down(migrator, db):
    migrator.migrate(migrator.add_index("delivery", ("owner_id", "state")))
    db.execute_sql("DROP INDEX delivery_leased_by")
