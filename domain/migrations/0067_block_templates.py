"""Block templates: blocks kept to be inserted into issues."""

# ruff: noqa
from peewee import *  # noqa: F403


def up(migrator, db):
    class BlockTemplate(Model):
        tenant_id = IntegerField()
        name = CharField(max_length=80)
        parts = TextField(default="[]")
        version = IntegerField(default=1)
        updated_at = BigIntegerField()
        updated_by_id = IntegerField(null=True)
        created_at = BigIntegerField()

        class Meta:
            database = db
            table_name = "block_template"
            indexes = ((("tenant_id", "name"), True),)

    db.create_tables([BlockTemplate])


def down(migrator, db):
    migrator.migrate(migrator.drop_table("block_template"))
