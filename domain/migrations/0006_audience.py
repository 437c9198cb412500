"""Generated from a schema diff on 2026-11-22 05:59."""

# ruff: noqa
import unicodedata

from peewee import *  # noqa: F403

TABLES = (
    "note",
    "own_field",
    "own_value",
    "segment_member",
    "standing",
    "status_track",
    "status_value",
    "suppression_event",
    "suppression_rule",
    "tag",
    "tagging",
)
# written as SQL: both engines add a column with a default at once, whatever the table holds
COLUMNS = {
    "organisation": (
        "status VARCHAR(20) NOT NULL DEFAULT ''",
        "category VARCHAR(60) NOT NULL DEFAULT ''",
        "city VARCHAR(120) NOT NULL DEFAULT ''",
        "country VARCHAR(2) NOT NULL DEFAULT ''",
        "fields TEXT NOT NULL DEFAULT '{}'",
        "locked_at BIGINT",
        "locked_by_id INTEGER",
        "folded VARCHAR(400) NOT NULL DEFAULT ''",
        "updated_at BIGINT NOT NULL DEFAULT 0",
    ),
    "segment": ("updated_at BIGINT NOT NULL DEFAULT 0", "frozen_at BIGINT"),
    "subscriber": (
        "street VARCHAR(120) NOT NULL DEFAULT ''",
        "postcode VARCHAR(20) NOT NULL DEFAULT ''",
        "region VARCHAR(80) NOT NULL DEFAULT ''",
        "birthday VARCHAR(10) NOT NULL DEFAULT ''",
        "category VARCHAR(60) NOT NULL DEFAULT ''",
        "locked_at BIGINT",
        "locked_by_id INTEGER",
    ),
    "suppression": ("rule_id INTEGER", "own_until BIGINT"),
}
INDEXES = (
    ("organisation", ("tenant_id", "folded", "id")),
    ("organisation", ("tenant_id", "status", "folded")),
    ("subscriber", ("tenant_id", "id")),
    ("subscriber", ("tenant_id", "organisation_id", "id")),
    ("subscription", ("tenant_id", "type_id", "consent", "subscriber_id")),
    ("suppression", ("tenant_id", "id")),
    ("suppression", ("tenant_id", "rule_id")),
)


def up(migrator, db):
    class Note(Model):
        tenant_id = IntegerField()
        holder = CharField(max_length=12)
        holder_id = BigIntegerField()
        text = TextField()
        by_id = IntegerField(null=True)
        at = BigIntegerField()

        class Meta:
            database = db
            table_name = "note"
            indexes = ((("tenant_id", "holder", "holder_id", "id"), False),)

    db.create_tables([Note])

    class OwnField(Model):
        tenant_id = IntegerField()
        holder = CharField(max_length=12, default="subscriber")
        key = CharField(max_length=80)
        name = CharField(max_length=80)
        kind = CharField(max_length=10, default="text")
        choices = TextField(default=list)
        help = CharField(max_length=200, default="")
        required = BooleanField(default=False)
        is_unique = BooleanField(default=False)
        position = IntegerField(default=0)
        created_at = BigIntegerField()

        class Meta:
            database = db
            table_name = "own_field"
            indexes = ((("tenant_id", "holder", "key"), True),)

    db.create_tables([OwnField])

    class OwnValue(Model):
        tenant_id = IntegerField()
        field_id = IntegerField()
        value = CharField(max_length=300)
        holder_id = BigIntegerField()

        class Meta:
            database = db
            table_name = "own_value"
            indexes = (
                (("tenant_id", "field_id", "value"), True),
                (("tenant_id", "holder_id", "field_id"), False),
            )

    db.create_tables([OwnValue])

    class SegmentMember(Model):
        tenant_id = IntegerField()
        segment_id = IntegerField()
        subscriber_id = BigIntegerField()

        class Meta:
            database = db
            table_name = "segment_member"
            indexes = ((("tenant_id", "segment_id", "subscriber_id"), True),)

    db.create_tables([SegmentMember])

    class Standing(Model):
        tenant_id = IntegerField()
        track_id = IntegerField()
        value_id = IntegerField()
        holder = CharField(max_length=12)
        holder_id = BigIntegerField()
        by_id = IntegerField(null=True)
        at = BigIntegerField()

        class Meta:
            database = db
            table_name = "standing"
            indexes = (
                (("tenant_id", "holder", "holder_id", "track_id"), True),
                (("tenant_id", "value_id", "holder", "holder_id"), False),
            )

    db.create_tables([Standing])

    class StatusTrack(Model):
        tenant_id = IntegerField()
        name = CharField(max_length=120)
        position = IntegerField(default=0)

        class Meta:
            database = db
            table_name = "status_track"
            indexes = ((("tenant_id", "name"), True),)

    db.create_tables([StatusTrack])

    class StatusValue(Model):
        tenant_id = IntegerField()
        track_id = IntegerField()
        name = CharField(max_length=80)
        position = IntegerField(default=0)

        class Meta:
            database = db
            table_name = "status_value"
            indexes = ((("tenant_id", "track_id", "name"), True),)

    db.create_tables([StatusValue])

    class SuppressionEvent(Model):
        tenant_id = IntegerField()
        act = CharField(max_length=10)
        kind = CharField(max_length=10)
        shown = CharField(max_length=320)
        reason = CharField(max_length=300, default="")
        source = CharField(max_length=20, default="")
        by_id = IntegerField(null=True)
        at = BigIntegerField()

        class Meta:
            database = db
            table_name = "suppression_event"
            indexes = ((("tenant_id", "act", "id"), False), (("tenant_id", "id"), False))

    db.create_tables([SuppressionEvent])

    class SuppressionRule(Model):
        tenant_id = IntegerField()
        kind = CharField(max_length=10)
        value = CharField(max_length=320)
        reason = CharField(max_length=300, default="")
        source = CharField(max_length=20, default="manual")
        by_id = IntegerField(null=True)
        until = BigIntegerField(null=True)
        created_at = BigIntegerField()

        class Meta:
            database = db
            table_name = "suppression_rule"
            indexes = ((("tenant_id", "kind", "value"), True), (("tenant_id", "id"), False))

    db.create_tables([SuppressionRule])

    class Tag(Model):
        tenant_id = IntegerField()
        name = CharField(max_length=60)
        folded = CharField(max_length=60)

        class Meta:
            database = db
            table_name = "tag"
            indexes = ((("tenant_id", "folded"), True),)

    db.create_tables([Tag])

    class Tagging(Model):
        tenant_id = IntegerField()
        tag_id = IntegerField()
        holder = CharField(max_length=12)
        holder_id = BigIntegerField()

        class Meta:
            database = db
            table_name = "tagging"
            indexes = (
                (("tenant_id", "tag_id", "holder", "holder_id"), True),
                (("tenant_id", "holder", "holder_id"), False),
            )

    db.create_tables([Tagging])

    for table, columns in COLUMNS.items():
        for column in columns:
            db.execute_sql(f"ALTER TABLE {table} ADD COLUMN {column}")
    migrator.migrate(migrator.drop_index("subscriber", "subscriber_tenant_id_organisation_id"))
    for table, names in INDEXES:
        migrator.migrate(migrator.add_index(table, names))
    _fold(db)
    _search(db)


def _fold(db):
    """Names of organisations in the form that search and order use."""
    rows = db.execute_sql("SELECT id, name FROM organisation").fetchall()
    place = "%s" if _is_postgres(db) else "?"
    for row_id, name in rows:
        db.execute_sql(
            f"UPDATE organisation SET folded = {place} WHERE id = {place}", (_folded(name)[:400], row_id)
        )


def _folded(name):
    base = name.casefold()
    for written in ("ae", "oe", "ue"):
        base = base.replace(written, written[0])
    plain = "".join(c for c in unicodedata.normalize("NFKD", base) if not unicodedata.combining(c))
    return " ".join(plain.split())


def _search(db):
    """An index over the words of names and addresses, kept by the database itself."""
    if _is_postgres(db):
        db.execute_sql(
            """CREATE INDEX subscriber_search ON subscriber USING gin
            (to_tsvector('simple', regexp_replace(folded, '[^[:alnum:]]+', ' ', 'g')))"""
        )
        return
    db.execute_sql(
        "CREATE VIRTUAL TABLE subscriber_search USING fts5(words, content='', detail=none, prefix='1 2')"
    )
    new, old = (f"'tenant' || {row}.tenant_id || ' ' || {row}.folded" for row in ("new", "old"))
    take = f"INSERT INTO subscriber_search (rowid, words) VALUES (new.id, {new});"
    drop = (
        f"INSERT INTO subscriber_search (subscriber_search, rowid, words) VALUES ('delete', old.id, {old});"
    )
    db.execute_sql(f"CREATE TRIGGER subscriber_search_new AFTER INSERT ON subscriber BEGIN {take} END")
    db.execute_sql(f"CREATE TRIGGER subscriber_search_gone AFTER DELETE ON subscriber BEGIN {drop} END")
    db.execute_sql(
        f"""CREATE TRIGGER subscriber_search_changed AFTER UPDATE OF folded ON subscriber
        WHEN old.folded <> new.folded BEGIN {drop} {take} END"""
    )
    db.execute_sql(
        "INSERT INTO subscriber_search (rowid, words) SELECT id, 'tenant' || tenant_id || ' ' || folded FROM subscriber"
    )


def _is_postgres(db):
    return isinstance(db, PostgresqlDatabase)


def down(migrator, db):
    if _is_postgres(db):
        db.execute_sql("DROP INDEX subscriber_search")
    else:
        for name in ("new", "gone", "changed"):
            db.execute_sql(f"DROP TRIGGER subscriber_search_{name}")
        db.execute_sql("DROP TABLE subscriber_search")
    for table, names in INDEXES:
        migrator.migrate(migrator.drop_index(table, "_".join((table, *names))))
    for table, columns in COLUMNS.items():
        for column in columns:
            db.execute_sql(f"ALTER TABLE {table} DROP COLUMN {column.split()[0]}")
    migrator.migrate(migrator.add_index("subscriber", ("tenant_id", "organisation_id")))
    for table in reversed(TABLES):
        migrator.migrate(migrator.drop_table(table))
