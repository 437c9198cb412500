"""Tags of files in a table of their own, with those that were written before."""

# ruff: noqa
import json

from peewee import *  # noqa: F403


def up(migrator, db):
    class AssetTag(Model):
        tenant_id = IntegerField()
        asset_id = BigIntegerField()
        folded = CharField(max_length=60)
        name = CharField(max_length=60)

        class Meta:
            database = db
            table_name = "asset_tag"
            indexes = ((("tenant_id", "asset_id", "folded"), True), (("tenant_id", "folded"), False))

    db.create_tables([AssetTag])

    class Asset(Model):
        id = BigAutoField()
        tenant_id = IntegerField()
        tags = TextField()

        class Meta:
            database = db
            table_name = "asset"

    from domain.folding import fold

    for asset_id, tenant_id, tags in list(
        Asset.select(Asset.id, Asset.tenant_id, Asset.tags).where(Asset.tags != "[]").tuples()
    ):
        for name in json.loads(tags or "[]"):
            values = {
                "tenant_id": tenant_id,
                "asset_id": asset_id,
                "folded": fold(name)[:60],
                "name": name[:60],
            }
            AssetTag.insert(values).on_conflict_ignore().execute()


def down(migrator, db):
    migrator.migrate(migrator.drop_table("asset_tag"))
