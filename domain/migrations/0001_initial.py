"""Generated from a schema diff on 2026-11-22 04:38."""

# ruff: noqa
from peewee import *  # noqa: F403


def up(migrator, db):
    class Approval(Model):
        tenant_id = IntegerField()
        kind = CharField(max_length=40)
        object_id = BigIntegerField()
        fingerprint = CharField(max_length=64)
        state = CharField(max_length=12, default="open")
        step = IntegerField(default=1)
        asked_by_id = IntegerField()
        asked_at = BigIntegerField()
        note = TextField(default="")
        decided_by_id = IntegerField(null=True)
        decided_at = BigIntegerField(null=True)
        remark = TextField(default="")

        class Meta:
            database = db
            table_name = "approval"
            indexes = ((("tenant_id", "kind", "object_id"), False), (("tenant_id", "state"), False))

    db.create_tables([Approval])

    class Article(Model):
        tenant_id = IntegerField()
        title = CharField(max_length=200, default="")
        teaser = TextField(default="")
        body = TextField(default="")
        category = CharField(max_length=60, default="")
        author_id = IntegerField()
        author_line = CharField(max_length=120, default="")
        asset_id = BigIntegerField(null=True)
        asset_alt = CharField(max_length=300, default="")
        link_url = CharField(max_length=1000, default="")
        language = CharField(max_length=2, default="de")
        valid_from = DateField(null=True)
        valid_until = DateField(null=True)
        state = CharField(max_length=12, default="draft")
        version = IntegerField(default=1)
        folded = TextField(default="")
        created_at = BigIntegerField()
        updated_at = BigIntegerField()
        submitted_at = BigIntegerField(null=True)

        class Meta:
            database = db
            table_name = "article"
            indexes = (
                (("tenant_id", "state", "updated_at"), False),
                (("tenant_id", "author_id"), False),
                (("tenant_id", "category"), False),
            )

    db.create_tables([Article])

    class ArticleRemark(Model):
        tenant_id = IntegerField()
        article_id = BigIntegerField()
        user_id = IntegerField()
        act = CharField(max_length=20)
        text = TextField(default="")
        at = BigIntegerField()

        class Meta:
            database = db
            table_name = "article_remark"
            indexes = ((("tenant_id", "article_id"), False),)

    db.create_tables([ArticleRemark])

    class ArticleRevision(Model):
        tenant_id = IntegerField()
        article_id = BigIntegerField()
        number = IntegerField()
        fields = TextField()
        by_id = IntegerField()
        at = BigIntegerField()

        class Meta:
            database = db
            table_name = "article_revision"
            indexes = ((("tenant_id", "article_id", "number"), True),)

    db.create_tables([ArticleRevision])

    class Asset(Model):
        id = BigAutoField()
        tenant_id = IntegerField()
        folder_id = IntegerField(null=True)
        kind = CharField(max_length=10)
        filename = CharField()
        title = CharField(max_length=200, default="")
        alt = CharField(max_length=300, default="")
        credit = CharField(max_length=200, default="")
        mime = CharField(max_length=100)
        size_bytes = BigIntegerField()
        width = IntegerField(null=True)
        height = IntegerField(null=True)
        sha256 = CharField(max_length=64)
        public_key = CharField(unique=True, max_length=40)
        uploaded_by_id = IntegerField(null=True)
        folded = TextField(default="")
        created_at = BigIntegerField()
        trashed_at = BigIntegerField(null=True)

        class Meta:
            database = db
            table_name = "asset"
            indexes = ((("tenant_id", "folder_id", "created_at"), False), (("tenant_id", "sha256"), False))

    db.create_tables([Asset])

    class AssetUse(Model):
        tenant_id = IntegerField()
        asset_id = BigIntegerField()
        kind = CharField(max_length=20)
        object_id = BigIntegerField()

        class Meta:
            database = db
            table_name = "asset_use"
            indexes = (
                (("tenant_id", "asset_id", "kind", "object_id"), True),
                (("tenant_id", "kind", "object_id"), False),
            )

    db.create_tables([AssetUse])

    class AuditEntry(Model):
        tenant_id = IntegerField()
        number = BigIntegerField()
        at = BigIntegerField()
        user_id = IntegerField(null=True)
        address = CharField(max_length=45, default="")
        act = CharField(max_length=60)
        kind = CharField(max_length=40, default="")
        object_id = BigIntegerField(null=True)
        details = TextField(default=dict)
        previous = CharField(max_length=64)
        hash = CharField(max_length=64)

        class Meta:
            database = db
            table_name = "audit_entry"
            indexes = ((("tenant_id", "number"), True), (("tenant_id", "kind", "object_id"), False))

    db.create_tables([AuditEntry])

    class Block(Model):
        tenant_id = IntegerField()
        issue_id = IntegerField()
        position = IntegerField()
        kind = CharField(max_length=20)
        article_id = BigIntegerField(null=True)
        data = TextField(default=dict)
        locked = BooleanField(default=False)
        hidden = BooleanField(default=False)
        segment_id = IntegerField(null=True)

        class Meta:
            database = db
            table_name = "block"
            indexes = ((("tenant_id", "issue_id", "position"), False), (("tenant_id", "article_id"), False))

    db.create_tables([Block])

    class Campaign(Model):
        tenant_id = IntegerField()
        issue_id = IntegerField()
        type_id = IntegerField()
        revision_id = IntegerField(null=True)
        parent_id = IntegerField(null=True)
        rollout_id = IntegerField(null=True)
        name = CharField(max_length=120)
        status = CharField(max_length=12, default="draft")
        audience = TextField(default=dict)
        role_id = IntegerField(null=True)
        relay_id = IntegerField(null=True)
        sender_name = CharField(max_length=120, default="")
        sender_address = CharField(max_length=254, default="")
        reply_to = CharField(max_length=254, default="")
        send_at = BigIntegerField(null=True)
        fingerprint = CharField(max_length=64, default="")
        approval_id = IntegerField(null=True)
        priority = SmallIntegerField(default=0)
        hold_uncertain = BooleanField(default=False)
        snapshot_cursor = IntegerField(default=0)
        wait_reason = CharField(max_length=200, default="")
        wait_params = TextField(default=dict)
        wait_until = BigIntegerField(null=True)
        created_by_id = IntegerField()
        created_at = BigIntegerField()
        started_by_id = IntegerField(null=True)
        started_at = BigIntegerField(null=True)
        sent_at = BigIntegerField(null=True)
        finished_at = BigIntegerField(null=True)

        class Meta:
            database = db
            table_name = "campaign"
            indexes = ((("tenant_id", "status"), False), (("tenant_id", "issue_id"), False))

    db.create_tables([Campaign])

    class ConsentEvent(Model):
        tenant_id = IntegerField()
        subscriber_id = BigIntegerField(null=True)
        type_id = IntegerField()
        address_hash = CharField(max_length=40)
        act = CharField(max_length=20)
        before = CharField(max_length=10, default="")
        after = CharField(max_length=10)
        consent_text = TextField(default="")
        consent_version = IntegerField(default=0)
        form = CharField(max_length=60, default="")
        ip = CharField(max_length=45, default="")
        agent = CharField(max_length=300, default="")
        mail_id = BigIntegerField(null=True)
        by_id = IntegerField(null=True)
        at = BigIntegerField()

        class Meta:
            database = db
            table_name = "consent_event"
            indexes = (
                (("tenant_id", "subscriber_id", "type_id"), False),
                (("tenant_id", "address_hash", "at"), False),
            )

    db.create_tables([ConsentEvent])

    class Delivery(Model):
        id = BigAutoField()
        tenant_id = IntegerField()
        campaign_id = IntegerField()
        subscriber_id = BigIntegerField(null=True)
        address_key = CharField(max_length=320)
        state = SmallIntegerField(default=1)
        reason = SmallIntegerField(null=True)
        attempt = SmallIntegerField(default=0)
        owner_id = BigIntegerField(null=True)
        lease_until = BigIntegerField(null=True)
        next_at = BigIntegerField(default=0)
        reserved_at = BigIntegerField(null=True)
        revision_id = IntegerField(null=True)
        handed_over = BooleanField(default=False)
        maybe_duplicate = BooleanField(default=False)
        reply_code = SmallIntegerField(null=True)
        enhanced = CharField(null=True, max_length=12)
        reply_text = CharField(null=True, max_length=300)
        queued_at = BigIntegerField()
        settled_at = BigIntegerField(null=True)

        class Meta:
            database = db
            table_name = "delivery"
            indexes = (
                (("tenant_id", "campaign_id", "address_key"), True),
                (("tenant_id", "campaign_id", "state", "next_at"), False),
                (("tenant_id", "subscriber_id"), False),
                (("owner_id", "state"), False),
            )

    db.create_tables([Delivery])

    class DeliveryEvent(Model):
        tenant_id = IntegerField()
        delivery_id = BigIntegerField()
        campaign_id = IntegerField()
        kind = CharField(max_length=16)
        detail = CharField(max_length=300, default="")
        at = BigIntegerField()

        class Meta:
            database = db
            table_name = "delivery_event"
            indexes = ((("tenant_id", "campaign_id", "kind"), False), (("tenant_id", "delivery_id"), False))

    db.create_tables([DeliveryEvent])

    class DeliveryPayload(Model):
        delivery_id = BigIntegerField(primary_key=True)
        tenant_id = IntegerField()
        campaign_id = IntegerField()
        address = CharField(max_length=254)
        packed = TextField()

        class Meta:
            database = db
            table_name = "delivery_payload"
            indexes = ((("tenant_id", "campaign_id"), False),)

    db.create_tables([DeliveryPayload])

    class DispatcherProcess(Model):
        name = CharField(max_length=60)
        host = CharField(max_length=120)
        boot_id = CharField(max_length=40)
        pid = IntegerField()
        journal = CharField(max_length=300)
        started_at = BigIntegerField()
        heartbeat_at = BigIntegerField()
        stopped_at = BigIntegerField(null=True)

        class Meta:
            database = db
            table_name = "dispatcher_process"

    db.create_tables([DispatcherProcess])

    class DistributionList(Model):
        tenant_id = IntegerField()
        name = CharField(max_length=120)
        alias = CharField(max_length=60, default="")
        is_default = BooleanField(default=False)
        created_at = BigIntegerField()

        class Meta:
            database = db
            table_name = "distribution_list"
            indexes = ((("tenant_id", "name"), True),)

    db.create_tables([DistributionList])

    class Folder(Model):
        tenant_id = IntegerField()
        parent_id = IntegerField(null=True)
        name = CharField(max_length=120)
        alias = CharField(max_length=60, default="")

        class Meta:
            database = db
            table_name = "folder"
            indexes = ((("tenant_id", "parent_id", "name"), True),)

    db.create_tables([Folder])

    class ImportJob(Model):
        tenant_id = IntegerField()
        filename = CharField()
        path = CharField(max_length=300)
        state = CharField(max_length=12, default="mapping")
        dialect = TextField(default=dict)
        mapping = TextField(default=dict)
        options = TextField(default=dict)
        rows_total = IntegerField(default=0)
        rows_done = IntegerField(default=0)
        created_count = IntegerField(default=0)
        updated_count = IntegerField(default=0)
        skipped_count = IntegerField(default=0)
        rejected_count = IntegerField(default=0)
        error = CharField(max_length=300, default="")
        owner_beat = BigIntegerField(default=0)
        by_id = IntegerField()
        created_at = BigIntegerField()
        finished_at = BigIntegerField(null=True)

        class Meta:
            database = db
            table_name = "import_job"
            indexes = ((("tenant_id", "created_at"), False),)

    db.create_tables([ImportJob])

    class ImportReject(Model):
        tenant_id = IntegerField()
        job_id = IntegerField()
        row = IntegerField()
        cells = TextField()
        reason = CharField(max_length=200)
        params = TextField(default=dict)

        class Meta:
            database = db
            table_name = "import_reject"
            indexes = ((("tenant_id", "job_id", "row"), False),)

    db.create_tables([ImportReject])

    class Issue(Model):
        tenant_id = IntegerField()
        type_id = IntegerField()
        template_id = IntegerField(null=True)
        rollout_id = IntegerField(null=True)
        name = CharField(max_length=120)
        number = IntegerField(null=True)
        subject = CharField(max_length=200, default="")
        preheader = CharField(max_length=300, default="")
        state = CharField(max_length=12, default="draft")
        version = IntegerField(default=1)
        deadline_at = BigIntegerField(null=True)
        planned_at = BigIntegerField(null=True)
        created_by_id = IntegerField()
        created_at = BigIntegerField()
        updated_at = BigIntegerField()

        class Meta:
            database = db
            table_name = "issue"
            indexes = (
                (("tenant_id", "state", "updated_at"), False),
                (("tenant_id", "type_id", "number"), False),
            )

    db.create_tables([Issue])

    class IssueRevision(Model):
        tenant_id = IntegerField()
        issue_id = IntegerField()
        number = IntegerField()
        fingerprint = CharField(max_length=64)
        subject = CharField(max_length=200)
        preheader = CharField(max_length=300)
        html = TextField()
        plain = TextField()
        compiled = BlobField()
        placeholders = TextField(default=list)
        article_ids = TextField(default=list)
        size_bytes = IntegerField()
        created_by_id = IntegerField(null=True)
        created_at = BigIntegerField()

        class Meta:
            database = db
            table_name = "issue_revision"
            indexes = ((("tenant_id", "issue_id", "number"), True),)

    db.create_tables([IssueRevision])

    class ListMember(Model):
        tenant_id = IntegerField()
        list_id = IntegerField()
        subscriber_id = BigIntegerField()

        class Meta:
            database = db
            table_name = "list_member"
            indexes = (
                (("tenant_id", "list_id", "subscriber_id"), True),
                (("tenant_id", "subscriber_id"), False),
            )

    db.create_tables([ListMember])

    class MailTemplate(Model):
        tenant_id = IntegerField()
        name = CharField(max_length=80)
        design = TextField(default=dict)
        created_at = BigIntegerField()

        class Meta:
            database = db
            table_name = "mail_template"
            indexes = ((("tenant_id", "name"), True),)

    db.create_tables([MailTemplate])

    class User(Model):
        email = CharField(unique=True, max_length=254)
        name = CharField(max_length=120)
        password_hash = CharField(null=True)
        language = CharField(max_length=2, default="de")
        theme = CharField(null=True, max_length=5)
        active = BooleanField(default=True)
        administers_house = BooleanField(default=False)
        created_at = BigIntegerField()

        class Meta:
            database = db
            table_name = "user"

    db.create_tables([User])

    class Role(Model):
        tenant_id = IntegerField(index=True, null=True)
        name = CharField(max_length=80)
        starter = CharField(null=True, max_length=30)

        class Meta:
            database = db
            table_name = "role"

    db.create_tables([Role])

    class Membership(Model):
        tenant_id = IntegerField()
        user = ForeignKeyField(User, on_delete="CASCADE")
        role = ForeignKeyField(Role, on_delete="RESTRICT")
        territory_id = IntegerField(null=True)
        until = BigIntegerField(null=True)
        created_at = BigIntegerField()

        class Meta:
            database = db
            table_name = "membership"
            indexes = ((("tenant_id", "user", "role"), True), (("user", "tenant_id"), False))

    db.create_tables([Membership])

    class NewsletterType(Model):
        tenant_id = IntegerField()
        slug = CharField(max_length=60)
        name = CharField(max_length=120)
        description = CharField(max_length=300, default="")
        rhythm = CharField(max_length=60, default="")
        closed = BooleanField(default=False)
        basis = CharField(max_length=300, default="")
        public = BooleanField(default=True)
        sender_name = CharField(max_length=120, default="")
        sender_address = CharField(max_length=254, default="")
        reply_to = CharField(max_length=254, default="")
        template_id = IntegerField(null=True)
        consent_text = TextField(default="")
        consent_version = IntegerField(default=1)
        language = CharField(max_length=2, default="de")
        active = BooleanField(default=True)
        created_at = BigIntegerField()

        class Meta:
            database = db
            table_name = "newsletter_type"
            indexes = ((("tenant_id", "slug"), True),)

    db.create_tables([NewsletterType])

    class Notice(Model):
        tenant_id = IntegerField()
        user_id = IntegerField()
        message = CharField(max_length=200)
        params = TextField(default=dict)
        url = CharField(max_length=300, default="")
        created_at = BigIntegerField()
        read_at = BigIntegerField(null=True)

        class Meta:
            database = db
            table_name = "notice"
            indexes = ((("tenant_id", "user_id", "read_at"), False),)

    db.create_tables([Notice])

    class Organisation(Model):
        tenant_id = IntegerField()
        name = CharField(max_length=200)
        locked_reason = CharField(null=True, max_length=300)
        locked_until = BigIntegerField(null=True)
        created_at = BigIntegerField()

        class Meta:
            database = db
            table_name = "organisation"
            indexes = ((("tenant_id", "name"), False),)

    db.create_tables([Organisation])

    class OutboxMail(Model):
        tenant_id = IntegerField(null=True)
        kind = CharField(max_length=30)
        sender_name = CharField(max_length=120, default="")
        sender_address = CharField(max_length=254, default="")
        to_address = CharField(max_length=254)
        to_name = CharField(max_length=120, default="")
        subject = CharField(max_length=300)
        plain = TextField(default="")
        html = TextField(null=True)
        headers = TextField(default=dict)
        raw = TextField(null=True)
        state = CharField(max_length=10, default="queued")
        attempts = IntegerField(default=0)
        next_at = BigIntegerField(default=0)
        reply = CharField(max_length=300, default="")
        created_at = BigIntegerField()
        sent_at = BigIntegerField(null=True)

        class Meta:
            database = db
            table_name = "outbox_mail"
            indexes = ((("tenant_id", "kind"), False), (("state", "next_at"), False))

    db.create_tables([OutboxMail])

    class Relay(Model):
        tenant_id = IntegerField(index=True, null=True)
        name = CharField(max_length=80)
        host = CharField()
        port = IntegerField(default=25)
        security = CharField(max_length=12, default="opportunistic")
        username = CharField(default="")
        secret = TextField(default="")
        max_connections = IntegerField(default=8)
        per_second = FloatField(null=True)
        per_hour = IntegerField(null=True)
        position = IntegerField(default=0)
        active = BooleanField(default=True)
        open_until = BigIntegerField(null=True)
        open_reason = CharField(max_length=300, default="")

        class Meta:
            database = db
            table_name = "relay"

    db.create_tables([Relay])

    class Release(Model):
        tenant_id = IntegerField()
        kind = CharField(max_length=40)
        object_id = BigIntegerField()
        to_tenant_id = IntegerField(null=True)
        with_subtree = BooleanField(default=False)
        mode = CharField(max_length=12, default="use")
        until = BigIntegerField(null=True)
        created_by_id = IntegerField(null=True)
        created_at = BigIntegerField()

        class Meta:
            database = db
            table_name = "release"
            indexes = ((("tenant_id", "kind", "object_id"), False), (("to_tenant_id", "kind"), False))

    db.create_tables([Release])

    class Rendition(Model):
        tenant_id = IntegerField()
        asset_id = BigIntegerField()
        name = CharField(max_length=20)
        mime = CharField(max_length=40)
        width = IntegerField()
        height = IntegerField()
        size_bytes = IntegerField()
        sha256 = CharField(max_length=64)

        class Meta:
            database = db
            table_name = "rendition"
            indexes = ((("tenant_id", "asset_id", "name"), True),)

    db.create_tables([Rendition])

    class RolePermission(Model):
        role = ForeignKeyField(Role, on_delete="CASCADE")
        permission = CharField(max_length=60)

        class Meta:
            database = db
            table_name = "role_permission"
            indexes = ((("role", "permission"), True),)

    db.create_tables([RolePermission])

    class Segment(Model):
        tenant_id = IntegerField()
        name = CharField(max_length=120)
        alias = CharField(max_length=60, default="")
        query = TextField(default=dict)
        columns = TextField(default=list)
        created_by_id = IntegerField(null=True)
        created_at = BigIntegerField()

        class Meta:
            database = db
            table_name = "segment"
            indexes = ((("tenant_id", "name"), True),)

    db.create_tables([Segment])

    class SenderDomain(Model):
        tenant_id = IntegerField()
        domain = CharField()
        verified_at = BigIntegerField(null=True)
        verified_by_id = IntegerField(null=True)
        reason = CharField(max_length=300, default="")
        created_at = BigIntegerField()

        class Meta:
            database = db
            table_name = "sender_domain"
            indexes = ((("tenant_id", "domain"), True),)

    db.create_tables([SenderDomain])

    class Subscriber(Model):
        tenant_id = IntegerField()
        address = CharField(null=True, max_length=254)
        address_key = CharField(null=True, max_length=320)
        salutation = CharField(max_length=20, default="")
        title = CharField(max_length=40, default="")
        first_name = CharField(max_length=80, default="")
        last_name = CharField(max_length=80, default="")
        organisation_id = BigIntegerField(null=True)
        function = CharField(max_length=120, default="")
        language = CharField(max_length=2, default="")
        city = CharField(max_length=120, default="")
        country = CharField(max_length=2, default="")
        fields = TextField(default=dict)
        territory_id = IntegerField(null=True)
        deliverability = CharField(max_length=10, default="active")
        locked_reason = CharField(null=True, max_length=300)
        locked_until = BigIntegerField(null=True)
        folded = CharField(max_length=600, default="")
        created_at = BigIntegerField()
        updated_at = BigIntegerField()

        class Meta:
            database = db
            table_name = "subscriber"
            indexes = (
                (("tenant_id", "address_key"), True),
                (("tenant_id", "last_name", "id"), False),
                (("tenant_id", "organisation_id"), False),
            )

    db.create_tables([Subscriber])

    class Subscription(Model):
        tenant_id = IntegerField()
        subscriber_id = BigIntegerField()
        type_id = IntegerField()
        consent = CharField(max_length=10)
        changed_at = BigIntegerField()

        class Meta:
            database = db
            table_name = "subscription"
            indexes = (
                (("tenant_id", "type_id", "subscriber_id"), True),
                (("tenant_id", "subscriber_id"), False),
            )

    db.create_tables([Subscription])

    class Suppression(Model):
        tenant_id = IntegerField()
        address_key = CharField(null=True, max_length=320)
        address_hash = CharField(max_length=40)
        reason = CharField(max_length=300, default="")
        source = CharField(max_length=20, default="manual")
        by_id = IntegerField(null=True)
        until = BigIntegerField(null=True)
        created_at = BigIntegerField()

        class Meta:
            database = db
            table_name = "suppression"
            indexes = ((("tenant_id", "address_hash"), True), (("tenant_id", "address_key"), False))

    db.create_tables([Suppression])

    class Tenant(Model):
        slug = CharField(unique=True, max_length=40)
        name = CharField(max_length=120)
        parent_id = IntegerField(index=True, null=True)
        status = CharField(max_length=20, default="active")
        is_demo = BooleanField(default=False)
        host = CharField(unique=True, null=True)
        settings = TextField(default=dict)
        created_at = BigIntegerField()

        class Meta:
            database = db
            table_name = "tenant"

    db.create_tables([Tenant])

    class UserSession(Model):
        user = ForeignKeyField(User, on_delete="CASCADE")
        token_hash = CharField(unique=True, max_length=64)
        created_at = BigIntegerField()
        seen_at = BigIntegerField()
        expires_at = BigIntegerField()
        address = CharField(max_length=45, default="")
        agent = CharField(max_length=200, default="")

        class Meta:
            database = db
            table_name = "user_session"

    db.create_tables([UserSession])

    class VolumeCounter(Model):
        tenant_id = IntegerField()
        role_id = IntegerField()
        window = CharField(max_length=10)
        start = BigIntegerField()
        used = IntegerField(default=0)

        class Meta:
            database = db
            table_name = "volume_counter"
            indexes = ((("tenant_id", "role_id", "window", "start"), True),)

    db.create_tables([VolumeCounter])

    class VolumeLimit(Model):
        role_id = IntegerField()
        window = CharField(max_length=10)
        ceiling = IntegerField()

        class Meta:
            database = db
            table_name = "volume_limit"
            indexes = ((("role_id", "window"), True),)

    db.create_tables([VolumeLimit])


def down(migrator, db):
    migrator.migrate(migrator.drop_table("volume_limit"))
    migrator.migrate(migrator.drop_table("volume_counter"))
    migrator.migrate(migrator.drop_table("user_session"))
    migrator.migrate(migrator.drop_table("tenant"))
    migrator.migrate(migrator.drop_table("suppression"))
    migrator.migrate(migrator.drop_table("subscription"))
    migrator.migrate(migrator.drop_table("subscriber"))
    migrator.migrate(migrator.drop_table("sender_domain"))
    migrator.migrate(migrator.drop_table("segment"))
    migrator.migrate(migrator.drop_table("role_permission"))
    migrator.migrate(migrator.drop_table("rendition"))
    migrator.migrate(migrator.drop_table("release"))
    migrator.migrate(migrator.drop_table("relay"))
    migrator.migrate(migrator.drop_table("outbox_mail"))
    migrator.migrate(migrator.drop_table("organisation"))
    migrator.migrate(migrator.drop_table("notice"))
    migrator.migrate(migrator.drop_table("newsletter_type"))
    migrator.migrate(migrator.drop_table("membership"))
    migrator.migrate(migrator.drop_table("role"))
    migrator.migrate(migrator.drop_table("user"))
    migrator.migrate(migrator.drop_table("mail_template"))
    migrator.migrate(migrator.drop_table("list_member"))
    migrator.migrate(migrator.drop_table("issue_revision"))
    migrator.migrate(migrator.drop_table("issue"))
    migrator.migrate(migrator.drop_table("import_reject"))
    migrator.migrate(migrator.drop_table("import_job"))
    migrator.migrate(migrator.drop_table("folder"))
    migrator.migrate(migrator.drop_table("distribution_list"))
    migrator.migrate(migrator.drop_table("dispatcher_process"))
    migrator.migrate(migrator.drop_table("delivery_payload"))
    migrator.migrate(migrator.drop_table("delivery_event"))
    migrator.migrate(migrator.drop_table("delivery"))
    migrator.migrate(migrator.drop_table("consent_event"))
    migrator.migrate(migrator.drop_table("campaign"))
    migrator.migrate(migrator.drop_table("block"))
    migrator.migrate(migrator.drop_table("audit_entry"))
    migrator.migrate(migrator.drop_table("asset_use"))
    migrator.migrate(migrator.drop_table("asset"))
    migrator.migrate(migrator.drop_table("article_revision"))
    migrator.migrate(migrator.drop_table("article_remark"))
    migrator.migrate(migrator.drop_table("article"))
    migrator.migrate(migrator.drop_table("approval"))
