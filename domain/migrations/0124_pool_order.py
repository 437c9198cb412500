"""The pool finds the first articles of its orders in an index: newest first, and by title; the media those of a kind.

By title means by the beginning of the search form, in which Ä stands beside A on either engine; in PostgreSQL it is
compared by characters, as Python does.
"""

# ruff: noqa
from peewee import *  # noqa: F403

REST = "id, state, author_id"  # what the tabs ask for, so that no article itself is read


def up(migrator, db):
    collation = ' COLLATE "C"' if isinstance(db, PostgresqlDatabase) else ""
    db.execute_sql(
        f"CREATE INDEX article_by_title ON article (tenant_id, (SUBSTR(folded, 1, 60){collation}), {REST})"
    )
    db.execute_sql(
        f"CREATE INDEX article_by_entry ON article (tenant_id, (COALESCE(submitted_at, created_at)), {REST})"
    )
    migrator.migrate(migrator.add_index("asset", ("tenant_id", "trashed_at", "kind", "id")))


def down(migrator, db):
    for name in ("title", "entry"):
        db.execute_sql(f"DROP INDEX article_by_{name}")
    migrator.migrate(migrator.drop_index("asset", "asset_tenant_id_trashed_at_kind_id"))
