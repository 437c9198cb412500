"""Generated from a schema diff on 2026-11-22 19:37."""

# ruff: noqa
from peewee import *  # noqa: F403


def up(migrator, db):
    class SuppressionFile(Model):
        tenant_id = IntegerField()
        filename = CharField()
        path = CharField(max_length=300)
        reason = CharField(max_length=300, default="")
        until = BigIntegerField(null=True)
        by_id = IntegerField()
        state = CharField(max_length=12, default="queued")
        lines = IntegerField(default=0)
        entries_done = IntegerField(default=0)
        added = IntegerField(default=0)
        known = IntegerField(default=0)
        unread = IntegerField(default=0)
        first_unread = CharField(max_length=80, default="")
        has_rules = BooleanField(default=False)
        people_total = IntegerField(default=0)
        people_done = IntegerField(default=0)
        after_id = BigIntegerField(default=0)
        people = IntegerField(default=0)
        owner_beat = BigIntegerField(default=0)
        created_at = BigIntegerField()
        finished_at = BigIntegerField(null=True)

        class Meta:
            database = db
            table_name = "suppression_file"
            indexes = ((("tenant_id", "id"), False),)

    db.create_tables([SuppressionFile])


def down(migrator, db):
    migrator.migrate(migrator.drop_table("suppression_file"))
