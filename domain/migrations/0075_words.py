"""Words of articles and media are found by an index that the database keeps.

SQLite: the groups of three characters of every text, after a mark of the tenant; what an index finds is looked at once
more, so that parts of words are found as before. PostgreSQL: pg_trgm does the same; where its extension may not be
made, the search reads the texts.
"""

# ruff: noqa
from peewee import *  # noqa: F403

TABLES = ("article", "asset")
PRIVATE, SIZE = (
    0xE000,
    6_400,
)  # the tenant's number in three private characters, written by the search as well


def up(migrator, db):
    if _is_postgres(db):
        if _trigrams(db):
            for table in TABLES:
                db.execute_sql(f"CREATE INDEX {table}_search ON {table} USING gin (folded gin_trgm_ops)")
        return
    for table in TABLES:
        _index(db, table)


def _trigrams(db):
    """Whether the extension is there or could be made."""
    try:
        with db.atomic():
            db.execute_sql("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    except DatabaseError:
        return False
    return True


def _index(db, table):
    db.execute_sql(
        f"CREATE VIRTUAL TABLE {table}_search USING fts5(words, content='', detail=none, "
        "tokenize='trigram case_sensitive 1')"
    )
    new, old, own = (_words(row) for row in ("new.", "old.", ""))
    take = f"INSERT INTO {table}_search (rowid, words) VALUES (new.id, {new});"
    drop = f"INSERT INTO {table}_search ({table}_search, rowid, words) VALUES ('delete', old.id, {old});"
    db.execute_sql(f"CREATE TRIGGER {table}_search_new AFTER INSERT ON {table} BEGIN {take} END")
    db.execute_sql(f"CREATE TRIGGER {table}_search_gone AFTER DELETE ON {table} BEGIN {drop} END")
    db.execute_sql(
        f"""CREATE TRIGGER {table}_search_changed AFTER UPDATE OF folded ON {table}
        WHEN old.folded <> new.folded BEGIN {drop} {take} END"""
    )
    db.execute_sql(f"INSERT INTO {table}_search (rowid, words) SELECT id, {own} FROM {table}")


def _words(row):
    number = f"{row}tenant_id"
    parts = (f"{number} / {SIZE * SIZE} % {SIZE}", f"{number} / {SIZE} % {SIZE}", f"{number} % {SIZE}")
    return f"char({', '.join(f'{PRIVATE} + {part}' for part in parts)}) || ' ' || {row}folded"


def _is_postgres(db):
    return isinstance(db, PostgresqlDatabase)


def down(migrator, db):
    for table in TABLES:
        if _is_postgres(db):
            db.execute_sql(f"DROP INDEX IF EXISTS {table}_search")
            continue
        for name in ("new", "gone", "changed"):
            db.execute_sql(f"DROP TRIGGER {table}_search_{name}")
        db.execute_sql(f"DROP TABLE {table}_search")
