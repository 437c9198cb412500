"""Imports: dry run, saved mappings, documents that prove a consent."""

# ruff: noqa
from peewee import *  # noqa: F403


def up(migrator, db):
    class ConsentProof(Model):
        tenant_id = IntegerField()
        name = CharField(max_length=200)
        mime = CharField(max_length=100)
        size_bytes = IntegerField()
        sha256 = CharField(max_length=64)
        stored = CharField(max_length=64)
        by_id = IntegerField(null=True)
        created_at = BigIntegerField()

        class Meta:
            database = db
            table_name = "consent_proof"
            indexes = ((("tenant_id", "created_at"), False),)

    db.create_tables([ConsentProof])

    class ImportMapping(Model):
        tenant_id = IntegerField()
        name = CharField(max_length=80)
        columns = TextField()
        options = TextField()
        by_id = IntegerField(null=True)
        updated_at = BigIntegerField()

        class Meta:
            database = db
            table_name = "import_mapping"
            indexes = ((("tenant_id", "name"), True),)

    db.create_tables([ImportMapping])

    migrator.migrate(migrator.drop_index("import_trace", "importtrace_tenant_id_job_id_id"))
    db.execute_sql("ALTER TABLE consent_event ADD COLUMN proof_id INTEGER")
    db.execute_sql("ALTER TABLE import_job ADD COLUMN check_state VARCHAR(12) NOT NULL DEFAULT ''")
    db.execute_sql("ALTER TABLE import_job ADD COLUMN check_mark INTEGER NOT NULL DEFAULT 0")
    db.execute_sql("ALTER TABLE import_job ADD COLUMN check_done INTEGER NOT NULL DEFAULT 0")
    db.execute_sql("ALTER TABLE import_job ADD COLUMN checked TEXT NOT NULL DEFAULT '{}'")
    db.execute_sql("ALTER TABLE import_reject ADD COLUMN is_trial BOOLEAN NOT NULL DEFAULT FALSE")
    migrator.migrate(migrator.add_index("consent_event", ("tenant_id", "proof_id")))
    migrator.migrate(migrator.add_index("import_trace", ("tenant_id", "job_id", "subscriber_id")))


def down(migrator, db):
    migrator.migrate(migrator.drop_index("import_trace", "import_trace_tenant_id_job_id_subscriber_id"))
    migrator.migrate(migrator.drop_index("consent_event", "consent_event_tenant_id_proof_id"))
    migrator.migrate(migrator.drop_column("import_reject", "is_trial"))
    migrator.migrate(migrator.drop_column("import_job", "checked"))
    migrator.migrate(migrator.drop_column("import_job", "check_done"))
    migrator.migrate(migrator.drop_column("import_job", "check_mark"))
    migrator.migrate(migrator.drop_column("import_job", "check_state"))
    migrator.migrate(migrator.drop_column("consent_event", "proof_id"))
    migrator.migrate(
        migrator.add_index(
            "import_trace", ("tenant_id", "job_id", "id"), name="importtrace_tenant_id_job_id_id"
        )
    )
    migrator.migrate(migrator.drop_table("import_mapping"))
    migrator.migrate(migrator.drop_table("consent_proof"))
