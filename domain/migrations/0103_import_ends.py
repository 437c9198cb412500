"""Where the people of an import end, what it gave to those who were here, and how far it is undone."""

# ruff: noqa
from peewee import *  # noqa: F403


def up(migrator, db):
    db.execute_sql("ALTER TABLE import_job ADD COLUMN last_id BIGINT")
    db.execute_sql("ALTER TABLE import_job ADD COLUMN undone TEXT NOT NULL DEFAULT '{}'")
    db.execute_sql("ALTER TABLE import_trace ADD COLUMN gained TEXT NOT NULL DEFAULT '{}'")
    _ends(db)


def _ends(db):
    """Of the imports that there are, in one walk."""
    place = "%s" if isinstance(db, PostgresqlDatabase) else "?"
    rows = db.execute_sql(
        "SELECT import_id, MIN(id), MAX(id) FROM subscriber WHERE import_id IS NOT NULL GROUP BY import_id"
    ).fetchall()
    for job_id, first, last in rows:
        db.execute_sql(
            f"UPDATE import_job SET first_id = {place}, last_id = {place} WHERE id = {place}",
            (first, last, job_id),
        )


def down(migrator, db):
    migrator.migrate(migrator.drop_column("import_trace", "gained"))
    migrator.migrate(migrator.drop_column("import_job", "undone"))
    migrator.migrate(migrator.drop_column("import_job", "last_id"))
