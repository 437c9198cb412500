"""Public addresses of media: stable, unguessable, the same in portal and mails."""

from mediadb.models import Asset, AssetKind


def path(asset: Asset, size: str = "file") -> str:
    """`/media/<key>/<size>`; documents have only the size `file`."""
    return f"/media/{asset.public_key}/{size if asset.kind == AssetKind.PICTURE else 'file'}"


def absolute(base_url: str, asset: Asset, size: str) -> str:
    """With the host of the tenant, for mails."""
    return base_url.rstrip("/") + path(asset, size)
