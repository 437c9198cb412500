"""The tenant's own queue: what waits, through which servers it goes."""

from flask import Blueprint, Response, g

from domain.accounts.permissions import Permission as P
from domain.campaigns import queues
from domain.senders import breaker, relays
from portal import hypermedia
from portal.access import requires

bp = Blueprint("dispatch", __name__)


@bp.get("/admin/queue")
@requires(P.RELAY_EDIT)
def queue() -> Response:
    """The page; by htmx only the figures, every two seconds."""
    return hypermedia.page(
        "dispatch/queue.html", "dispatch/_queue.html", queues=queues.of_tenant(g.tenant.id),
        relays=relays.serving(g.tenant.id, ""), is_open=breaker.is_open,
    )  # fmt: skip
