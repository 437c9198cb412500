"""Generated from a schema diff on 2026-11-22 16:24."""

# ruff: noqa
from peewee import *  # noqa: F403


def up(migrator, db):
    class UploadPiece(Model):
        tenant_id = IntegerField()
        user_id = IntegerField()
        upload_key = CharField(max_length=60)
        number = IntegerField()
        size_bytes = IntegerField()
        data = BlobField()
        created_at = BigIntegerField()

        class Meta:
            database = db
            table_name = "upload_piece"
            indexes = ((("tenant_id", "user_id", "upload_key", "number"), True),)

    db.create_tables([UploadPiece])


def down(migrator, db):
    migrator.migrate(migrator.drop_table("upload_piece"))
