"""DKIM keys, how a sender domain was verified and what was found about it; a right of its own for all of that."""

# ruff: noqa
from peewee import *  # noqa: F403


def up(migrator, db):
    class DkimKey(Model):
        tenant_id = IntegerField()
        domain_id = IntegerField()
        selector = CharField(max_length=40)
        algorithm = CharField(max_length=8)
        public = TextField()
        sealed = TextField()
        state = CharField(max_length=8, default="waiting")
        created_at = BigIntegerField()
        seen_at = BigIntegerField(null=True)
        active_at = BigIntegerField(null=True)
        retired_at = BigIntegerField(null=True)

        class Meta:
            database = db
            table_name = "dkim_key"
            indexes = ((("tenant_id", "domain_id", "selector"), True),)

    db.create_tables([DkimKey])

    # until now every verified domain was vouched for
    migrator.migrate(
        migrator.add_column("sender_domain", "proof", CharField(max_length=8, default="vouched"))
    )
    migrator.migrate(migrator.add_column("sender_domain", "findings", TextField(default="{}")))
    migrator.migrate(migrator.add_column("sender_domain", "checked_at", BigIntegerField(null=True)))
    migrator.migrate(migrator.add_column("sender_domain", "asked_at", BigIntegerField(null=True)))
    # who could change the tenant could also add sender domains
    db.execute_sql(
        "INSERT INTO role_permission (role_id, permission) "
        "SELECT role_id, 'sender.edit' FROM role_permission WHERE permission = 'tenant.edit'"
    )


def down(migrator, db):
    db.execute_sql("DELETE FROM role_permission WHERE permission = 'sender.edit'")
    migrator.migrate(migrator.drop_column("sender_domain", "asked_at"))
    migrator.migrate(migrator.drop_column("sender_domain", "checked_at"))
    migrator.migrate(migrator.drop_column("sender_domain", "findings"))
    migrator.migrate(migrator.drop_column("sender_domain", "proof"))
    migrator.migrate(migrator.drop_table("dkim_key"))
