"""Block templates: one block or a group of them, kept from an issue to be inserted into others.

What is inserted is a copy: a change of the template reaches only what is inserted afterwards. Articles are never part
of one; they stand in the shared content, once in an issue.
"""

from collections.abc import Sequence

from domain import clock
from domain.audit import log
from domain.content.models import AssetUse
from domain.db import database
from domain.errors import N_, Conflict, Invalid, NotFound
from domain.issues import blocks as content
from domain.issues.models import Block, BlockKind, BlockTemplate
from domain.releases import ledger as releases
from domain.releases.models import ReleaseMode
from domain.tenancy.models import Tenant

KIND = "block_template"
CHANGED = N_("Somebody else has changed this template meanwhile. Reload the page to see it.")


def every(tenant_id: int) -> list[BlockTemplate]:
    """The tenant's own by name."""
    query = BlockTemplate.select().where(BlockTemplate.tenant_id == tenant_id)
    return list(query.order_by(BlockTemplate.name))


def get(tenant_id: int, template_id: int) -> BlockTemplate:
    """One of the tenant's own; raises NotFound."""
    found = BlockTemplate.get_or_none(BlockTemplate.tenant_id == tenant_id, BlockTemplate.id == template_id)
    if found is None:
        raise NotFound
    return found


def released(tenant: Tenant, to_administer: bool = False) -> list[BlockTemplate]:
    """What other tenants have opened to this one, by name; `to_administer`: only what may be changed here, too."""
    ids: dict[int, list[int]] = {}
    for release in releases.received(tenant, KIND):
        if not to_administer or release.mode == ReleaseMode.ADMINISTER:
            ids.setdefault(release.tenant_id, []).append(release.object_id)
    found: list[BlockTemplate] = []
    for owner_id, some in ids.items():
        found.extend(
            BlockTemplate.select().where(BlockTemplate.tenant_id == owner_id, BlockTemplate.id.in_(some))
        )
    return sorted(found, key=lambda template: template.name.casefold())


def usable(tenant: Tenant, template_id: int) -> BlockTemplate:
    """An own one, or one that is released to the tenant now; raises NotFound."""
    return _among(tenant, template_id, to_administer=False)


def changeable(tenant: Tenant, template_id: int) -> BlockTemplate:
    """An own one, or one that is released to be administered; raises NotFound."""
    return _among(tenant, template_id, to_administer=True)


def keepable(found: Sequence[Block]) -> list[Block]:
    """Those of the blocks that a template can hold."""
    return [block for block in found if block.kind != BlockKind.ARTICLE]


def keep(tenant_id: int, name: str, found: Sequence[Block], user_id: int | None) -> BlockTemplate:
    """A new template of these blocks; raises Invalid for the name, or without a block."""
    parts = _parts(found)
    with database.atomic():
        made = BlockTemplate.create(
            tenant_id=tenant_id, name=_free_name(tenant_id, name), parts=parts, updated_by_id=user_id
        )
        _note_assets(made)
        log.record(tenant_id, "template.create", user_id=user_id, kind=KIND, object_id=made.id)
        return made


def replace(template: BlockTemplate, parts: Sequence[tuple[str, dict[str, object]]], user_id: int) -> None:
    """Other content under the same name; the pictures in it are the owner's already. Raises Invalid without a block."""
    if not parts:
        raise Invalid(fields={"block": N_("Choose at least one block.")})
    _change(template, template.version, user_id, parts=[list(part) for part in parts])


def rename(template: BlockTemplate, name: str, version: int, user_id: int) -> None:
    """Raises Invalid for the name, Conflict if it has changed since `version`."""
    _change(template, version, user_id, name=_free_name(template.tenant_id, name, template.id))


def delete(template: BlockTemplate, user_id: int) -> None:
    """For good; what was inserted stays."""
    with database.atomic():
        _forget_assets(template)
        BlockTemplate.delete().where(
            BlockTemplate.tenant_id == template.tenant_id, BlockTemplate.id == template.id
        ).execute()
        log.record(
            template.tenant_id, "template.delete", user_id=user_id, kind=KIND, object_id=template.id,
            details={"name": template.name},
        )  # fmt: skip


def parts_of(found: Sequence[Block]) -> list[tuple[str, dict[str, object]]]:
    """What a template keeps of blocks: kind and content of each; whom they were for and locks are left behind."""
    return [(str(block.kind), dict(block.data)) for block in keepable(found)]


def _among(tenant: Tenant, template_id: int, to_administer: bool) -> BlockTemplate:
    try:
        return get(tenant.id, template_id)
    except NotFound:
        shared = released(tenant, to_administer)
        found = next((one for one in shared if one.id == template_id), None)
        if found is None:
            raise
        return found


def _parts(found: Sequence[Block]) -> list[list[object]]:
    parts: list[list[object]] = [list(part) for part in parts_of(found)]
    if not parts:
        raise Invalid(fields={"block": N_("Choose at least one block.")})
    return parts


def _change(template: BlockTemplate, version: int, user_id: int, **values: object) -> None:
    with database.atomic():
        changed = (
            BlockTemplate.update(
                **values, version=version + 1, updated_at=clock.now(), updated_by_id=user_id
            )
            .where(
                BlockTemplate.tenant_id == template.tenant_id, BlockTemplate.id == template.id,
                BlockTemplate.version == version,
            )
            .execute()
        )  # fmt: skip
        if not changed:
            raise Conflict(CHANGED)
        saved = get(template.tenant_id, template.id)
        _note_assets(saved)
        log.record(
            template.tenant_id, "template.save", user_id=user_id, kind=KIND, object_id=template.id,
            details={
                "before": {"name": template.name, "blocks": len(template.parts)},
                "after": {"name": saved.name, "blocks": len(saved.parts)},
            },
        )  # fmt: skip


def _free_name(tenant_id: int, name: str, own_id: int = 0) -> str:
    clean = " ".join(name.split())[:80]
    if not clean:
        raise Invalid(fields={"name": N_("Give the template a name.")})
    taken = BlockTemplate.select().where(
        BlockTemplate.tenant_id == tenant_id, BlockTemplate.name == clean, BlockTemplate.id != own_id
    )
    if taken.exists():
        raise Invalid(fields={"name": N_("Another template has this name already.")})
    return clean


def _note_assets(template: BlockTemplate) -> None:
    """Its pictures cannot be deleted while the template is there."""
    _forget_assets(template)
    wanted = {asset_id for _kind, data in template.parts for asset_id in content.assets(data)}
    for asset_id in sorted(wanted):
        AssetUse.create(tenant_id=template.tenant_id, asset_id=asset_id, kind=KIND, object_id=template.id)


def _forget_assets(template: BlockTemplate) -> None:
    AssetUse.delete().where(
        AssetUse.tenant_id == template.tenant_id, AssetUse.kind == KIND, AssetUse.object_id == template.id
    ).execute()
