"""How much a tenant may keep: ceilings per file, person and tenant, and whether it takes archives."""

from dataclasses import dataclass

from peewee import fn

from domain.audit import log
from domain.db import database
from domain.errors import N_, Invalid, OverLimit
from mediadb.models import Asset, MediaLimits

MB = 1024 * 1024
HOUSE_FILE_MB = 25
MOST_FILE_MB = 60  # what one request may carry
FIELDS = ("file_mb", "user_mb", "tenant_mb")


@dataclass(frozen=True)
class Limits:
    """In force for a tenant, in megabytes; None: no ceiling."""

    file_mb: int = HOUSE_FILE_MB
    user_mb: int | None = None
    tenant_mb: int | None = None
    zip_allowed: bool = False

    @property
    def file_bytes(self) -> int:
        return self.file_mb * MB


def of(tenant_id: int) -> Limits:
    """The ceilings of a tenant."""
    found = MediaLimits.get_or_none(MediaLimits.tenant_id == tenant_id)
    if found is None:
        return Limits()
    return Limits(found.file_mb or HOUSE_FILE_MB, found.user_mb, found.tenant_mb, found.zip_allowed)


def set_limits(tenant_id: int, user_id: int, wanted: dict[str, int | None], zip_allowed: bool) -> None:
    """Set the ceilings (None: none of its own). Raises Invalid with the fields that are no such number."""
    wrong: dict[str, str | tuple[str, dict[str, object]]] = {}
    for name in FIELDS:
        value = wanted.get(name)
        if value is not None and not 1 <= value <= (MOST_FILE_MB if name == "file_mb" else 10_000_000):
            most = MOST_FILE_MB if name == "file_mb" else 10_000_000
            wrong[name] = (
                N_("Enter a whole number from 1 to %(most)s, or leave the field empty."),
                {"most": most},
            )
    if wrong:
        raise Invalid(fields=wrong)
    values = {name: wanted.get(name) for name in FIELDS} | {"zip_allowed": zip_allowed}
    with database.atomic():
        changed = MediaLimits.update(**values).where(MediaLimits.tenant_id == tenant_id).execute()
        if not changed:
            MediaLimits.create(tenant_id=tenant_id, **values)
        log.record(
            tenant_id, "media.limits", user_id=user_id, kind="tenant", object_id=tenant_id, details=values
        )


def used(tenant_id: int, user_id: int | None = None) -> int:
    """Bytes that a tenant, or one person in it, keeps; what lies in the trash counts until it is deleted."""
    query = Asset.select(fn.COALESCE(fn.SUM(Asset.size_bytes), 0)).where(Asset.tenant_id == tenant_id)
    if user_id is not None:
        query = query.where(Asset.uploaded_by_id == user_id)
    return int(query.scalar())


def check(tenant_id: int, user_id: int, size: int, limits: Limits) -> None:
    """Raise OverLimit if a file of `size` bytes has no room any more."""
    if limits.tenant_mb is not None:
        left = limits.tenant_mb * MB - used(tenant_id)
        if size > left:
            raise OverLimit(
                N_("The media of this tenant are full (%(most)s MB). Delete what nobody needs, or ask for more room."),
                remaining=max(0, left), most=limits.tenant_mb,
            )  # fmt: skip
    if limits.user_mb is not None:
        left = limits.user_mb * MB - used(tenant_id, user_id)
        if size > left:
            raise OverLimit(
                N_("You have used your room in the media (%(most)s MB). Delete what nobody needs, or ask for more."),
                remaining=max(0, left), most=limits.user_mb,
            )  # fmt: skip
