"""Orders of the demo house: one that waits for the office, one that the office has taken on."""

from datetime import datetime, timedelta

from domain.accounts.models import User
from domain.orders import desk, wishes
from domain.orders.models import MailingOrder
from domain.tenancy import territory
from domain.tenancy.models import Tenant


def reading(tenant: Tenant, asker: User, now: datetime) -> MailingOrder:
    """Somebody wants readers of a town invited."""
    nodes = [node for node in territory.every(tenant.id) if node.depth]
    wish = wishes.Wish(
        title="Lesung in der Stadtbibliothek",
        text="Am Abend liest Lea Brügge aus ihrem neuen Roman.\nDer Eintritt ist frei, Anmeldung am Tresen.\n\n"
        "Wir freuen uns auf viele Zuhörer aus der Stadt.",
        audience="Alle, die den Kulturkalender bekommen",
        reason="Die Stadtbibliothek hat uns darum gebeten",
        wanted_on=(now + timedelta(days=12)).date(),
        reference="KULT-218",
        territory_id=nodes[0].id if nodes else None,
    )
    return desk.ask(tenant.id, wish, asker)


def survey(tenant: Tenant, asker: User) -> MailingOrder:
    """A journalist wants to ask readers something."""
    wish = wishes.Wish(
        title="Umfrage: Wie kommen Sie zur Arbeit?",
        text="Für eine Serie im Stadtgespräch fragen wir, wie unsere Leserschaft zur Arbeit kommt.\n\n"
        "Drei Fragen, zwei Minuten.",
        audience="Leser des Stadtgesprächs, die schon einmal geklickt haben",
        reason="Serie über den Verkehr, ab nächstem Monat",
    )
    return desk.ask(tenant.id, wish, asker)
