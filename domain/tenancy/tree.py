"""Find tenants and walk their tree."""

import re
import unicodedata
from collections.abc import Iterable

from domain.db import database
from domain.errors import N_, Invalid, NotFound
from domain.tenancy.models import Tenant

RESERVED = frozenset(
    {"house", "account", "api", "static", "media", "public", "admin", "www", "setup", "signin"}
)
_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")


def by_slug(slug: str) -> Tenant:
    """The tenant of a URL; raises NotFound."""
    tenant = Tenant.get_or_none(Tenant.slug == slug)
    if tenant is None:
        raise NotFound
    return tenant


def by_host(host: str) -> Tenant | None:
    """The tenant whose own host name this is."""
    return Tenant.get_or_none(Tenant.host == host.casefold())


def get(tenant_id: int) -> Tenant:
    tenant = Tenant.get_or_none(Tenant.id == tenant_id)
    if tenant is None:
        raise NotFound
    return tenant


def ancestors(tenant: Tenant) -> list[Tenant]:
    """From the tenant's parent up to the root; a ring (which only a broken import could make) ends the walk."""
    found: list[Tenant] = []
    parent_id = tenant.parent_id
    while parent_id and parent_id not in {t.id for t in found} | {tenant.id}:
        parent = Tenant.get_or_none(Tenant.id == parent_id)
        if parent is None:
            break
        found.append(parent)
        parent_id = parent.parent_id
    return found


def subtree(roots: Iterable[int]) -> set[int]:
    """Ids of the tenants `roots` and of all below them, in one query."""
    below: dict[int, list[int]] = {}
    for tenant_id, parent_id in database.execute(Tenant.select(Tenant.id, Tenant.parent_id)):
        below.setdefault(parent_id or 0, []).append(tenant_id)
    found, stack = set(), list(roots)
    while stack:
        tenant_id = stack.pop()
        if tenant_id not in found:
            found.add(tenant_id)
            stack += below.get(tenant_id, [])
    return found


def check_slug(slug: str) -> str:
    """`slug` if it can stand in addresses and is free; raises Invalid (field `slug`)."""
    if not _SLUG.fullmatch(slug):
        raise Invalid(fields={"slug": N_("Use small letters, digits and hyphens, at most 40 characters.")})
    if slug in RESERVED or Tenant.select().where(Tenant.slug == slug).exists():
        raise Invalid(fields={"slug": N_("This short name is taken. Choose another one.")})
    return slug


def slug_of(name: str) -> str:
    """A suggestion for a short name: "Verlag Südpost" → "verlag-suedpost"."""
    for umlaut, plain in (("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("ß", "ss")):
        name = name.casefold().replace(umlaut, plain)
    ascii_only = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", ascii_only).strip("-")[:40].strip("-")
