"""Claims of which no server heard, counted apart: a mail that only waited for its server waits no longer for it."""

# ruff: noqa


def up(migrator, db):
    # not by the migrator, which would rewrite every row
    db.execute_sql("ALTER TABLE delivery ADD COLUMN returned SMALLINT NOT NULL DEFAULT 0")


def down(migrator, db):
    db.execute_sql("ALTER TABLE delivery DROP COLUMN returned")
