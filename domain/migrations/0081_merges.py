"""Merged people: what is needed to make them two again for a while."""

# ruff: noqa
from peewee import *  # noqa: F403


def up(migrator, db):
    class Merge(Model):
        tenant_id = IntegerField()
        kept_id = BigIntegerField()
        dropped_id = BigIntegerField()
        dropped_name = CharField(max_length=300, default="")
        before = TextField(default="{}")
        after = CharField(max_length=64, default="")
        by_id = IntegerField(null=True)
        at = BigIntegerField()

        class Meta:
            database = db
            table_name = "merge"
            indexes = ((("tenant_id", "kept_id"), False), (("at",), False))

    db.create_tables([Merge])


def down(migrator, db):
    migrator.migrate(migrator.drop_table("merge"))
