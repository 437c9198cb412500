"""Media: licence, tags, crop and focus; old addresses after a replacement; rights of folders; ceilings."""

# ruff: noqa
from peewee import *  # noqa: F403


def up(migrator, db):
    class AssetAlias(Model):
        tenant_id = IntegerField()
        public_key = CharField(unique=True, max_length=40)
        asset_id = BigIntegerField()

        class Meta:
            database = db
            table_name = "asset_alias"
            indexes = ((("tenant_id", "asset_id"), False),)

    db.create_tables([AssetAlias])

    class FolderRight(Model):
        tenant_id = IntegerField()
        folder_id = IntegerField()
        role_id = IntegerField()
        may_edit = BooleanField(default=False)

        class Meta:
            database = db
            table_name = "folder_right"
            indexes = ((("tenant_id", "folder_id", "role_id"), True),)

    db.create_tables([FolderRight])

    class MediaLimits(Model):
        tenant_id = IntegerField()
        file_mb = IntegerField(null=True)
        user_mb = IntegerField(null=True)
        tenant_mb = IntegerField(null=True)
        zip_allowed = BooleanField(default=False)

        class Meta:
            database = db
            table_name = "media_limits"
            indexes = ((("tenant_id",), True),)

    db.create_tables([MediaLimits])

    migrator.migrate(migrator.add_column("asset", "tags", TextField(default="[]")))
    migrator.migrate(migrator.add_column("asset", "licence_until", DateField(null=True)))
    migrator.migrate(migrator.add_column("asset", "crop", TextField(null=True)))
    migrator.migrate(migrator.add_column("asset", "focus", TextField(null=True)))


def down(migrator, db):
    migrator.migrate(migrator.drop_column("asset", "focus"))
    migrator.migrate(migrator.drop_column("asset", "crop"))
    migrator.migrate(migrator.drop_column("asset", "licence_until"))
    migrator.migrate(migrator.drop_column("asset", "tags"))
    migrator.migrate(migrator.drop_table("media_limits"))
    migrator.migrate(migrator.drop_table("folder_right"))
    migrator.migrate(migrator.drop_table("asset_alias"))
