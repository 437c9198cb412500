"""Openings and clicks: who wants them counted, what was counted, links that stay as they are."""

# ruff: noqa
from peewee import *  # noqa: F403


def up(migrator, db):
    class MeasureTally(Model):
        tenant_id = IntegerField()
        campaign_id = IntegerField()
        revision_id = IntegerField()
        kind = CharField(max_length=16)
        link = SmallIntegerField()
        times = IntegerField(default=0)
        people = IntegerField(default=0)

        class Meta:
            database = db
            table_name = "measure_tally"
            indexes = ((("tenant_id", "campaign_id", "revision_id", "kind", "link"), True),)

    db.create_tables([MeasureTally])

    # in plain words: peewee would copy whole tables, and lose the triggers of the search with the old one
    for table, column in (
        ("campaign", "tracking VARCHAR(8) NOT NULL DEFAULT ''"),
        ("delivery_event", "link SMALLINT"),
        ("delivery_event", "times INTEGER NOT NULL DEFAULT 1"),
        ("delivery_event", "first_at BIGINT"),
        ("issue", "bare_links TEXT NOT NULL DEFAULT '[]'"),
        ("issue_revision", "tracking VARCHAR(8) NOT NULL DEFAULT 'off'"),
        ("issue_revision", "links TEXT NOT NULL DEFAULT '[]'"),
        ("newsletter_type", "tracking VARCHAR(8) NOT NULL DEFAULT ''"),
        ("subscriber", "unmeasured BOOLEAN NOT NULL DEFAULT FALSE"),
    ):
        db.execute_sql(f"ALTER TABLE {table} ADD COLUMN {column}")
    migrator.migrate(
        migrator.add_index("delivery_event", ("tenant_id", "delivery_id", "kind", "link"), unique=True)
    )


def down(migrator, db):
    migrator.migrate(migrator.drop_index("delivery_event", "delivery_event_tenant_id_delivery_id_kind_link"))
    migrator.migrate(migrator.drop_column("subscriber", "unmeasured"))
    migrator.migrate(migrator.drop_column("newsletter_type", "tracking"))
    migrator.migrate(migrator.drop_column("issue_revision", "links"))
    migrator.migrate(migrator.drop_column("issue_revision", "tracking"))
    migrator.migrate(migrator.drop_column("issue", "bare_links"))
    migrator.migrate(migrator.drop_column("delivery_event", "first_at"))
    migrator.migrate(migrator.drop_column("delivery_event", "times"))
    migrator.migrate(migrator.drop_column("delivery_event", "link"))
    migrator.migrate(migrator.drop_column("campaign", "tracking"))
    migrator.migrate(migrator.drop_table("measure_tally"))
