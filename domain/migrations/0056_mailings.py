"""Letters, attachments, followed links, test persons, test mode, the public archive."""

# ruff: noqa
from peewee import *  # noqa: F403


def up(migrator, db):
    class Attachment(Model):
        tenant_id = IntegerField()
        issue_id = IntegerField()
        asset_id = IntegerField()
        position = IntegerField()

        class Meta:
            database = db
            table_name = "attachment"
            indexes = ((("tenant_id", "issue_id", "asset_id"), True),)

    db.create_tables([Attachment])

    class LinkCheck(Model):
        tenant_id = IntegerField()
        url_hash = CharField(max_length=64)
        url = TextField()
        state = CharField(max_length=10, default="waiting")
        status = IntegerField(default=0)
        asked_at = BigIntegerField()
        checked_at = BigIntegerField(null=True)

        class Meta:
            database = db
            table_name = "link_check"
            indexes = ((("tenant_id", "url_hash"), True), (("tenant_id", "state", "asked_at"), False))

    db.create_tables([LinkCheck])

    class TrialPerson(Model):
        tenant_id = IntegerField()
        name = CharField(max_length=120)
        address = CharField(max_length=254)
        address_key = CharField(max_length=320)
        teams = TextField(default="[]")
        created_at = BigIntegerField()

        class Meta:
            database = db
            table_name = "trial_person"
            indexes = ((("tenant_id", "address_key"), True),)

    db.create_tables([TrialPerson])

    migrator.migrate(migrator.add_column("campaign", "test_mode", BooleanField(default=True)))
    # what was asked for or sent already was meant for real
    db.execute_sql("UPDATE campaign SET test_mode = FALSE WHERE status <> 'draft'")
    migrator.migrate(migrator.add_column("issue", "kind", CharField(max_length=12, default="newsletter")))
    migrator.migrate(migrator.add_column("issue_revision", "attachments", TextField(default="[]")))
    migrator.migrate(migrator.add_column("newsletter_type", "archived", BooleanField(default=False)))


def down(migrator, db):
    migrator.migrate(migrator.drop_column("newsletter_type", "archived"))
    migrator.migrate(migrator.drop_column("issue_revision", "attachments"))
    migrator.migrate(migrator.drop_column("issue", "kind"))
    migrator.migrate(migrator.drop_column("campaign", "test_mode"))
    migrator.migrate(migrator.drop_table("trial_person"))
    migrator.migrate(migrator.drop_table("link_check"))
    migrator.migrate(migrator.drop_table("attachment"))
