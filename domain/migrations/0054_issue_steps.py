"""Steps of an issue that can be undone and done again, and who has it open."""

# ruff: noqa
from peewee import *  # noqa: F403

GIVEN = (  # who held the one gets the other, as the starters do in a new house
    ("issue.edit", "template.see"),
    ("tenant.edit", "template.edit"),
    ("tenant.edit", "template.see"),
    ("tenant.edit", "issue.html"),
)


def up(migrator, db):
    class IssuePresence(Model):
        tenant_id = IntegerField()
        issue_id = IntegerField()
        user_id = IntegerField()
        block_id = IntegerField(null=True)
        seen_at = BigIntegerField()

        class Meta:
            database = db
            table_name = "issue_presence"
            indexes = ((("tenant_id", "issue_id", "user_id"), True),)

    db.create_tables([IssuePresence])

    class IssueStep(Model):
        tenant_id = IntegerField()
        issue_id = IntegerField()
        number = IntegerField()
        act = CharField(max_length=20)
        before = TextField()
        after = TextField()
        undone = BooleanField(default=False)
        user_id = IntegerField()
        created_at = BigIntegerField()

        class Meta:
            database = db
            table_name = "issue_step"
            indexes = ((("tenant_id", "issue_id", "number"), True),)

    db.create_tables([IssueStep])

    for held, new in GIVEN:
        db.execute_sql(
            f"INSERT INTO role_permission (role_id, permission, denied) SELECT role_id, '{new}', FALSE "
            f"FROM role_permission AS r WHERE r.permission = '{held}' AND NOT r.denied AND NOT EXISTS "
            f"(SELECT 1 FROM role_permission AS t WHERE t.role_id = r.role_id AND t.permission = '{new}')"
        )


def down(migrator, db):
    migrator.migrate(migrator.drop_table("issue_step"))
    migrator.migrate(migrator.drop_table("issue_presence"))
