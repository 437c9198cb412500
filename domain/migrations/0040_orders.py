"""The order desk: orders, their steps, and the rights of orders and rollouts."""

# ruff: noqa
from peewee import *  # noqa: F403


# New rights, and the older right whose holders get them.
GIVEN = (
    ("tenant.edit", "order.ask"),
    ("article.write", "order.ask"),
    ("subscriber.edit", "order.ask"),
    ("campaign.send", "order.see"),
    ("campaign.send", "order.decide"),
    ("audit.see", "order.see"),
    ("campaign.plan", "rollout.see"),
    ("audit.see", "rollout.see"),
    ("approval.decide", "rollout.edit"),
    ("approval.decide", "rollout.join"),
    ("tenant.edit", "subscriber.suppress_others"),
)


def up(migrator, db):
    class MailingOrder(Model):
        tenant_id = IntegerField()
        title = CharField(max_length=120)
        text = TextField(default="")
        audience = CharField(max_length=500, default="")
        territory = CharField(max_length=200, default="")
        territory_id = IntegerField(null=True)
        wanted_on = DateField(null=True)
        reason = CharField(max_length=500, default="")
        reference = CharField(max_length=60, default="")
        state = CharField(max_length=12, default="asked")
        version = IntegerField(default=1)
        asked_by_id = IntegerField()
        office_by_id = IntegerField(null=True)
        issue_id = IntegerField(null=True)
        campaign_id = IntegerField(null=True)
        result_told = BooleanField(default=False)
        created_at = BigIntegerField()
        updated_at = BigIntegerField()

        class Meta:
            database = db
            table_name = "mailing_order"
            indexes = (
                (("tenant_id", "state", "id"), False),
                (("tenant_id", "asked_by_id", "id"), False),
                (("tenant_id", "campaign_id"), False),
                (("tenant_id", "reference"), False),
            )

    db.create_tables([MailingOrder])

    class OrderStep(Model):
        tenant_id = IntegerField()
        order_id = IntegerField()
        act = CharField(max_length=12)
        by_id = IntegerField(null=True)
        remark = TextField(default="")
        at = BigIntegerField()

        class Meta:
            database = db
            table_name = "order_step"
            indexes = ((("tenant_id", "order_id", "id"), False),)

    db.create_tables([OrderStep])

    for held, new in GIVEN:
        db.execute_sql(
            f"INSERT INTO role_permission (role_id, permission, denied) SELECT role_id, '{new}', FALSE FROM role_permission AS r "
            f"WHERE r.permission = '{held}' AND NOT r.denied AND NOT EXISTS (SELECT 1 FROM role_permission AS t WHERE t.role_id = r.role_id "
            f"AND t.permission = '{new}')"
        )


def down(migrator, db):
    migrator.migrate(migrator.drop_table("order_step"))
    migrator.migrate(migrator.drop_table("mailing_order"))
