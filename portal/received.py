"""What other tenants have released to this one, for the lists in which it stands beside the own things."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from flask import Flask, g
from peewee import Model

from dispatcher.jobs import copies
from domain.accounts.people import Loan
from domain.audit import log
from domain.content import alongside
from domain.errors import N_, Forbidden, NotFound
from domain.releases import ledger, lending
from domain.releases.models import Release, ReleaseMode
from domain.tenancy.models import Tenant
from mediadb import library
from portal.access import may
from portal.release_titles import titles

OTHERS = N_("This article belongs to another tenant; here it goes into issues.")
SHOWN = 20  # of one kind in a list; the page of releases has all
READ = 200  # articles that the pool looks through, the latest released


@dataclass(frozen=True)
class Beside:
    """One line: what it is, and from whom."""

    release: Release
    title: str
    giver: str


def init_app(app: Flask) -> None:
    app.jinja_env.globals["received_of"] = of_kind


def every() -> list[Release]:
    """All that reaches the tenant now, asked once in a request."""
    if "received" not in g:
        g.received = ledger.received(g.tenant)
    return g.received


def of_kind(kind: str) -> list[Beside]:
    """What stands beside the own things of a kind, newest first."""
    found = [release for release in every() if release.kind == kind][:SHOWN]
    if not found:
        return []
    named = titles(found)
    return [Beside(r, named[r.id], r.giver or "") for r in found if r.id in named]


def articles() -> list[alongside.Guest]:
    """Articles of other tenants that this person may see here, asked once in a request."""
    if "guests" not in g:
        found = [r for r in every() if r.kind == "article"][:READ] if may("article.see") else []
        g.guests = alongside.every(found, {r.tenant_id: r.giver or "" for r in found})
    return g.guests


def rows(model: type[Model], kind: str, to_administer: bool = False) -> list[Any]:
    """The own rows of a releasable kind and those released to the tenant, own ones first, in one query; only those
    that may be changed here, too, if asked."""
    mine = model.tenant_id == g.tenant.id
    for release in every():
        if release.kind == kind and (not to_administer or release.mode == ReleaseMode.ADMINISTER):
            mine |= (model.tenant_id == release.tenant_id) & (model.id == release.object_id)
    found = list(model.select().where(mine))
    return sorted(found, key=lambda row: (row.tenant_id != g.tenant.id, row.name.casefold()))


def administered(kind: str) -> set[int]:
    """Ids of what other tenants have released of a kind to be changed here, too."""
    return {r.object_id for r in every() if r.kind == kind and r.mode == ReleaseMode.ADMINISTER}


def tell_change(owner_id: int, kind: str, object_id: int) -> None:
    """What is changed here and belongs to another tenant stands in both logs: who did it from where."""
    if owner_id == g.tenant.id:
        return
    for tenant_id in (owner_id, g.tenant.id):
        log.record(
            tenant_id, "release.changed", user_id=g.user.id, kind=kind, object_id=object_id,
            details={"by": g.tenant.id, "of": owner_id},
        )  # fmt: skip


def givers_of(found: Iterable[Any]) -> dict[int, str]:
    """Tenant id → name, of rows that are not the tenant's own."""
    ids = {row.tenant_id for row in found} - {g.tenant.id}
    return dict(Tenant.select(Tenant.id, Tenant.name).where(Tenant.id.in_(ids)).tuples()) if ids else {}


def folders() -> dict[int, Beside]:
    """Number of the release → a folder whose pictures may be used here."""
    return {beside.release.id: beside for beside in of_kind("folder")}


def asset_id(chosen: int) -> int:
    """The own file with this number; one of a released folder becomes an own one. Raises NotFound."""
    try:
        return library.get(g.tenant.id, chosen).id
    except NotFound:
        for release in every():
            if release.kind == "folder" and any(
                asset.id == chosen
                for asset in library.in_folder(release.tenant_id, release.object_id, [chosen])
            ):
                made = copies.asset(release.tenant_id, chosen, g.tenant.id)
                if made is not None:
                    return made
        raise


def picture_id(chosen: int) -> int:
    """As `asset_id`, for what mails show: raises NotFound for documents, of which SVG is one."""
    return library.picture(g.tenant.id, asset_id(chosen)).id


def check_robinson_right(right: str = "subscriber.suppress_others") -> None:
    """Refuse a change of a Robinson list that holds in other tenants to who may only change the own."""
    if not may(right) and ledger.holds_elsewhere(g.tenant.id, "robinson"):
        raise Forbidden(
            N_(
                "This list holds in other tenants, too; changing it is a right of its own. A mailing lock holds here."
            )
        )


def role_loans() -> dict[int, Loan]:
    """Roles of other tenants that people here may hold."""
    return lending.role_loans(every())
