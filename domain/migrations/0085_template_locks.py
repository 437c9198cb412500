"""Parts of a mail template that copies must keep, and where a copy comes from."""

# ruff: noqa
from peewee import *  # noqa: F403


def up(migrator, db):
    migrator.migrate(migrator.add_column("mail_template", "locks", TextField(default="[]")))
    migrator.migrate(migrator.add_column("mail_template", "origin_tenant_id", IntegerField(null=True)))
    migrator.migrate(migrator.add_column("mail_template", "origin_id", IntegerField(null=True)))


def down(migrator, db):
    migrator.migrate(migrator.drop_column("mail_template", "origin_id"))
    migrator.migrate(migrator.drop_column("mail_template", "origin_tenant_id"))
    migrator.migrate(migrator.drop_column("mail_template", "locks"))
