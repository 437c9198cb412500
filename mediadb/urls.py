"""Public addresses of media: stable, unguessable, the same in portal and mails."""

from mediadb.models import Asset, AssetKind


def path(asset: Asset, size: str = "file") -> str:
    """`/media/<key>/<size>`; documents have only the size `file`."""
    return f"/media/{asset.public_key}/{size if asset.kind == AssetKind.PICTURE else 'file'}"


def mail_size(asset: Asset, pixels: int) -> str:
    """The size of a picture that is shown `pixels` wide in a mail, sharp on screens with twice as many points."""
    if pixels <= 300:
        return "mail600"
    wide = (asset.width or 0) * (asset.crop[2] if asset.crop else 1000) // 1000
    return "mail1440" if pixels > 600 and wide > 1200 else "mail1200"


def absolute(base_url: str, asset: Asset, size: str) -> str:
    """With the host of the tenant, for mails."""
    return base_url.rstrip("/") + path(asset, size)
