"""Entries of the suppression list that name the rule, the mailing and the mail, and refused mails by time."""

# ruff: noqa
from peewee import *  # noqa: F403

TABLES = ("suppression", "suppression_event")


def up(migrator, db):
    for table in TABLES:  # with a default in the database, since rows are also written in plain SQL
        db.execute_sql(f"ALTER TABLE {table} ADD COLUMN auto VARCHAR(12) NOT NULL DEFAULT ''")
        db.execute_sql(f"ALTER TABLE {table} ADD COLUMN campaign_id INTEGER")
        db.execute_sql(f"ALTER TABLE {table} ADD COLUMN delivery_id BIGINT")
    db.execute_sql("CREATE INDEX delivery_refused ON delivery (settled_at) WHERE state = 5")


def down(migrator, db):
    db.execute_sql("DROP INDEX delivery_refused")
    for table in TABLES:
        for name in ("delivery_id", "campaign_id", "auto"):
            migrator.migrate(migrator.drop_column(table, name))
