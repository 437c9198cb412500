"""The log: in whose place somebody acted, and the ticket number an act belongs to."""

# ruff: noqa
from peewee import *  # noqa: F403


def up(migrator, db):
    db.execute_sql("ALTER TABLE audit_entry ADD COLUMN as_whom VARCHAR(80) NOT NULL DEFAULT ''")
    db.execute_sql("ALTER TABLE audit_entry ADD COLUMN reference VARCHAR(80) NOT NULL DEFAULT ''")
    migrator.migrate(migrator.add_index("audit_entry", ("tenant_id", "reference")))


def down(migrator, db):
    migrator.migrate(migrator.drop_index("audit_entry", "audit_entry_tenant_id_reference"))
    db.execute_sql("ALTER TABLE audit_entry DROP COLUMN reference")
    db.execute_sql("ALTER TABLE audit_entry DROP COLUMN as_whom")
