"""Tenants, newsletter types, lists, sender domains and limits of the demo house."""

from dataclasses import dataclass

from domain import clock
from domain.accounts.models import Role, User
from domain.issues import mailtemplates
from domain.quotas import ledger as quotas
from domain.quotas.models import Window
from domain.senders.models import SenderDomain
from domain.subscribers import types
from domain.subscribers.models import DistributionList, NewsletterType
from domain.tenancy.models import Tenant

LINDENHOF = {
    "sender_name": "Verlag Lindenhof",
    "sender_address": "post@lindenhof.example",
    "reply_to": "redaktion@lindenhof.example",
    "imprint": "Verlag Lindenhof GmbH · Marktstraße 8 · 30159 Hannover\n"
    "Geschäftsführung: Dr. Sabine Röhl · HRB 48211 Hannover",
    "privacy_url": "https://lindenhof.example/datenschutz",
    "colour": "#2d6a4f",
    "language": "de",
    "time_zone": "Europe/Berlin",
    "tracking": "people",
}
SUEDPOST = {  # the rest comes from above
    "sender_name": "Lindenhof Südpost",
    "sender_address": "post@suedpost.example",
    "reply_to": "redaktion@suedpost.example",
    "imprint": "Lindenhof Südpost, Zweigstelle der Verlag Lindenhof GmbH · Lange Straße 41 · 31582 Nienburg",
    "colour": "#8c3f2f",
    "tracking": "off",
}
LIMITS = {  # starter role → mails per day and month
    "editor": (40_000, 300_000),
    "sender": (40_000, 300_000),
    "chief_editor": (60_000, 500_000),
}


@dataclass(frozen=True)
class Offer:
    """A newsletter type before it is made."""

    tenant: str
    slug: str
    name: str
    rhythm: str
    description: str
    sender: str
    tracking: str = ""  # as far as the tenant goes


OFFERS = (
    Offer(
        "lindenhof",
        "stadtgespraech",
        "Stadtgespräch",
        "freitags",
        "Was Hannover bewegt: Verkehr, Politik, Kultur.",
        "stadtgespraech@lindenhof.example",
    ),
    Offer(
        "lindenhof",
        "wirtschaftsbrief",
        "Wirtschaftsbrief",
        "dienstags",
        "Handwerk, Mittelstand und Kommunen der Region.",
        "wirtschaft@lindenhof.example",
        "off",
    ),
    Offer(
        "lindenhof",
        "kulturkalender",
        "Kulturkalender",
        "monatlich",
        "Bühnen, Konzerte, Ausstellungen, mit Kartenpreisen.",
        "kultur@lindenhof.example",
        "numbers",
    ),
    Offer(
        "suedpost",
        "suedpost-brief",
        "Südpost-Brief",
        "jeden zweiten Donnerstag",
        "Neues aus Nienburg, Hoya und den Dörfern an der Weser.",
        "post@suedpost.example",
    ),
)
LISTS = {
    "lindenhof": ("Alle Abonnenten", "Anzeigenkunden", "Presse und Politik"),
    "suedpost": ("Alle Abonnenten",),
}


def tenants() -> dict[str, Tenant]:
    """Head office and branch, slug → tenant. They mail into the catcher whatever SMTP_URL says."""
    head = Tenant.create(slug="lindenhof", name="Verlag Lindenhof", is_demo=True, settings=LINDENHOF)
    branch = Tenant.create(
        slug="suedpost", name="Lindenhof Südpost", is_demo=True, parent_id=head.id, settings=SUEDPOST
    )
    return {"lindenhof": head, "suedpost": branch}


def furnish(
    found: dict[str, Tenant], roles: dict[str, Role], administrator: User
) -> tuple[dict[str, NewsletterType], dict[str, list[DistributionList]]]:
    """Types by slug and lists by tenant (the default one first); sender domains and limits beside them."""
    for slug, tenant in found.items():
        SenderDomain.create(
            tenant_id=tenant.id, domain=f"{slug}.example", verified_at=clock.now(),
            verified_by_id=administrator.id, reason="Eigene Domain des Verlags",
        )  # fmt: skip
    for key, (per_day, per_month) in LIMITS.items():
        quotas.set_limits(roles[key].id, {Window.DAY: per_day, Window.MONTH: per_month})
    kinds = {offer.slug: _type(found[offer.tenant], offer, administrator) for offer in OFFERS}
    _dress(kinds["kulturkalender"], administrator)
    return kinds, {
        slug: [
            DistributionList.create(tenant_id=tenant.id, name=name, is_default=not n)
            for n, name in enumerate(LISTS[slug])
        ]
        for slug, tenant in found.items()
    }


def _dress(kind: NewsletterType, administrator: User) -> None:
    """A mail template of its own for a newsletter type; the others have the look of the house."""
    template = mailtemplates.create(kind.tenant_id, "Kultur", "gazette", administrator.id)
    mailtemplates.hold_for(template, [kind.id], administrator.id)


def _type(tenant: Tenant, offer: Offer, administrator: User) -> NewsletterType:
    values = {
        "slug": offer.slug,
        "name": offer.name,
        "description": offer.description,
        "rhythm": offer.rhythm,
        "public": True,
        "archived": True,
        "sender_name": offer.name,
        "sender_address": offer.sender,
        "language": "de",
        "tracking": offer.tracking,
        "consent_text": f"Ich möchte den Newsletter „{offer.name}“ ({offer.rhythm}) von {tenant.name} per E-Mail "
        "erhalten. Ich kann ihn jederzeit über den Link in jeder Ausgabe abbestellen.",
    }
    return types.save(tenant.id, values, administrator.id)
