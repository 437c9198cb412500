"""The tree of territories, and to what of it mailings and imports are held: nothing, until somebody bound makes one."""

# ruff: noqa
from peewee import *  # noqa: F403


def up(migrator, db):
    class TerritoryNode(Model):
        tenant_id = IntegerField()
        name = CharField(max_length=120)
        parent_id = IntegerField(null=True)
        created_at = BigIntegerField()

        class Meta:
            database = db
            table_name = "territory_node"
            indexes = ((("tenant_id", "parent_id", "name"), False),)

    db.create_tables([TerritoryNode])

    for table in ("campaign", "import_job"):
        db.execute_sql(f"ALTER TABLE {table} ADD COLUMN territory_ids TEXT NOT NULL DEFAULT '[]'")
    migrator.migrate(migrator.add_index("subscriber", ("tenant_id", "territory_id", "id")))


def down(migrator, db):
    migrator.migrate(migrator.drop_index("subscriber", "subscriber_tenant_id_territory_id_id"))
    migrator.migrate(migrator.drop_column("import_job", "territory_ids"))
    migrator.migrate(migrator.drop_column("campaign", "territory_ids"))
    migrator.migrate(migrator.drop_table("territory_node"))
