"""Where the readers of the demo house live: a small tree of territories, filled by their cities."""

from domain.subscribers.models import Subscriber
from domain.tenancy import territory
from domain.tenancy.models import Tenant

TREE = {
    "Region Hannover": (
        "Hannover", "Laatzen", "Langenhagen", "Garbsen", "Seelze", "Lehrte", "Burgdorf", "Wunstorf", "Barsinghausen",
        "Springe", "Neustadt am Rübenberge",
    ),
    "Mittelweser": ("Nienburg/Weser", "Hoya", "Bücken"),
    "Schaumburg": ("Stadthagen", "Bückeburg"),
    "Südniedersachsen": ("Hildesheim", "Hameln", "Göttingen"),
    "Celle und Peine": ("Celle", "Peine"),
}  # fmt: skip


def settle(tenant: Tenant, user_id: int) -> None:
    """Make the tree and put everybody whose city stands in it there; the others stay at its top."""
    top = territory.create(tenant.id, "Niedersachsen", None, user_id).id
    mine = Subscriber.tenant_id == tenant.id
    Subscriber.update(territory_id=top).where(mine).execute()
    for name, cities in TREE.items():
        node = territory.create(tenant.id, name, top, user_id).id
        Subscriber.update(territory_id=node).where(mine, Subscriber.city.in_(cities)).execute()
