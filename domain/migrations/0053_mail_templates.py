"""What a mail template keeps besides its design: a frame of its own, whether it is the default, its version."""

# ruff: noqa
from peewee import *  # noqa: F403


def up(migrator, db):
    migrator.migrate(migrator.add_column("mail_template", "html", TextField(default="")))
    migrator.migrate(migrator.add_column("mail_template", "css", TextField(default="")))
    migrator.migrate(migrator.add_column("mail_template", "is_default", BooleanField(default=False)))
    migrator.migrate(migrator.add_column("mail_template", "version", IntegerField(default=1)))
    migrator.migrate(migrator.add_column("mail_template", "updated_at", BigIntegerField(null=True)))
    migrator.migrate(migrator.add_column("mail_template", "updated_by_id", IntegerField(null=True)))


def down(migrator, db):
    migrator.migrate(migrator.drop_column("mail_template", "updated_by_id"))
    migrator.migrate(migrator.drop_column("mail_template", "updated_at"))
    migrator.migrate(migrator.drop_column("mail_template", "version"))
    migrator.migrate(migrator.drop_column("mail_template", "is_default"))
    migrator.migrate(migrator.drop_column("mail_template", "css"))
    migrator.migrate(migrator.drop_column("mail_template", "html"))
