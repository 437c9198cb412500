"""Articles: tags, notes, documents, language versions, edit locks, versions per sitting, obligations; saved views."""

# ruff: noqa
from peewee import *  # noqa: F403


def up(migrator, db):
    class ArticleTag(Model):
        tenant_id = IntegerField()
        article_id = BigIntegerField()
        folded = CharField(max_length=60)
        name = CharField(max_length=60)

        class Meta:
            database = db
            table_name = "article_tag"
            indexes = ((("tenant_id", "article_id", "folded"), True), (("tenant_id", "folded"), False))

    db.create_tables([ArticleTag])

    class EditLock(Model):
        tenant_id = IntegerField()
        kind = CharField(max_length=20)
        object_id = BigIntegerField()
        user_id = IntegerField()
        since = BigIntegerField()
        seen_at = BigIntegerField()

        class Meta:
            database = db
            table_name = "edit_lock"
            indexes = ((("tenant_id", "kind", "object_id"), True),)

    db.create_tables([EditLock])

    class Obligation(Model):
        tenant_id = IntegerField()
        article_id = BigIntegerField()
        to_tenant_id = IntegerField(null=True)
        type_id = IntegerField(null=True)
        created_by_id = IntegerField(null=True)
        created_at = BigIntegerField()

        class Meta:
            database = db
            table_name = "obligation"
            indexes = ((("tenant_id", "article_id"), False), (("to_tenant_id",), False))

    db.create_tables([Obligation])

    class SavedView(Model):
        tenant_id = IntegerField()
        area = CharField(max_length=20)
        name = CharField(max_length=80)
        query = TextField(default="{}")
        user_id = IntegerField()
        shared = BooleanField(default=False)
        created_at = BigIntegerField()

        class Meta:
            database = db
            table_name = "saved_view"
            indexes = ((("tenant_id", "area", "user_id"), False),)

    db.create_tables([SavedView])

    migrator.migrate(migrator.add_column("article", "tags", TextField(default="[]")))
    migrator.migrate(migrator.add_column("article", "notes", TextField(default="")))
    migrator.migrate(migrator.add_column("article", "documents", TextField(default="[]")))
    migrator.migrate(migrator.add_column("article", "group_id", BigIntegerField(null=True)))
    migrator.migrate(migrator.add_column("article_revision", "act", CharField(max_length=10, default="save")))
    migrator.migrate(migrator.add_column("article_revision", "changed", TextField(default="[]")))
    migrator.migrate(migrator.add_column("article_revision", "began_at", BigIntegerField(null=True)))
    migrator.migrate(migrator.add_index("article", ("tenant_id", "group_id")))


def down(migrator, db):
    migrator.migrate(migrator.drop_index("article", "article_tenant_id_group_id"))
    migrator.migrate(migrator.drop_column("article_revision", "began_at"))
    migrator.migrate(migrator.drop_column("article_revision", "changed"))
    migrator.migrate(migrator.drop_column("article_revision", "act"))
    migrator.migrate(migrator.drop_column("article", "group_id"))
    migrator.migrate(migrator.drop_column("article", "documents"))
    migrator.migrate(migrator.drop_column("article", "notes"))
    migrator.migrate(migrator.drop_column("article", "tags"))
    migrator.migrate(migrator.drop_table("saved_view"))
    migrator.migrate(migrator.drop_table("obligation"))
    migrator.migrate(migrator.drop_table("edit_lock"))
    migrator.migrate(migrator.drop_table("article_tag"))
