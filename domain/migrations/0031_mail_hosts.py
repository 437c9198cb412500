"""Mail servers of recipient domains, for rates that name them."""

# ruff: noqa
from peewee import *  # noqa: F403


def up(migrator, db):
    class MailHost(Model):
        domain = CharField(max_length=255, primary_key=True)
        mx = CharField(default="", index=True, max_length=255)
        looked_at = BigIntegerField(default=0, index=True)

        class Meta:
            database = db
            table_name = "mail_host"

    db.create_tables([MailHost])


def down(migrator, db):
    migrator.migrate(migrator.drop_table("mail_host"))
