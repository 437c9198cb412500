"""Who may hold leased rows stands in a table of its own: claiming and settling a mail touch one index less."""

# ruff: noqa
from peewee import *  # noqa: F403


def up(migrator, db):
    class Leaseholder(Model):
        tenant_id = IntegerField()
        owner_id = BigIntegerField()
        campaign_id = IntegerField()

        class Meta:
            database = db
            table_name = "leaseholder"
            indexes = ((("owner_id", "tenant_id", "campaign_id"), True),)

    db.create_tables([Leaseholder])
    db.execute_sql(
        """INSERT INTO leaseholder (owner_id, tenant_id, campaign_id)
        SELECT DISTINCT owner_id, tenant_id, campaign_id FROM delivery WHERE owner_id IS NOT NULL"""
    )
    db.execute_sql("DROP INDEX delivery_leased_by")


def down(migrator, db):
    db.execute_sql("CREATE INDEX delivery_leased_by ON delivery (owner_id) WHERE owner_id IS NOT NULL")
    migrator.migrate(migrator.drop_table("leaseholder"))
