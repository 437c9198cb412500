"""Rollouts, stand-in names of pictures, and what is locked in a copy."""

# ruff: noqa
from peewee import *  # noqa: F403


def up(migrator, db):
    class Rollout(Model):
        tenant_id = IntegerField()
        issue_id = IntegerField()
        name = CharField(max_length=120)
        note = TextField(default="")
        state = CharField(max_length=12, default="draft")
        slots = TextField(default="{}")
        subject_open = BooleanField(default=False)
        send_at = BigIntegerField(null=True)
        join_until = BigIntegerField(null=True)
        created_by_id = IntegerField()
        created_at = BigIntegerField()
        opened_at = BigIntegerField(null=True)
        closed_at = BigIntegerField(null=True)

        class Meta:
            database = db
            table_name = "rollout"
            indexes = ((("tenant_id", "state", "id"), False), (("tenant_id", "issue_id"), False))

    db.create_tables([Rollout])

    class RolloutBranch(Model):
        tenant_id = IntegerField()
        rollout_id = IntegerField()
        branch_tenant_id = IntegerField()
        obliged = BooleanField(default=False)
        state = CharField(max_length=12, default="invited")
        missing = TextField(default="[]")
        remark = TextField(default="")
        issue_id = IntegerField(null=True)
        campaign_id = IntegerField(null=True)
        decided_by_id = IntegerField(null=True)
        decided_at = BigIntegerField(null=True)

        class Meta:
            database = db
            table_name = "rollout_branch"
            indexes = (
                (("tenant_id", "rollout_id", "branch_tenant_id"), True),
                (("branch_tenant_id", "state"), False),
            )

    db.create_tables([RolloutBranch])

    migrator.migrate(migrator.add_column("asset", "alias", CharField(max_length=60, default="")))
    migrator.migrate(migrator.add_column("block", "origin_id", IntegerField(null=True)))
    migrator.migrate(migrator.add_column("issue", "head_locked", BooleanField(default=False)))


def down(migrator, db):
    migrator.migrate(migrator.drop_column("issue", "head_locked"))
    migrator.migrate(migrator.drop_column("block", "origin_id"))
    migrator.migrate(migrator.drop_column("asset", "alias"))
    migrator.migrate(migrator.drop_table("rollout_branch"))
    migrator.migrate(migrator.drop_table("rollout"))
