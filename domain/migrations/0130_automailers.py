"""Automailers: series, steps, enrolments, and the steps that went out; who has come to a status lately."""

# ruff: noqa
from peewee import *  # noqa: F403


def up(migrator, db):
    class Automailer(Model):
        tenant_id = IntegerField()
        name = CharField(max_length=120)
        type_id = IntegerField()
        state = CharField(max_length=8, default="draft")
        version = IntegerField(default=1)
        start = CharField(max_length=8, default="hand")
        start_holder = CharField(max_length=12, default="subscriber")
        start_track_id = IntegerField(null=True)
        start_values = TextField(default="[]")
        stop_holder = CharField(max_length=12, default="subscriber")
        stop_track_id = IntegerField(null=True)
        stop_values = TextField(default="[]")
        weekdays = SmallIntegerField(default=127)
        from_minute = SmallIntegerField(default=0)
        until_minute = SmallIntegerField(default=1440)
        territory_ids = TextField()
        event_cursor = BigIntegerField(default=0)
        looked_at = BigIntegerField(default=0)
        paused_at = BigIntegerField(null=True)
        created_by_id = IntegerField()
        activated_by_id = IntegerField(null=True)
        activated_at = BigIntegerField(null=True)
        created_at = BigIntegerField()

        class Meta:
            database = db
            table_name = "automailer"
            indexes = ((("tenant_id", "state", "id"), False), (("state",), False))

    db.create_tables([Automailer])

    class AutomailerStep(Model):
        tenant_id = IntegerField()
        automailer_id = IntegerField()
        position = IntegerField()
        days = IntegerField(default=0)
        hours = IntegerField(default=0)
        issue_id = IntegerField()
        campaign_id = IntegerField(null=True)
        track_id = IntegerField(null=True)
        value_id = IntegerField(null=True)

        class Meta:
            database = db
            table_name = "automailer_step"
            indexes = (
                (("tenant_id", "automailer_id", "position"), False),
                (("tenant_id", "issue_id"), False),
            )

    db.create_tables([AutomailerStep])

    class Enrolment(Model):
        tenant_id = IntegerField()
        automailer_id = IntegerField()
        subscriber_id = BigIntegerField()
        organisation_id = BigIntegerField(null=True)
        state = CharField(max_length=10, default="running")
        step_id = IntegerField(null=True)
        next_at = BigIntegerField(null=True)
        suspended_at = BigIntegerField(null=True)
        why = CharField(max_length=10, default="hand")
        reason = SmallIntegerField(null=True)
        by_id = IntegerField(null=True)
        started_at = BigIntegerField()
        changed_at = BigIntegerField()

        class Meta:
            database = db
            table_name = "enrolment"
            indexes = (
                (("tenant_id", "automailer_id", "subscriber_id"), True),
                (("tenant_id", "automailer_id", "id"), False),
                (("tenant_id", "automailer_id", "state", "step_id", "next_at"), False),
                (("tenant_id", "automailer_id", "state", "id"), False),
                (("tenant_id", "subscriber_id"), False),
                (("tenant_id", "organisation_id"), False),
            )

    db.create_tables([Enrolment])

    class EnrolmentMail(Model):
        tenant_id = IntegerField()
        automailer_id = IntegerField()
        enrolment_id = IntegerField()
        step_id = IntegerField()
        delivery_id = BigIntegerField()
        at = BigIntegerField()

        class Meta:
            database = db
            table_name = "enrolment_mail"
            indexes = (
                (("tenant_id", "enrolment_id", "step_id"), True),
                (("tenant_id", "automailer_id", "step_id"), False),
                (("tenant_id", "delivery_id"), False),
            )

    db.create_tables([EnrolmentMail])

    migrator.migrate(migrator.add_index("standing", ("tenant_id", "value_id", "holder", "at")))


def down(migrator, db):
    migrator.migrate(migrator.drop_index("standing", "standing_tenant_id_value_id_holder_at"))
    migrator.migrate(migrator.drop_table("enrolment_mail"))
    migrator.migrate(migrator.drop_table("enrolment"))
    migrator.migrate(migrator.drop_table("automailer_step"))
    migrator.migrate(migrator.drop_table("automailer"))
