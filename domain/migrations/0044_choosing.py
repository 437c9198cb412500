"""Generated from a schema diff on 2026-11-22 09:09."""

# ruff: noqa
from peewee import *  # noqa: F403


def up(migrator, db):
    class ExcludedAddress(Model):
        tenant_id = IntegerField()
        exclusion_id = IntegerField()
        address_key = CharField(max_length=320)

        class Meta:
            database = db
            table_name = "excluded_address"
            indexes = (
                (("tenant_id", "exclusion_id", "address_key"), True),
                (("tenant_id", "address_key"), False),
            )

    db.create_tables([ExcludedAddress])

    class Exclusion(Model):
        tenant_id = IntegerField()
        name = CharField(max_length=120)
        campaign_id = IntegerField(null=True)
        from_at = BigIntegerField(null=True)
        until_at = BigIntegerField(null=True)
        address_count = IntegerField(default=0)
        refused_count = IntegerField(default=0)
        by_id = IntegerField(null=True)
        created_at = BigIntegerField()

        class Meta:
            database = db
            table_name = "exclusion"
            indexes = ((("tenant_id", "campaign_id"), False), (("tenant_id", "until_at"), False))

    db.create_tables([Exclusion])

    class Unticked(Model):
        tenant_id = IntegerField()
        campaign_id = IntegerField()
        subscriber_id = BigIntegerField()
        by_id = IntegerField(null=True)
        at = BigIntegerField()

        class Meta:
            database = db
            table_name = "unticked"
            indexes = (
                (("tenant_id", "campaign_id", "subscriber_id"), True),
                (("tenant_id", "subscriber_id"), False),
            )

    db.create_tables([Unticked])


def down(migrator, db):
    migrator.migrate(migrator.drop_table("unticked"))
    migrator.migrate(migrator.drop_table("exclusion"))
    migrator.migrate(migrator.drop_table("excluded_address"))
