"""Lists of articles and media are found in indexes, so are the copies of what was released."""

# ruff: noqa
from peewee import *  # noqa: F403


def up(migrator, db):
    migrator.migrate(migrator.add_index("article", ("origin_tenant_id", "origin_id")))
    migrator.migrate(
        migrator.add_index(
            "article",
            (
                "tenant_id",
                "state",
                "created_at",
                "submitted_at",
                "updated_at",
                "valid_until",
                "valid_from",
                "author_id",
                "category",
            ),
        )
    )
    migrator.migrate(migrator.add_index("asset", ("tenant_id", "trashed_at", "id", "kind")))
    migrator.migrate(migrator.add_index("issue", ("origin_tenant_id", "origin_id")))


def down(migrator, db):
    migrator.migrate(migrator.drop_index("issue", "issue_origin_tenant_id_origin_id"))
    migrator.migrate(migrator.drop_index("asset", "asset_tenant_id_trashed_at_id_kind"))
    migrator.migrate(
        migrator.drop_index("article", "article_tenant_id_state_created_at_submitted_at_updated__4ecd9ac")
    )
    migrator.migrate(migrator.drop_index("article", "article_origin_tenant_id_origin_id"))
