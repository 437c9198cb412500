"""Rights per folder: a folder with rights of its own, and all below it, is reached only by the roles it names."""

from collections.abc import Iterable
from dataclasses import dataclass

from domain.accounts.permissions import Permission
from domain.accounts.policy import Rights
from domain.audit import log
from domain.db import database
from domain.errors import N_, Forbidden, NotFound
from mediadb import folders
from mediadb.models import Asset, Folder, FolderRight


@dataclass(frozen=True)
class Reach:
    """What somebody does not reach: `hidden` folders look as if they did not exist, in `fixed` ones nothing may be
    changed."""

    hidden: frozenset[int] = frozenset()
    fixed: frozenset[int] = frozenset()

    def need(self, asset: Asset) -> Asset:
        """The asset; raises NotFound in a hidden folder."""
        if asset.folder_id in self.hidden:
            raise NotFound
        return asset

    def need_folder(self, folder: Folder) -> Folder:
        if folder.id in self.hidden:
            raise NotFound
        return folder

    def may_change(self, folder_id: int | None) -> bool:
        return folder_id not in self.hidden and folder_id not in self.fixed

    def need_change(self, folder_id: int | None) -> None:
        """Raise NotFound in a hidden folder, Forbidden in one that may only be read."""
        if folder_id in self.hidden:
            raise NotFound
        if folder_id in self.fixed:
            raise Forbidden(N_("You may use the files of this folder, but not change them."))


def of(tenant_id: int, rights: Rights) -> Reach:
    """What a person with `rights` does not reach. Administrators of the tenant reach everything."""
    named = of_folders(tenant_id)
    if not named or Permission.TENANT_EDIT in rights:
        return Reach()
    mine = set(rights.role_ids)
    every = folders.folders(tenant_id)
    hidden, fixed = set(), set()
    for folder in every:
        chain = [named[above.id] for above in folders.path_to(every, folder.id) if above.id in named]
        if any(not mine & set(roles) for roles in chain):
            hidden.add(folder.id)
        elif any(not any(roles.get(role) for role in mine) for roles in chain):
            fixed.add(folder.id)
    return Reach(frozenset(hidden), frozenset(fixed))


def of_folders(tenant_id: int) -> dict[int, dict[int, bool]]:
    """Folder id → role id → whether it may change what is in it; only folders with rights of their own."""
    found: dict[int, dict[int, bool]] = {}
    for row in FolderRight.select().where(FolderRight.tenant_id == tenant_id):
        found.setdefault(row.folder_id, {})[row.role_id] = row.may_edit
    return found


def set_rights(folder: Folder, wanted: dict[int, bool], user_id: int, known: Iterable[int]) -> None:
    """Say which roles reach a folder (role id → may change it); none: everybody as before. Raises NotFound for a role
    that is not `known` in the tenant."""
    if not set(wanted) <= set(known):
        raise NotFound
    mine = (FolderRight.tenant_id == folder.tenant_id) & (FolderRight.folder_id == folder.id)
    with database.atomic():
        FolderRight.delete().where(mine).execute()
        for role_id, may_edit in sorted(wanted.items()):
            FolderRight.create(
                tenant_id=folder.tenant_id, folder_id=folder.id, role_id=role_id, may_edit=may_edit
            )
        log.record(
            folder.tenant_id, "media.rights", user_id=user_id, kind="folder", object_id=folder.id,
            details={"roles": {str(k): v for k, v in sorted(wanted.items())}},
        )  # fmt: skip
