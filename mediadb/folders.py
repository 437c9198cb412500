"""Folders of the media: a tree of names."""

from domain.db import database
from domain.errors import N_, Conflict, Invalid, NotFound
from mediadb.models import Asset, Folder
from mediadb.words import line


def folders(tenant_id: int) -> list[Folder]:
    """All folders of the tenant by name."""
    return list(Folder.select().where(Folder.tenant_id == tenant_id).order_by(Folder.name))


def folder(tenant_id: int, folder_id: int) -> Folder:
    found = Folder.get_or_none(Folder.tenant_id == tenant_id, Folder.id == folder_id)
    if found is None:
        raise NotFound
    return found


def path_to(found: list[Folder], folder_id: int | None) -> list[Folder]:
    """The folders from the top down to `folder_id`, out of all `found` ones."""
    by_id = {one.id: one for one in found}
    path: list[Folder] = []
    while folder_id in by_id and by_id[folder_id] not in path:
        path.insert(0, by_id[folder_id])
        folder_id = path[0].parent_id
    return path


def make_folder(tenant_id: int, name: str, parent_id: int | None = None) -> Folder:
    """A new folder; raises Invalid for an empty or taken name."""
    if parent_id is not None:
        folder(tenant_id, parent_id)
    name = _free_name(tenant_id, name, parent_id)
    return Folder.create(tenant_id=tenant_id, name=name, parent_id=parent_id)


def rename_folder(found: Folder, name: str) -> None:
    """Another name; raises Invalid for an empty or taken one."""
    if line(name, 120) != found.name:
        found.name = _free_name(found.tenant_id, name, found.parent_id)
        found.save()


def remove_folder(found: Folder) -> None:
    """Delete an empty folder; raises Conflict otherwise. What lies in the trash loses its folder."""
    inside = (Asset.tenant_id == found.tenant_id) & (Asset.folder_id == found.id)
    with database.atomic():
        if (
            Asset.select().where(inside, Asset.trashed_at.is_null()).exists()
            or Folder.select()
            .where(Folder.tenant_id == found.tenant_id, Folder.parent_id == found.id)
            .exists()
        ):
            raise Conflict(N_("This folder is not empty. Move or delete what is in it first."))
        Asset.update(folder_id=None).where(inside).execute()
        found.delete_instance()


def _free_name(tenant_id: int, name: str, parent_id: int | None) -> str:
    name = line(name, 120)
    if not name:
        raise Invalid(fields={"name": N_("A folder needs a name.")})
    beside = Folder.parent_id.is_null() if parent_id is None else Folder.parent_id == parent_id
    if Folder.select().where(Folder.tenant_id == tenant_id, Folder.name == name, beside).exists():
        raise Invalid(fields={"name": N_("There is already a folder with this name.")})
    return name
