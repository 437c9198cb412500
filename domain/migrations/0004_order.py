"""Generated from a schema diff on 2026-11-22 06:05."""

# ruff: noqa
from peewee import *  # noqa: F403


def up(migrator, db):
    class ContactCap(Model):
        tenant_id = IntegerField(unique=True)
        most = IntegerField()
        days = SmallIntegerField()

        class Meta:
            database = db
            table_name = "contact_cap"

    db.create_tables([ContactCap])

    class ContactCounter(Model):
        tenant_id = IntegerField()
        address_hash = CharField(max_length=40)
        day = IntegerField()
        used = IntegerField(default=0)

        class Meta:
            database = db
            table_name = "contact_counter"
            indexes = ((("tenant_id", "address_hash", "day"), True), (("day",), False))

    db.create_tables([ContactCounter])

    class Halt(Model):
        id = BigAutoField()
        tenant_id = IntegerField()
        campaign_id = IntegerField()
        at = BigIntegerField()

        class Meta:
            database = db
            table_name = "halt"
            indexes = ((("tenant_id", "campaign_id"), False), (("at",), False))

    db.create_tables([Halt])

    class HaltAck(Model):
        halt_id = BigIntegerField()
        process_id = BigIntegerField()
        flying = IntegerField(default=0)
        departed = IntegerField(null=True)

        class Meta:
            database = db
            table_name = "halt_ack"
            indexes = ((("halt_id", "process_id"), True),)

    db.create_tables([HaltAck])

    class InstallationMark(Model):
        machine = CharField(unique=True, max_length=64)
        host = CharField(max_length=120)
        epoch = BigIntegerField(default=0)
        doubt = CharField(max_length=20, default="")
        doubted_at = BigIntegerField(null=True)
        confirmed_by_id = IntegerField(null=True)
        confirmed_at = BigIntegerField(null=True)

        class Meta:
            database = db
            table_name = "installation_mark"

    db.create_tables([InstallationMark])

    class OwnLimit(Model):
        tenant_id = IntegerField()
        scope = CharField(max_length=10)
        holder_id = IntegerField(default=0)
        window = CharField(max_length=10)
        ceiling = IntegerField(null=True)

        class Meta:
            database = db
            table_name = "own_limit"
            indexes = ((("tenant_id", "scope", "holder_id", "window"), True),)

    db.create_tables([OwnLimit])

    class Reservation(Model):
        id = BigAutoField()
        tenant_id = IntegerField()
        campaign_id = IntegerField()
        counters = TextField(default="[]")
        caps = TextField(default="[]")
        day = IntegerField()

        class Meta:
            database = db
            table_name = "reservation"
            indexes = ((("tenant_id", "day"), False),)

    db.create_tables([Reservation])

    migrator.migrate(migrator.drop_index("volume_counter", "volumecounter_tenant_id_role_id_window_start"))
    migrator.migrate(migrator.add_column("campaign", "course", CharField(max_length=12, default="")))
    migrator.migrate(migrator.add_column("campaign", "version", IntegerField(default=1)))
    migrator.migrate(migrator.add_column("campaign", "interval_count", IntegerField(null=True)))
    migrator.migrate(migrator.add_column("campaign", "interval_s", IntegerField(null=True)))
    migrator.migrate(migrator.add_column("campaign", "latest_start_h", IntegerField(null=True)))
    migrator.migrate(migrator.add_column("campaign", "due_at", BigIntegerField(null=True)))
    migrator.migrate(migrator.add_column("campaign", "snapshot_at", BigIntegerField(null=True)))
    migrator.migrate(migrator.add_column("campaign", "correcting", BooleanField(default=False)))
    migrator.migrate(migrator.add_column("campaign", "previous", TextField(null=True)))
    migrator.migrate(migrator.add_column("campaign", "closed_at", BigIntegerField(null=True)))
    migrator.migrate(migrator.add_column("delivery", "reservation_id", BigIntegerField(null=True)))
    migrator.migrate(migrator.add_column("volume_counter", "scope", CharField(max_length=10, default="role")))
    migrator.migrate(migrator.rename_column("volume_counter", "role_id", "holder_id"))
    migrator.migrate(
        migrator.add_index(
            "volume_counter", ("tenant_id", "scope", "holder_id", "window", "start"), unique=True
        )
    )
    # everybody of a mailing that has begun is in the ledger already
    db.execute_sql(
        "UPDATE campaign SET snapshot_at = started_at WHERE status IN ('sending', 'waiting', 'finished', 'cancelled')"
    )


def down(migrator, db):
    migrator.migrate(
        migrator.drop_index("volume_counter", "volume_counter_tenant_id_scope_holder_id_window_start")
    )
    db.execute_sql("DELETE FROM volume_counter WHERE scope <> 'role'")
    migrator.migrate(migrator.rename_column("volume_counter", "holder_id", "role_id"))
    migrator.migrate(migrator.drop_column("volume_counter", "scope"))
    db.execute_sql(
        "CREATE UNIQUE INDEX volumecounter_tenant_id_role_id_window_start"
        ' ON volume_counter (tenant_id, role_id, "window", start)'
    )
    migrator.migrate(migrator.drop_column("delivery", "reservation_id"))
    migrator.migrate(migrator.drop_column("campaign", "closed_at"))
    migrator.migrate(migrator.drop_column("campaign", "previous"))
    migrator.migrate(migrator.drop_column("campaign", "correcting"))
    migrator.migrate(migrator.drop_column("campaign", "snapshot_at"))
    migrator.migrate(migrator.drop_column("campaign", "due_at"))
    migrator.migrate(migrator.drop_column("campaign", "latest_start_h"))
    migrator.migrate(migrator.drop_column("campaign", "interval_s"))
    migrator.migrate(migrator.drop_column("campaign", "interval_count"))
    migrator.migrate(migrator.drop_column("campaign", "version"))
    migrator.migrate(migrator.drop_column("campaign", "course"))
    migrator.migrate(migrator.drop_table("reservation"))
    migrator.migrate(migrator.drop_table("own_limit"))
    migrator.migrate(migrator.drop_table("installation_mark"))
    migrator.migrate(migrator.drop_table("halt_ack"))
    migrator.migrate(migrator.drop_table("halt"))
    migrator.migrate(migrator.drop_table("contact_counter"))
    migrator.migrate(migrator.drop_table("contact_cap"))
