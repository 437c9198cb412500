"""Whether a page that names an audience counts it: one of a few thousand people, yes; of more, the page stands first
and then asks for the exact numbers."""

from flask import request

from domain.campaigns import audience
from portal import hypermedia


def comes_later(tenant_id: int) -> bool:
    """Whether the page at hand leaves the count out: not what it then asks for, nor who counts by hand, without
    script (`?count=1`)."""
    return not hypermedia.wants_fragment() and "count" not in request.args and audience.is_large(tenant_id)
