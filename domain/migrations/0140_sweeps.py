"""Generated from a schema diff on 2026-11-22 23:26."""

# ruff: noqa
from peewee import *  # noqa: F403


def up(migrator, db):
    migrator.migrate(migrator.add_column("suppression_file", "rule_id", IntegerField(null=True)))
    migrator.migrate(migrator.add_column("suppression_rule", "sweep_id", IntegerField(null=True)))
    migrator.migrate(migrator.add_index("suppression_rule", ("tenant_id", "sweep_id")))


def down(migrator, db):
    migrator.migrate(migrator.drop_index("suppression_rule", "suppression_rule_tenant_id_sweep_id"))
    migrator.migrate(migrator.drop_column("suppression_rule", "sweep_id"))
    migrator.migrate(migrator.drop_column("suppression_file", "rule_id"))
