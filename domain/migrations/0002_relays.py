"""Generated from a schema diff on 2026-11-22 06:02."""

# ruff: noqa
from peewee import *  # noqa: F403


def up(migrator, db):
    class DomainRate(Model):
        pattern = CharField(unique=True)
        per_second = FloatField(null=True)
        max_connections = IntegerField(null=True)
        note = CharField(max_length=200, default="")

        class Meta:
            database = db
            table_name = "domain_rate"

    db.create_tables([DomainRate])

    class Lending(Model):
        key = CharField(primary_key=True, max_length=40)
        next_slot_us = BigIntegerField(default=0)
        used = TextField(null=True)
        held = TextField(null=True)

        class Meta:
            database = db
            table_name = "lending"

    db.create_tables([Lending])

    migrator.migrate(migrator.add_column("dispatcher_process", "figures", TextField(null=True)))
    migrator.migrate(migrator.add_column("relay", "verify", BooleanField(default=False)))
    migrator.migrate(migrator.add_column("relay", "clear_auth", BooleanField(default=False)))
    migrator.migrate(migrator.add_column("relay", "private", BooleanField(default=False)))
    migrator.migrate(migrator.add_column("relay", "domains", TextField(default="")))
    migrator.migrate(migrator.add_column("relay", "from_settings", BooleanField(default=False)))
    migrator.migrate(migrator.add_column("relay", "failures", IntegerField(default=0)))
    migrator.migrate(migrator.add_column("relay", "opened_at", BigIntegerField(null=True)))
    migrator.migrate(migrator.add_column("relay", "test_asked_at", BigIntegerField(null=True)))
    migrator.migrate(migrator.add_column("relay", "tested_at", BigIntegerField(null=True)))
    migrator.migrate(migrator.add_column("relay", "test", TextField(null=True)))

    # whoever may change the tenant may set up its mail servers
    db.execute_sql(
        "INSERT INTO role_permission (role_id, permission) SELECT role_id, 'relay.edit' "
        "FROM role_permission WHERE permission = 'tenant.edit'"
    )


def down(migrator, db):
    db.execute_sql("DELETE FROM role_permission WHERE permission = 'relay.edit'")
    migrator.migrate(migrator.drop_column("relay", "test"))
    migrator.migrate(migrator.drop_column("relay", "tested_at"))
    migrator.migrate(migrator.drop_column("relay", "test_asked_at"))
    migrator.migrate(migrator.drop_column("relay", "opened_at"))
    migrator.migrate(migrator.drop_column("relay", "failures"))
    migrator.migrate(migrator.drop_column("relay", "from_settings"))
    migrator.migrate(migrator.drop_column("relay", "domains"))
    migrator.migrate(migrator.drop_column("relay", "private"))
    migrator.migrate(migrator.drop_column("relay", "clear_auth"))
    migrator.migrate(migrator.drop_column("relay", "verify"))
    migrator.migrate(migrator.drop_column("dispatcher_process", "figures"))
    migrator.migrate(migrator.drop_table("lending"))
    migrator.migrate(migrator.drop_table("domain_rate"))
