"""Open an object to other tenants and take it back. Nothing is passed on: only the owner releases.

A release names one object (or the whole Robinson list), who receives it (chosen tenants, a subtree, everybody) and
until when. It is asked at every request: a recalled one is unreadable at the next click.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from peewee import JOIN

from domain import clock
from domain.accounts.models import User
from domain.audit import log
from domain.db import database, unscoped
from domain.errors import N_, Conflict, Invalid, NotFound
from domain.releases import lending
from domain.releases.models import Release, ReleaseMode
from domain.tenancy import tree
from domain.tenancy.models import Tenant

KINDS: dict[str, str] = {
    "article": N_("Article"),
    "folder": N_("Media folder"),
    "issue": N_("Issue"),
    "template": N_("Mail template"),
    "block_template": N_("Block template"),
    "segment": N_("Segment"),
    "campaign": N_("Mailing"),
    "user": N_("Person"),
    "role": N_("Role"),
    "robinson": N_("Robinson list"),
}
ADMINISTRABLE = frozenset(  # what receivers may also change, if they are let
    {"article", "folder", "template", "block_template", "segment", "robinson"}
)
PAGE_SIZE = 20
WHOLE = 0  # object id of a kind that is released as a whole


@dataclass(frozen=True)
class To:
    """Who receives: these tenants (with all below them, if asked), or everybody in the house."""

    tenant_ids: tuple[int, ...] = ()
    with_subtree: bool = False
    everybody: bool = False


def relatives(tenant: Tenant) -> list[Tenant]:
    """Tenants of the same tree (id and name), by name: to others only a release to everybody leads."""
    root = [*tree.ancestors(tenant)][-1] if tenant.parent_id else tenant
    ids = tree.subtree([root.id]) - {tenant.id}
    return list(Tenant.select(Tenant.id, Tenant.name).where(Tenant.id.in_(ids or [0])).order_by(Tenant.name))


def give(
    tenant: Tenant, kind: str, object_id: int, to: To, actor: User, until: datetime | None = None,
    mode: ReleaseMode = ReleaseMode.USE,
) -> list[Release]:  # fmt: skip
    """Release an object of the tenant; the caller has found it there. ADMINISTER lets receivers change it, too.
    Raises Invalid, NotFound for a stranger."""
    if kind not in KINDS:
        raise NotFound
    if mode == ReleaseMode.ADMINISTER and kind not in ADMINISTRABLE:
        raise Invalid(fields={"mode": N_("Things of this kind can only be used, not administered.")})
    if until is not None and until <= clock.now():
        raise Invalid(fields={"until": N_("This day is over. Choose a later one, or leave the field empty.")})
    if not to.everybody and not to.tenant_ids:
        raise Invalid(fields={"to": N_("Choose at least one tenant, or everybody.")})
    known = {t.id for t in relatives(tenant)}
    if not set(to.tenant_ids) <= known:
        raise NotFound
    receivers: Sequence[int | None] = (None,) if to.everybody else to.tenant_ids
    made = []
    with database.atomic():
        for receiver in receivers:
            if _same(tenant.id, kind, object_id, receiver, mode):
                continue
            made.append(
                Release.create(
                    tenant_id=tenant.id, kind=kind, object_id=object_id, to_tenant_id=receiver, until=until,
                    with_subtree=to.with_subtree, mode=mode, created_by_id=actor.id,
                )
            )  # fmt: skip
        if not made:
            raise Conflict(N_("This is released to them already."))
        log.record(
            tenant.id, "release.give", user_id=actor.id, kind=kind, object_id=object_id,
            details={
                "to": "everybody" if to.everybody else sorted(to.tenant_ids), "with_subtree": to.with_subtree,
                "until": until and until.isoformat(), "mode": mode.value, "before": None,
                "after": _said(made[0], _who(made)),
            },
        )  # fmt: skip
    return made


def recall(tenant_id: int, release_id: int, actor: User) -> Release:
    """Take a release back: unreadable on the next request; what was copied or sent stays. Raises NotFound."""
    found = given_one(tenant_id, release_id)
    with database.atomic():
        found.recalled_at, found.recalled_by_id = clock.now(), actor.id
        found.save()
        if found.kind in ("user", "role"):
            lending.end(found, actor)
        log.record(
            tenant_id, "release.recall", user_id=actor.id, kind=found.kind, object_id=found.object_id,
            details={
                "to": found.to_tenant_id or "everybody", "before": _said(found, _who([found])), "after": None,
            },
        )  # fmt: skip
    return found


def given(tenant_id: int, before_id: int | None = None) -> list[Release]:
    """A page of what the tenant has released and not recalled, newest first."""
    query = Release.select().where(Release.tenant_id == tenant_id, Release.recalled_at.is_null())
    if before_id:
        query = query.where(Release.id < before_id)
    return list(query.order_by(Release.id.desc()).limit(PAGE_SIZE))


def opened(tenant_id: int, kind: str) -> dict[int, list[Release]]:
    """Object id → releases of a kind that are in force, each with the name of its `receiver` ("": everybody)."""
    query = (
        Release.select(Release, Tenant.name.alias("receiver"))
        .join(Tenant, JOIN.LEFT_OUTER, on=(Tenant.id == Release.to_tenant_id))
        .where(
            Release.tenant_id == tenant_id, Release.kind == kind, Release.recalled_at.is_null(),
            Release.until.is_null() | (Release.until > clock.now()),
        )
    )  # fmt: skip
    found: dict[int, list[Release]] = {}
    for release in query.order_by(Release.id).objects():
        found.setdefault(release.object_id, []).append(release)
    return found


@unscoped("what other tenants have released to this one")
def received(tenant: Tenant, kind: str | None = None) -> list[Release]:
    """Releases that reach the tenant now, newest first, each with the name of its `giver`; of several for one object
    one counts: that which lets more."""
    query = (
        Release.select(Release, Tenant.name.alias("giver"))
        .join(Tenant, JOIN.LEFT_OUTER, on=(Tenant.id == Release.tenant_id))
        .where(
            _reaches(tenant), Release.tenant_id != tenant.id, Release.recalled_at.is_null(),
            Release.until.is_null() | (Release.until > clock.now()),
        )
    )  # fmt: skip
    if kind is not None:
        query = query.where(Release.kind == kind)
    found: dict[tuple[str, int, int], Release] = {}
    for release in query.order_by(Release.id.desc()).objects():
        key = (release.kind, release.tenant_id, release.object_id)
        if key not in found or (found[key].mode, release.mode) == (ReleaseMode.USE, ReleaseMode.ADMINISTER):
            found[key] = release
    return list(found.values())


def receive(tenant: Tenant, release_id: int) -> Release:
    """One release that reaches the tenant now; raises NotFound."""
    found = next((r for r in received(tenant) if r.id == release_id), None)
    if found is None:
        raise NotFound
    return found


def given_one(tenant_id: int, release_id: int) -> Release:
    """A release of the tenant that is not recalled; raises NotFound."""
    found = Release.get_or_none(
        Release.tenant_id == tenant_id, Release.id == release_id, Release.recalled_at.is_null()
    )
    if found is None:
        raise NotFound
    return found


def holds_elsewhere(tenant_id: int, kind: str) -> bool:
    """Whether something of a kind that is released as a whole holds in other tenants now."""
    return (
        Release.select()
        .where(
            Release.tenant_id == tenant_id, Release.kind == kind, Release.object_id == WHOLE,
            Release.recalled_at.is_null(), Release.until.is_null() | (Release.until > clock.now()),
        )
        .exists()
    )  # fmt: skip


def shared(tenant: Tenant, kind: str) -> dict[int, list[int]]:
    """Giver's tenant id → ids of objects of a kind that the tenant may use."""
    found: dict[int, list[int]] = {}
    for release in received(tenant, kind):
        found.setdefault(release.tenant_id, []).append(release.object_id)
    return found


def givers(tenant: Tenant, kind: str) -> list[int]:
    """Ids of the tenants that have released something of a kind to this one."""
    return sorted(shared(tenant, kind))


def names(releases: Iterable[Release]) -> dict[int, str]:
    """Id → name of the tenants that give or receive."""
    ids = {i for r in releases for i in (r.tenant_id, r.to_tenant_id) if i}
    return dict(Tenant.select(Tenant.id, Tenant.name).where(Tenant.id.in_(ids or [0])).tuples())


def _who(releases: Sequence[Release]) -> str:
    """Who receives, by name; empty: everybody."""
    named = names(releases)
    return ", ".join(sorted(named.get(r.to_tenant_id, "") for r in releases if r.to_tenant_id))


def _said(release: Release, to: str) -> dict[str, object]:
    """A release for the log."""
    return {
        "to": to or "everybody", "mode": str(release.mode), "with_subtree": release.with_subtree,
        "until": release.until and release.until.isoformat(),
    }  # fmt: skip


def _reaches(tenant: Tenant):  # type: ignore[no-untyped-def]
    above = [t.id for t in tree.ancestors(tenant)]
    reached = Release.to_tenant_id.is_null() | (Release.to_tenant_id == tenant.id)
    if above:
        reached |= Release.to_tenant_id.in_(above) & Release.with_subtree
    return reached


def _same(tenant_id: int, kind: str, object_id: int, receiver: int | None, mode: ReleaseMode) -> bool:
    there = (Release.to_tenant_id == receiver) if receiver else Release.to_tenant_id.is_null()
    return (
        Release.select()
        .where(
            Release.tenant_id == tenant_id, Release.kind == kind, Release.object_id == object_id, there,
            Release.mode == mode,
            Release.recalled_at.is_null(), Release.until.is_null() | (Release.until > clock.now()),
        )
        .exists()
    )  # fmt: skip
