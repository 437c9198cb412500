"""What every page of the media asks first: which folders the person reaches, and a file that lies in them."""

from datetime import date

from flask import g

from mediadb import library
from mediadb import reach as reaching
from mediadb.models import Asset


def reach() -> reaching.Reach:
    """Which folders the person does not reach, asked once per request."""
    if "media_reach" not in g:
        g.media_reach = reaching.of(g.tenant.id, g.rights)
    return g.media_reach


def asset(asset_id: int, changing: bool = False) -> Asset:
    """A file that the person may see, or change; raises NotFound, Forbidden."""
    found = reach().need(library.get(g.tenant.id, asset_id))
    if changing:
        reach().need_change(found.folder_id)
    return found


def day(text: str) -> date | None:
    """A day typed as 2027-12-31; None for all else."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
