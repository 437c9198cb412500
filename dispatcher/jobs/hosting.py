"""Pictures in copied texts become the tenant's own, so that nothing the source deletes leaves a gap."""

import re
from collections.abc import Callable
from typing import Any

from mediadb.models import Asset

Copier = Callable[[int, int | None, int], int | None]
_MEDIA = re.compile(r"/media/([A-Za-z0-9_-]{10,40})/")


def own_data(data: dict[str, Any], source_id: int, target_id: int, copier: Copier) -> dict[str, Any]:
    """The content of a block with its pictures in the target; `copier` is copies.asset."""
    made = dict(data)
    for key, value in data.items():
        if key.startswith("asset_id") and str(value or "").isdigit():
            made[key] = copier(source_id, int(value), target_id)
        elif isinstance(value, str) and "/media/" in value:
            made[key] = own(value, source_id, target_id, copier)
    return made


def own(html: str, source_id: int, target_id: int, copier: Copier) -> str:
    """Text that shows the target's copies of the pictures of the source."""
    keys = set(_MEDIA.findall(html or ""))
    if not keys:
        return html
    found = list(Asset.select().where(Asset.tenant_id == source_id, Asset.public_key.in_(keys)))
    ids = {asset.public_key: copier(source_id, asset.id, target_id) for asset in found}
    mine = Asset.select().where(
        Asset.tenant_id == target_id, Asset.id.in_([i for i in ids.values() if i] or [0])
    )
    there = {asset.id: asset.public_key for asset in mine}
    keyed = {key: there[asset_id] for key, asset_id in ids.items() if asset_id in there}
    return _MEDIA.sub(lambda match: f"/media/{keyed.get(match[1], match[1])}/", html)
