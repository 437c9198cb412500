"""Where released things are used: which tenants, how, how often. Only tenants and numbers leave."""

from dataclasses import dataclass

from flask import g
from flask_babel import gettext as _
from flask_babel import ngettext
from peewee import SQL, fn

from domain.accounts.models import Membership
from domain.audit.models import AuditEntry
from domain.content.models import Article
from domain.db import together, unscoped
from domain.issues.models import Block, Issue
from domain.releases.models import Release
from domain.tenancy import tree
from domain.tenancy.models import Tenant

ORIGINS = {"article": Article, "issue": Issue}


@dataclass(frozen=True)
class Place:
    """One tenant and what it does with the released thing."""

    tenant: str
    what: str


@unscoped("where the own released things are used; only tenants and numbers leave")
def counts(given: list[Release]) -> dict[tuple[str, int], int]:
    """(kind, id) → issues of other tenants that link it or stand in it, copies of it, people lent or holding it."""
    wanted: dict[str, dict[int, int]] = {}  # kind → what is counted by → object id
    for release in given:
        key = release.id if release.kind == "user" else release.object_id
        wanted.setdefault(release.kind, {})[key] = release.object_id
    kinds, queries = ("article", "issue", "user", "template", "role"), []
    if ids := list(wanted.get("article", ())):
        linked = Block.select(SQL("0").alias("nth"), Block.article_id, fn.COUNT(Block.id)).where(
            Block.source_tenant_id == g.tenant.id, Block.article_id.in_(ids), Block.position > 0
        )
        queries.append(linked.group_by(Block.article_id))
    for kind, model in ORIGINS.items():
        if ids := list(wanted.get(kind, ())):
            copied = model.select(
                SQL(str(kinds.index(kind))).alias("nth"), model.origin_id, fn.COUNT(model.id)
            )
            theirs = copied.where(model.origin_tenant_id == g.tenant.id, model.origin_id.in_(ids))
            queries.append(theirs.group_by(model.origin_id))
    if ids := list(wanted.get("user", ())):
        held = Membership.select(SQL("2").alias("nth"), Membership.release_id, fn.COUNT(Membership.id))
        queries.append(held.where(Membership.release_id.in_(ids)).group_by(Membership.release_id))
    if ids := list(wanted.get("template", ())):
        used = Issue.select(SQL("3").alias("nth"), Issue.template_id, fn.COUNT(Issue.id))
        theirs = used.where(Issue.template_id.in_(ids), Issue.tenant_id != g.tenant.id)
        queries.append(theirs.group_by(Issue.template_id))
    if ids := list(wanted.get("role", ())):
        held = Membership.select(SQL("4").alias("nth"), Membership.role, fn.COUNT(Membership.user.distinct()))
        theirs = held.where(Membership.role.in_(ids), Membership.tenant_id != g.tenant.id)
        queries.append(theirs.group_by(Membership.role))
    found: dict[tuple[str, int], int] = {}
    for place, key, number in together(queries):
        thing = (kinds[place], wanted[kinds[place]][key])
        found[thing] = found.get(thing, 0) + number
    return found


@unscoped("where the own released things are used; only tenants and numbers leave")
def places(release: Release) -> list[Place]:
    """Every tenant that uses what a release opens."""
    found: dict[int, list[str]] = {}
    kind, object_id = release.kind, release.object_id
    if kind == "article":
        linked = (
            Block.select(Block.tenant_id, fn.COUNT(Block.issue_id.distinct()))
            .where(Block.source_tenant_id == g.tenant.id, Block.article_id == object_id, Block.position > 0)
            .group_by(Block.tenant_id)
        )
        for tenant_id, count in linked.tuples():
            text = ngettext("linked in %(num)s issue", "linked in %(num)s issues", count)
            found.setdefault(tenant_id, []).append(text)
    if kind in ORIGINS:
        model = ORIGINS[kind]
        copied = (
            model.select(model.tenant_id, fn.COUNT(model.id))
            .where(model.origin_tenant_id == g.tenant.id, model.origin_id == object_id)
            .group_by(model.tenant_id)
        )
        for tenant_id, count in copied.tuples():
            found.setdefault(tenant_id, []).append(ngettext("%(num)s copy", "%(num)s copies", count))
    elif kind == "template":
        for tenant_id, count in _by_template(object_id).items():
            text = ngettext("used by %(num)s issue", "used by %(num)s issues", count)
            found.setdefault(tenant_id, []).append(text)
        for tenant_id, count in _copies_in_logs(kind, object_id).items():
            found.setdefault(tenant_id, []).append(ngettext("%(num)s copy", "%(num)s copies", count))
    elif kind == "role":
        given = Membership.select(Membership.tenant_id, fn.COUNT(Membership.user.distinct()))
        elsewhere = given.where(Membership.role == object_id, Membership.tenant_id != g.tenant.id)
        for tenant_id, count in elsewhere.group_by(Membership.tenant_id).tuples():
            text = ngettext("%(num)s person holds it", "%(num)s people hold it", count)
            found.setdefault(tenant_id, []).append(text)
    elif kind == "user":
        held = Membership.select(Membership.tenant_id).where(Membership.release_id == release.id).distinct()
        for (tenant_id,) in held.tuples():
            found.setdefault(tenant_id, []).append(_("works there with a role"))
    elif kind != "robinson":
        for tenant_id, count in _copies_in_logs(kind, object_id).items():
            found.setdefault(tenant_id, []).append(ngettext("%(num)s copy", "%(num)s copies", count))
    if kind == "robinson":
        found = {tenant_id: [_("holds there")] for tenant_id in _reached(release)}
    names = dict(Tenant.select(Tenant.id, Tenant.name).where(Tenant.id.in_(list(found) or [0])).tuples())
    return sorted(
        (
            Place(names[tenant_id], ", ".join(texts))
            for tenant_id, texts in found.items()
            if tenant_id in names
        ),
        key=lambda place: place.tenant.casefold(),
    )


def _by_template(template_id: int) -> dict[int, int]:
    """Tenant id → issues of other tenants that stand in a mail template of this one."""
    used = Issue.select(Issue.tenant_id, fn.COUNT(Issue.id)).where(
        Issue.template_id == template_id, Issue.tenant_id != g.tenant.id
    )
    return dict(used.group_by(Issue.tenant_id).tuples())


def _copies_in_logs(kind: str, object_id: int) -> dict[int, int]:
    """Tenant id → copies, as the logs tell it: these kinds of copies do not name their origin themselves."""
    found: dict[int, int] = {}
    rows = AuditEntry.select(AuditEntry.tenant_id, AuditEntry.details).where(
        AuditEntry.act == "release.copy", AuditEntry.kind == kind
    )
    for entry in rows:
        if (entry.details.get("from"), entry.details.get("original")) == (g.tenant.id, object_id):
            found[entry.tenant_id] = found.get(entry.tenant_id, 0) + 1
    return found


def _reached(release: Release) -> set[int]:
    """Ids of the tenants that a release reaches."""
    if release.to_tenant_id is None:
        ids = {tenant_id for (tenant_id,) in Tenant.select(Tenant.id).tuples()}
    else:
        ids = tree.subtree([release.to_tenant_id]) if release.with_subtree else {release.to_tenant_id}
    return ids - {release.tenant_id}
