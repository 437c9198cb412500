"""Whether a row belongs into the index of notable recipients is asked without a list, which was built for every row."""

# ruff: noqa
from peewee import *  # noqa: F403


def up(migrator, db):
    db.execute_sql("DROP INDEX delivery_notable")
    db.execute_sql(
        """CREATE INDEX delivery_notable ON delivery (tenant_id, campaign_id, id)
        WHERE state <> 1 AND state <> 2 AND state <> 3 AND state <> 7 AND state <> 10"""
    )


def down(migrator, db):
    db.execute_sql("DROP INDEX delivery_notable")
    db.execute_sql(
        "CREATE INDEX delivery_notable ON delivery (tenant_id, campaign_id, id) WHERE state IN (5, 6, 9, 8, 4)"
    )
