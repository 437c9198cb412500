"""One row in every table for each of two tenants, found in the models: new tables fall in by themselves.

All rows of a tenant have the same id, so that one number names something of the other tenant wherever it is put:
in a path, a query, a form or a JSON body. Everything south has carries MARK; no answer to north may.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from peewee import (
    BlobField,
    BooleanField,
    CharField,
    Field,
    FloatField,
    ForeignKeyField,
    IntegerField,
    Model,
    TextField,
)

from dispatcher.rendering import freezing, render
from domain import clock
from domain.accounts.models import Membership, Role, RolePermission, User, UserSession
from domain.accounts.permissions import Permission
from domain.content.models import SavedView
from domain.db import JSONText, MomentField
from domain.issues.models import Issue, IssueRevision
from domain.migrations.build import models
from domain.notices.models import Notice
from domain.releases import ledger
from domain.releases.models import Release
from domain.tenancy.models import Tenant
from mediadb import storage
from tests import world as worlds

OWN, FOREIGN, NOBODYS = 500_001, 700_001, 900_009  # of one length: no text is cut differently
MARK = "Zq7Fremd"
FINGERPRINT = "0" * 64
PEOPLE = ("user", "author", "by", "founder", "actor", "owner_user")  # columns that name a person
NUMBERED = {"article_revision.number"}  # stands in a path beside the id
LEFT_EMPTY = {"parent_id", "rollout_id", "owner_id", "territory_id", "to_tenant_id", "parent"}

# What a column must hold so that pages of the row can be drawn: table.column or column → value
FIXED: dict[str, Any] = {
    "fingerprint": FINGERPRINT,
    "language": "de",
    "country": "DE",
    "mime": "image/png",
    "sha256": "0" * 64,
    "colour": "#23508e",
    "size_bytes": 10,
    "width": 320,
    "height": 200,
    "approval.kind": "campaign",
    "asset.kind": "picture",
    "block.kind": "text",
    "audit_entry.act": "campaign.pause",
    "audit_entry.kind": "campaign",
    "release.kind": "article",
    "order_step.act": "asked",
    "note.holder": "subscriber",
    "own_limit.scope": "person",
    "own_limit.window": "day",
    "own_field.holder": "subscriber",
    "own_field.kind": "text",
    "subscriber.birthday": "1970-05-01",
    "suppression_rule.kind": "domain",
    "suppression_event.act": "added",
    "article.state": "submitted",
    "volume_counter.window": "day",
    "volume_limit.window": "day",
    "subscription.consent": "confirmed",
    "consent_event.act": "confirm",
    "consent_event.after": "confirmed",
    "delivery.state": 3,
    "import_job.path": "imports/twin.csv",
    "consent_proof.stored": "0" * 64,
    "suppression.until": None,
    "locked_reason": None,
    "starter": None,
}


@dataclass
class Twins:
    """north, whose person knocks everywhere, and south, of whom nothing may be learnt."""

    world: worlds.World
    actor: User  # holds every right in north, administers nothing else


def build() -> Twins:
    """Fill an empty, migrated database."""
    world = worlds.build()
    Tenant.update(name=f"{MARK} Verlag", settings={"imprint": f"{MARK} Impressum"}).where(
        Tenant.id == world.south.id
    ).execute()
    User.update(name=f"{MARK} Redaktion").where(User.id == world.south_editor.id).execute()
    everything = Role.create(tenant_id=world.north.id, name="Everything")
    _grant(everything, frozenset(Permission))
    actor = worlds.person("actor", world.north, everything)
    for tenant, number, mark in ((world.north, OWN, "Eigen"), (world.south, FOREIGN, MARK)):
        user = User.create(id=number, email=f"{mark}@people.example".casefold(), name=f"{mark} Person")
        UserSession.create(
            id=number, user=actor if number == OWN else user, token_hash=mark, expires_at=clock.now().replace(year=2999)
        )  # fmt: skip
        for model in models():
            if model not in (Tenant, User, UserSession) and "tenant_id" in model._meta.columns:
                model.insert(_row(model, tenant.id, number, mark)).on_conflict_ignore().execute()
        _store(FIXED["sha256"])
        _freeze(tenant, number)
    for model in (Notice, SavedView):  # these belong to one person
        model.update(user_id=actor.id).where(model.id == OWN).execute()
    _recalled(world)
    return Twins(world, actor)


def _recalled(world: worlds.World) -> None:
    """Everything of south was once released to north: recalled, or over. Not even a trace may be left."""
    mine = Release.tenant_id == world.south.id
    Release.update(recalled_at=clock.now()).where(mine).execute()
    for kind in ledger.KINDS:
        for ended in ({"recalled_at": clock.now()}, {"until": clock.now() - timedelta(seconds=1)}):
            Release.create(
                tenant_id=world.south.id, kind=kind, object_id=FOREIGN, to_tenant_id=world.north.id, **ended
            )


def _store(digest: str) -> None:
    """Lay down the file that the twins' media name: mails with it as an attachment are made of its bytes."""
    path = storage.path_of(digest)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"twin")


def _freeze(tenant: Tenant, number: int) -> None:
    """Give the revision of a twin a mail that can be opened."""
    issue = Issue.get(Issue.tenant_id == tenant.id, Issue.id == number)
    path = storage.path_of(FIXED["sha256"])  # what is attached to it
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"0123456789")
    made = freezing.freeze(issue, render.render(tenant, issue, "https://rundbrief.example"), "1" * 64, number)
    values = {
        "compiled": made.compiled, "placeholders": made.placeholders, "html": made.html, "plain": made.plain,
    }  # fmt: skip
    IssueRevision.update(values).where(IssueRevision.id == number).execute()
    made.delete_instance()


def holding(twins: Twins, key: str, permissions: frozenset[Permission]) -> User:
    """Somebody of north with exactly these rights."""
    role = Role.create(tenant_id=twins.world.north.id, name=key)
    _grant(role, permissions)
    return worlds.person(key, twins.world.north, role)


def tables() -> list[type[Model]]:
    """Every table in which a row belongs to a tenant."""
    return [m for m in models() if "tenant_id" in m._meta.columns]


def numbers(model: type[Model]) -> list[Field]:
    """Columns of a table that name another row; a ceiling of 700,001 mails names none."""
    return [
        f for f in model._meta.sorted_fields
        if isinstance(f, IntegerField | ForeignKeyField) and not f.primary_key
        and f.column_name.endswith("_id") and f.column_name != "tenant_id"
    ]  # fmt: skip


def _grant(role: Role, permissions: frozenset[Permission]) -> None:
    if permissions:
        RolePermission.insert_many(
            [(role.id, p.value) for p in sorted(permissions)],
            [RolePermission.role, RolePermission.permission],
        ).execute()


def _row(model: type[Model], tenant_id: int, number: int, mark: str) -> dict[str, Any]:
    table = model._meta.table_name
    row: dict[str, Any] = {}
    for field in model._meta.sorted_fields:
        name = field.column_name
        if name == "tenant_id":
            row[field.name] = tenant_id
        elif f"{table}.{name}" in NUMBERED:
            row[field.name] = number
        elif f"{table}.{name}" in FIXED or name in FIXED:
            row[field.name] = FIXED.get(f"{table}.{name}", FIXED.get(name))
        else:
            value = _value(model, field, number, f"{mark} {table} {name}", mark)
            if value is not ...:
                row[field.name] = value
    return row


def _value(model: type[Model], field: Field, number: int, text: str, mark: str) -> Any:
    """What a column gets; `...`: its default."""
    name = field.column_name
    if field.primary_key:
        return number
    if isinstance(field, MomentField):
        return ... if field.default is not None or field.null else clock.now()
    if isinstance(field, ForeignKeyField):
        return number
    if isinstance(field, BlobField):
        return b""
    if isinstance(field, JSONText):
        return ... if field.default is not None or field.null else {}
    if isinstance(field, CharField | TextField):
        return _text(field, name, text, mark)
    if isinstance(field, BooleanField | FloatField):
        return ... if field.default is not None or field.null else False
    if name.endswith("_id"):
        return None if name in LEFT_EMPTY and field.null else number
    return ... if field.default is not None or field.null else 1


def _text(field: Field, name: str, text: str, mark: str) -> Any:
    if field.default not in (None, ""):
        return ...
    if "address" in name or name == "email" or name == "reply_to":
        text = (
            f"{mark}@leser.example".casefold() if name.endswith(("key", "hash")) else f"{mark}@leser.example"
        )
    elif name in ("slug", "alias", "domain", "host"):
        text = f"{mark}-{name}".casefold()
    elif name.endswith("url"):
        text = f"https://{mark}.example/"
    elif "key" in name or name == "previous" or name == "hash":
        text = f"{mark}-{name}"
    limit = getattr(field, "max_length", None)
    return text[:limit] if limit else text


def membership_of(user: User) -> Membership:
    return Membership.get(Membership.user == user)
