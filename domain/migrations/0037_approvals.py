"""Approvals of every kind: titles, terms, escalation to another role, people to tell, guests known by an address, new
drafts of approved articles. Notices that go out by mail; absences that begin later."""

# ruff: noqa
from peewee import *  # noqa: F403


def up(migrator, db):
    class ApprovalGuest(Model):
        tenant_id = IntegerField()
        approval_id = IntegerField()
        address = CharField(max_length=254)
        code_hash = CharField(max_length=64)
        code_until = BigIntegerField(null=True)
        tries = IntegerField()
        came_at = BigIntegerField(null=True)

        class Meta:
            database = db
            table_name = "approval_guest"
            indexes = ((("tenant_id", "approval_id", "address"), True),)

    db.create_tables([ApprovalGuest])
    for table, column in (
        ("approval", "title VARCHAR(200) NOT NULL DEFAULT ''"),
        ("approval", "terms VARCHAR(64) NOT NULL DEFAULT ''"),
        ("approval", "up_at BIGINT"),
        ("approval", "up_role_id INTEGER"),
        ("approval_flow", "up_h INTEGER"),
        ("approval_flow", "up_role_id INTEGER"),
        ("approval_flow", "told_ids TEXT NOT NULL DEFAULT '[]'"),
        ("approval_step", "addresses TEXT NOT NULL DEFAULT '[]'"),
        ("approval_vote", "for_user_id INTEGER"),
        ("article", "draft_of_id BIGINT"),
        ("user", "away_from BIGINT"),
        ("notice", "mail VARCHAR(5) NOT NULL DEFAULT ''"),
    ):
        db.execute_sql(f'ALTER TABLE "{table}" ADD COLUMN {column}')
    db.execute_sql(
        "UPDATE approval SET title = (SELECT c.name FROM campaign c WHERE c.tenant_id = approval.tenant_id"
        " AND c.id = approval.object_id) WHERE kind = 'campaign' AND EXISTS (SELECT 1 FROM campaign c"
        " WHERE c.tenant_id = approval.tenant_id AND c.id = approval.object_id)"
    )
    migrator.migrate(migrator.add_index("article", ("tenant_id", "draft_of_id")))
    migrator.migrate(migrator.add_index("notice", ("mail", "user_id")))


def down(migrator, db):
    migrator.migrate(migrator.drop_index("notice", "notice_mail_user_id"))
    migrator.migrate(migrator.drop_index("article", "article_tenant_id_draft_of_id"))
    for table, column in (
        ("notice", "mail"), ("user", "away_from"), ("article", "draft_of_id"), ("approval_vote", "for_user_id"),
        ("approval_step", "addresses"), ("approval_flow", "told_ids"), ("approval_flow", "up_role_id"),
        ("approval_flow", "up_h"), ("approval", "up_role_id"), ("approval", "up_at"), ("approval", "terms"),
        ("approval", "title"),
    ):  # fmt: skip
        db.execute_sql(f'ALTER TABLE "{table}" DROP COLUMN {column}')
    migrator.migrate(migrator.drop_table("approval_guest"))
