"""What an import made and changed, so that it can be undone."""

# ruff: noqa
from peewee import *  # noqa: F403


def up(migrator, db):
    class ImportTrace(Model):
        tenant_id = IntegerField()
        job_id = IntegerField()
        subscriber_id = BigIntegerField()
        before = TextField()

        class Meta:
            database = db
            table_name = "import_trace"
            indexes = ((("tenant_id", "job_id", "id"), False),)

    db.create_tables([ImportTrace])
    db.execute_sql("ALTER TABLE subscriber ADD COLUMN import_id INTEGER")


def down(migrator, db):
    db.execute_sql("ALTER TABLE subscriber DROP COLUMN import_id")
    migrator.migrate(migrator.drop_table("import_trace"))
