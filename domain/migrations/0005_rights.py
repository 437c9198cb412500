"""Generated from a schema diff on 2026-11-22 06:20."""

# ruff: noqa
from peewee import *  # noqa: F403


# Rights that are new, and the older right whose holders get them: nobody loses what he could do.
SPLIT = (
    ("user.edit", "user.see"),
    ("role.edit", "role.see"),
    ("media.edit", "media.delete"),
    ("approval.ask", "approval.see"),
    ("approval.decide", "approval.see"),
    ("tenant.edit", "approval.setup"),
    ("tenant.edit", "release.see"),
    ("tenant.edit", "release.edit"),
    ("tenant.edit", "tenant.export"),
    ("tenant.edit", "audit.export"),
)


def up(migrator, db):
    class User(Model):
        class Meta:
            database = db
            table_name = "user"

    class ApprovalFlow(Model):
        tenant_id = IntegerField()
        kind = CharField(max_length=40)
        object_id = BigIntegerField(null=True)
        free_below = IntegerField(default=0)
        deadline_h = IntegerField(null=True)
        escalate_h = IntegerField(null=True)
        told_role_id = IntegerField(null=True)
        self_allowed = BooleanField(default=False)

        class Meta:
            database = db
            table_name = "approval_flow"
            indexes = ((("tenant_id", "kind", "object_id"), False),)

    db.create_tables([ApprovalFlow])

    class ApprovalStep(Model):
        tenant_id = IntegerField()
        flow_id = IntegerField()
        position = IntegerField()
        role_id = IntegerField(null=True)
        needed = IntegerField(default=1)
        from_size = IntegerField(default=0)

        class Meta:
            database = db
            table_name = "approval_step"
            indexes = ((("tenant_id", "flow_id", "position"), False),)

    db.create_tables([ApprovalStep])

    class ApprovalVote(Model):
        tenant_id = IntegerField()
        approval_id = IntegerField()
        step = IntegerField()
        user_id = IntegerField()
        state = CharField(max_length=12)
        remark = TextField(default="")
        at = BigIntegerField()

        class Meta:
            database = db
            table_name = "approval_vote"
            indexes = ((("tenant_id", "approval_id", "step", "user_id"), True),)

    db.create_tables([ApprovalVote])

    class Duty(Model):
        tenant_id = IntegerField()
        user = ForeignKeyField(User, on_delete="CASCADE")
        kind = CharField(max_length=12)
        created_at = BigIntegerField()

        class Meta:
            database = db
            table_name = "duty"
            indexes = ((("tenant_id", "user", "kind"), True), (("user", "kind"), False))

    db.create_tables([Duty])

    class RecoveryCode(Model):
        user = ForeignKeyField(User, on_delete="CASCADE")
        code_hash = CharField(max_length=64)
        used_at = BigIntegerField(null=True)

        class Meta:
            database = db
            table_name = "recovery_code"

    db.create_tables([RecoveryCode])

    class SupportVisit(Model):
        tenant_id = IntegerField()
        user = ForeignKeyField(User, on_delete="CASCADE")
        reason = CharField(max_length=300)
        began_at = BigIntegerField()
        until = BigIntegerField()

        class Meta:
            database = db
            table_name = "support_visit"
            indexes = ((("tenant_id", "user", "until"), False),)

    db.create_tables([SupportVisit])

    migrator.migrate(migrator.add_column("approval", "steps", TextField(default="[]")))
    migrator.migrate(migrator.add_column("approval", "size", IntegerField(default=0)))
    migrator.migrate(migrator.add_column("approval", "deadline_at", BigIntegerField(null=True)))
    migrator.migrate(migrator.add_column("approval", "escalate_at", BigIntegerField(null=True)))
    migrator.migrate(migrator.add_column("approval", "reason", CharField(max_length=200, default="")))
    migrator.migrate(migrator.add_column("article", "origin_tenant_id", IntegerField(null=True)))
    migrator.migrate(migrator.add_column("article", "origin_id", BigIntegerField(null=True)))
    migrator.migrate(migrator.add_column("block", "source_tenant_id", IntegerField(null=True)))
    migrator.migrate(migrator.add_column("user", "second_nonce", CharField(null=True, max_length=40)))
    migrator.migrate(migrator.add_column("user", "second_since", BigIntegerField(null=True)))
    migrator.migrate(migrator.add_column("user", "second_step", BigIntegerField(default=0)))
    migrator.migrate(migrator.add_column("user", "notice_mail", CharField(max_length=5, default="now")))
    migrator.migrate(migrator.add_column("user", "stand_in_id", IntegerField(null=True)))
    migrator.migrate(migrator.add_column("user", "away_until", BigIntegerField(null=True)))
    migrator.migrate(migrator.add_column("issue", "origin_tenant_id", IntegerField(null=True)))
    migrator.migrate(migrator.add_column("issue", "origin_id", IntegerField(null=True)))
    migrator.migrate(migrator.add_column("release", "recalled_at", BigIntegerField(null=True)))
    migrator.migrate(migrator.add_column("release", "recalled_by_id", IntegerField(null=True)))
    migrator.migrate(migrator.add_column("role_permission", "denied", BooleanField(default=False)))
    migrator.migrate(migrator.add_column("tenant", "is_test", BooleanField(default=False)))
    migrator.migrate(migrator.add_column("tenant", "is_blueprint", BooleanField(default=False)))
    migrator.migrate(migrator.add_column("tenant", "delete_at", BigIntegerField(null=True)))
    for held, new in SPLIT:
        db.execute_sql(
            f"INSERT INTO role_permission (role_id, permission, denied) SELECT role_id, '{new}', FALSE FROM role_permission AS r "
            f"WHERE r.permission = '{held}' AND NOT EXISTS (SELECT 1 FROM role_permission AS t WHERE t.role_id = r.role_id "
            f"AND t.permission = '{new}')"
        )


def down(migrator, db):
    migrator.migrate(migrator.drop_column("tenant", "delete_at"))
    migrator.migrate(migrator.drop_column("tenant", "is_blueprint"))
    migrator.migrate(migrator.drop_column("tenant", "is_test"))
    migrator.migrate(migrator.drop_column("role_permission", "denied"))
    migrator.migrate(migrator.drop_column("release", "recalled_by_id"))
    migrator.migrate(migrator.drop_column("release", "recalled_at"))
    migrator.migrate(migrator.drop_column("issue", "origin_id"))
    migrator.migrate(migrator.drop_column("issue", "origin_tenant_id"))
    migrator.migrate(migrator.drop_column("user", "away_until"))
    migrator.migrate(migrator.drop_column("user", "stand_in_id"))
    migrator.migrate(migrator.drop_column("user", "notice_mail"))
    migrator.migrate(migrator.drop_column("user", "second_step"))
    migrator.migrate(migrator.drop_column("user", "second_since"))
    migrator.migrate(migrator.drop_column("user", "second_nonce"))
    migrator.migrate(migrator.drop_column("block", "source_tenant_id"))
    migrator.migrate(migrator.drop_column("article", "origin_id"))
    migrator.migrate(migrator.drop_column("article", "origin_tenant_id"))
    migrator.migrate(migrator.drop_column("approval", "reason"))
    migrator.migrate(migrator.drop_column("approval", "escalate_at"))
    migrator.migrate(migrator.drop_column("approval", "deadline_at"))
    migrator.migrate(migrator.drop_column("approval", "size"))
    migrator.migrate(migrator.drop_column("approval", "steps"))
    migrator.migrate(migrator.drop_table("support_visit"))
    migrator.migrate(migrator.drop_table("recovery_code"))
    migrator.migrate(migrator.drop_table("duty"))
    migrator.migrate(migrator.drop_table("approval_vote"))
    migrator.migrate(migrator.drop_table("approval_step"))
    migrator.migrate(migrator.drop_table("approval_flow"))
