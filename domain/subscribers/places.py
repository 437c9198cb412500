"""Who belongs to a node of the territory tree, and what keeps a node from being deleted."""

from domain.accounts.models import Membership
from domain.db import database
from domain.errors import N_, Conflict
from domain.subscribers.models import Subscriber
from domain.tenancy import territory


def count(tenant_id: int, node_id: int, most: int) -> int:
    """People of a node and below, counted up to `most` + 1."""
    nodes = territory.below(tenant_id, [node_id])
    query = Subscriber.select(Subscriber.id).where(
        Subscriber.tenant_id == tenant_id, Subscriber.territory_id.in_(nodes or [0])
    )
    return query.limit(most + 1).count()


def delete(tenant_id: int, node_id: int, user_id: int) -> None:
    """Delete a node to which nobody belongs and nobody is bound; raises Conflict, NotFound."""
    with database.atomic():
        territory.get(tenant_id, node_id)
        if count(tenant_id, node_id, 0):
            raise Conflict(N_("People belong to this territory. Move them to another one first."))
        if Membership.select().where(
            Membership.tenant_id == tenant_id, Membership.territory_id == node_id
        ).exists():  # fmt: skip
            raise Conflict(
                N_(
                    "Somebody's access is bound to this territory. Change that first, on the page of the person."
                )
            )
        territory.delete(tenant_id, node_id, user_id)
