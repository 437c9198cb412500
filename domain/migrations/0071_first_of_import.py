"""Where the people of an import begin, so that they are found without looking at everybody."""

# ruff: noqa
from peewee import *  # noqa: F403


def up(migrator, db):
    db.execute_sql("ALTER TABLE import_job ADD COLUMN first_id BIGINT")


def down(migrator, db):
    migrator.migrate(migrator.drop_column("import_job", "first_id"))
