"""Media of folders that are approved: what lies in such a folder goes into no mail before somebody has approved it."""

import hashlib
import json
from collections.abc import Iterable
from functools import partial

from domain.accounts.models import User
from domain.approvals import flow, listing, setup
from domain.approvals.models import Approval, ApprovalState
from domain.approvals.setup import MEDIA as KIND
from domain.content import voiding
from domain.db import abreast
from domain.errors import N_, Conflict
from mediadb import library
from mediadb.models import Asset, Folder


def fingerprint(asset: Asset) -> str:
    """Hex over the file and what stands with it."""
    said = [asset.sha256, asset.title, asset.alt, asset.credit]
    return hashlib.sha256(json.dumps(said, ensure_ascii=False).encode()).hexdigest()


def guard(tenant_id: int, folder_id: int | None) -> int | None:
    """The folder whose flow holds for media in this one: itself or the nearest above it; None: no approval needed."""
    guarded = setup.folders(tenant_id) if folder_id else set()
    if not guarded:
        return None
    parents = dict(Folder.select(Folder.id, Folder.parent_id).where(Folder.tenant_id == tenant_id).tuples())
    here, seen = folder_id, set()
    while here and here not in guarded and here not in seen:
        seen.add(here)
        here = parents.get(here)
    return here if here in guarded else None


def ask(asset: Asset, user: User, note: str = "") -> Approval | None:
    """Open the request for a medium; None where its folder needs none or this version is cleared already."""
    folder_id = guard(asset.tenant_id, asset.folder_id)
    mark = fingerprint(asset)
    if folder_id is None or flow.is_approved(asset.tenant_id, KIND, asset.id, mark):
        return None
    waiting = latest(asset)
    if waiting and waiting.state == ApprovalState.OPEN and waiting.fingerprint == mark:
        raise Conflict(N_("Approval has already been asked for."))
    return flow.ask(
        asset.tenant_id,
        KIND,
        asset.id,
        mark,
        user.id,
        note,
        title=asset.title or asset.filename,
        folder_id=folder_id,
    )


def changed(asset: Asset, user: User) -> None:
    """A medium was described anew or replaced: what was asked or granted for the old version is void."""
    found = latest(asset)
    if (
        found
        and found.state in (ApprovalState.OPEN, ApprovalState.APPROVED)
        and found.fingerprint != fingerprint(asset)
    ):
        voiding.void(asset.tenant_id, KIND, asset.id, N_("The file or its description was changed."), user.id)


def latest(asset: Asset) -> Approval | None:
    """The newest request for a medium."""
    return listing.latest(asset.tenant_id, KIND, asset.id)


def uncleared(tenant_id: int, assets: Iterable[Asset]) -> dict[int, Asset]:
    """Those that lie in an approved folder of the tenant and are not cleared in the version they have now."""
    if not setup.folders(tenant_id):
        return {}
    mine = [asset for asset in assets if asset.tenant_id == tenant_id]
    lacking = abreast(*(partial(_lacks, asset) for asset in mine))
    return {asset.id: asset for asset, lacks in zip(mine, lacking, strict=True) if lacks}


def _lacks(asset: Asset) -> bool:
    guarded, cleared = abreast(
        lambda: guard(asset.tenant_id, asset.folder_id),
        lambda: flow.is_approved(asset.tenant_id, KIND, asset.id, fingerprint(asset)),
    )
    return bool(guarded) and not cleared


def get(approval: Approval) -> Asset:
    """The medium that a request is for; raises NotFound."""
    return library.get(approval.tenant_id, approval.object_id)
