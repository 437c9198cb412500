"""What crosses the floors for a whole tenant: copy a blueprint, export everything, delete everything."""

import csv
import io
import json
import zipfile
from collections.abc import Iterable
from typing import IO, Any

from peewee import BlobField, Model

from dispatcher.jobs import copies
from domain import clock
from domain.accounts.models import Role, RolePermission
from domain.approvals.models import ApprovalFlow, ApprovalStep
from domain.audit import log
from domain.content.models import AssetUse
from domain.db import database, unscoped
from domain.issues import blocktemplates
from domain.issues.models import Block, MailTemplate
from domain.migrations.build import models
from domain.quotas import ceilings, ledger
from domain.subscribers.facets.models import OwnField, StatusTrack, StatusValue
from domain.subscribers.models import ConsentProof, DistributionList, NewsletterType
from domain.tenancy import lifecycle
from domain.tenancy.models import Tenant, TerritoryNode
from mediadb import proofs, storage
from mediadb.models import Asset, Folder, Rendition

SECRET = {
    "secret",
    "sealed",
    "private",
    "private_key",
    "password",
    "password_hash",
    "token_hash",
}  # never exported
STAYS = {"audit_entry"}  # what was done stays provable after the data are gone


def copy_blueprint(source: Tenant, target: Tenant) -> None:
    """Give a new tenant what its blueprint has: settings with the logo, roles with their limits, territories, own
    fields, status tracks, lists, types, templates of mails and blocks, folders, approval flows."""
    _copy_settings(source, target)
    roles = _copied(Role, source, target)
    grants = RolePermission.select().where(RolePermission.role.in_(list(roles) or [0]))
    for grant in grants:
        RolePermission.create(role=roles[grant.role_id], permission=grant.permission, denied=grant.denied)
    for role_id, limits in ledger.limits_by_role(list(roles)).items():
        ledger.set_limits(roles[role_id], dict(limits))
    ceilings.set_tenant_limits(target.id, dict(ceilings.tenant_limits(source.id)))
    _copied_tree(TerritoryNode, source, target)
    tracks = _copied(StatusTrack, source, target)
    _copied(StatusValue, source, target, {"track_id": tracks})
    _copy_types(source, target)
    folders = _copied_tree(Folder, source, target)
    for kept in blocktemplates.every(source.id):
        blocks = [Block(kind=kind, data=data) for kind, data in copies.parts_for(kept, target.id)]
        blocktemplates.keep(target.id, kept.name, blocks, kept.updated_by_id)
    flows = _copied(ApprovalFlow, source, target, {"told_role_id": roles, "object_id": folders})
    _copied(ApprovalStep, source, target, {"flow_id": flows, "role_id": roles})


def _copy_settings(source: Tenant, target: Tenant) -> None:
    """A logo is a file: the new tenant gets its own row of it, which stays when the blueprint's goes."""
    target.settings = dict(source.settings or {})
    if target.settings.get("logo_id"):
        logo_id = copies.asset(source.id, target.settings["logo_id"], target.id)
        target.settings["logo_id"] = logo_id or 0
        _keep(target, logo_id, "tenant", target.id)
    target.save()


def _keep(target: Tenant, asset_id: int | None, kind: str, object_id: int) -> None:
    """A file cannot be deleted while something shows it."""
    if asset_id:
        AssetUse.create(tenant_id=target.id, asset_id=asset_id, kind=kind, object_id=object_id)


def _copy_types(source: Tenant, target: Tenant) -> None:
    """Newsletter types with what they name: the mail template and its logo, the own fields of the sign-up form, the
    lists of whoever confirms."""
    templates = _copied(MailTemplate, source, target)
    for row in MailTemplate.select().where(MailTemplate.tenant_id == target.id):
        if (row.design or {}).get("logo_id"):
            logo_id = copies.asset(source.id, row.design["logo_id"], target.id)
            row.design = {**row.design, "logo_id": logo_id}
            row.save()
            _keep(target, logo_id, "template", row.id)
    fields, lists = _copied(OwnField, source, target), _copied(DistributionList, source, target)
    _copied(NewsletterType, source, target, {"template_id": templates})
    for kind in NewsletterType.select().where(NewsletterType.tenant_id == target.id):
        kind.signup_fields = [fields[i] for i in kind.signup_fields if i in fields]
        kind.list_ids = [lists[i] for i in kind.list_ids if i in lists]
        kind.save()


def _copied_tree(model: type[Model], source: Tenant, target: Tenant) -> dict[int, int]:
    """Old id → new id of rows in a tree; a parent may have been made after its child."""
    found = _copied(model, source, target)
    for row in model.select().where(model.tenant_id == target.id, model.parent_id.is_null(False)):
        row.parent_id = found.get(row.parent_id)
        row.save()
    return found


def _copied(
    model: type[Model], source: Tenant, target: Tenant, moved: dict[str, dict[int, int]] | None = None
) -> dict[int, int]:
    """Old id → new id. `moved` maps columns to the new ids of what they name; central rows keep theirs."""
    found: dict[int, int] = {}
    for row in model.select().where(model.tenant_id == source.id).order_by(model.id):
        values = {f.name: getattr(row, f.name) for f in model._meta.sorted_fields if not f.primary_key}
        values["tenant_id"] = target.id
        for name, ids in (moved or {}).items():
            values[name] = ids.get(values[name], values[name])
        found[row.id] = model.create(**values).id
    return found


def export(tenant: Tenant, out: IO[bytes]) -> None:
    """Write everything of the tenant as a ZIP: a CSV per table, its settings as JSON, the files of the media."""
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        about = {"name": tenant.name, "slug": tenant.slug, "settings": tenant.settings, "host": tenant.host}
        packed.writestr("tenant.json", json.dumps(about, ensure_ascii=False, indent=2))
        for model in tables():
            with packed.open(f"{model._meta.table_name}.csv", "w") as raw:
                _write(model, tenant.id, raw)
        for asset in Asset.select().where(Asset.tenant_id == tenant.id).order_by(Asset.id):
            if storage.exists(asset.sha256):
                name = f"media/{asset.id}-{_safe(asset.filename)}"
                packed.writestr(name, storage.read(asset.sha256), zipfile.ZIP_STORED)
        for proof in (
            ConsentProof.select().where(ConsentProof.tenant_id == tenant.id).order_by(ConsentProof.id)
        ):
            if storage.exists(proof.stored):
                name = f"consents/{proof.id}-{_safe(proof.name)}"
                packed.writestr(name, proofs.read(proof), zipfile.ZIP_STORED)


def _write(model: type[Model], tenant_id: int, raw: IO[bytes]) -> None:
    fields = [
        f for f in model._meta.sorted_fields if not isinstance(f, BlobField) and f.column_name not in SECRET
    ]
    text = io.TextIOWrapper(raw, "utf-8", newline="")
    table = csv.writer(text)
    table.writerow([f.column_name for f in fields])
    rows = model.select(*fields).where(model.tenant_id == tenant_id).order_by(model._meta.primary_key)
    table.writerows([_cell(value) for value in row] for row in rows.tuples().iterator())
    text.flush()
    text.detach()


def _cell(value: Any) -> Any:
    """As text; nothing that a spreadsheet takes for a formula."""
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    text = "" if value is None else value.isoformat() if hasattr(value, "isoformat") else str(value)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") and not _is_number(text) else text


def _is_number(text: str) -> bool:
    try:
        return float(text) == float(text)
    except ValueError:
        return False


def _safe(name: str) -> str:
    return "".join(c if c.isalnum() or c in "._- " else "_" for c in name).lstrip(".")[-120:] or "file"


def delete_due() -> int:
    """Delete the tenants whose waiting time is over; returns how many."""
    due = lifecycle.due_for_deletion()
    for tenant in due:
        _delete(tenant)
    return len(due)


def _delete(tenant: Tenant) -> None:
    digests = _digests(tenant.id)
    papers = {proof.stored for proof in ConsentProof.select().where(ConsentProof.tenant_id == tenant.id)}
    with database.atomic():
        for model in reversed(tables()):
            if model._meta.table_name not in STAYS:
                model.delete().where(model.tenant_id == tenant.id).execute()
        Tenant.delete().where(Tenant.id == tenant.id).execute()
        log.record(
            log.HOUSE, "tenant.deleted", kind="tenant", object_id=tenant.id,
            details={"name": tenant.name, "slug": tenant.slug, "at": clock.now().isoformat()},
        )  # fmt: skip
    for digest in (
        digests - _still_used(digests)
    ) | papers:  # a document of proof is stored for one tenant alone
        storage.delete(digest)


def _digests(tenant_id: int) -> set[str]:
    return {
        digest
        for model in (Asset, Rendition)
        for (digest,) in model.select(model.sha256).where(model.tenant_id == tenant_id).tuples()
    }


@unscoped("a file lies once, whoever uses it: deleted only when nobody does")
def _still_used(digests: Iterable[str]) -> set[str]:
    wanted = list(digests) or [""]
    return {
        digest
        for model in (Asset, Rendition)
        for (digest,) in model.select(model.sha256).where(model.sha256.in_(wanted)).tuples()
    }


def tables() -> list[type[Model]]:
    """Every table in which a row belongs to a tenant, those that others name first."""
    return [model for model in models() if "tenant_id" in model._meta.columns]
