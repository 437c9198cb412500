"""Articles that issues wait for: what, from whom, until when."""

# ruff: noqa
from peewee import *  # noqa: F403


def up(migrator, db):
    class ExpectedArticle(Model):
        tenant_id = IntegerField()
        issue_id = IntegerField()
        topic = CharField(max_length=200)
        note = TextField(default="")
        author_id = IntegerField()
        due_at = BigIntegerField()
        article_id = BigIntegerField(null=True)
        reminded_at = BigIntegerField(null=True)
        late_at = BigIntegerField(null=True)
        created_by_id = IntegerField()
        created_at = BigIntegerField()

        class Meta:
            database = db
            table_name = "expected_article"
            indexes = (
                (("tenant_id", "issue_id"), False),
                (("tenant_id", "author_id"), False),
                (("tenant_id", "due_at"), False),
                (("tenant_id", "article_id"), False),
            )

    db.create_tables([ExpectedArticle])


def down(migrator, db):
    migrator.migrate(migrator.drop_table("expected_article"))
