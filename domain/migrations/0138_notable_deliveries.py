"""Recipients in notable states are found in the order of their page, without sorting all of them."""

# ruff: noqa
from peewee import *  # noqa: F403


def up(migrator, db):
    db.execute_sql(
        "CREATE INDEX delivery_notable ON delivery (tenant_id, campaign_id, id) WHERE state IN (5, 6, 9, 8, 4)"
    )


def down(migrator, db):
    db.execute_sql("DROP INDEX delivery_notable")
