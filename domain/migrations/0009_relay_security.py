"""The words for a relay's encryption are longer than the column was: PostgreSQL refused "opportunistic"."""

# ruff: noqa
from peewee import CharField


def up(migrator, db):
    migrator.migrate(
        migrator.alter_column_type("relay", "security", CharField(max_length=20, default="opportunistic"))
    )


def down(migrator, db):
    migrator.migrate(
        migrator.alter_column_type("relay", "security", CharField(max_length=12, default="opportunistic"))
    )
