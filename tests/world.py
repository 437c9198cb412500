"""A small named world: two tenants that know nothing of each other, one person per role, three newsletter types."""

from dataclasses import dataclass, field

from domain.accounts import passwords, rolebook
from domain.accounts.models import Membership, Role, User
from domain.subscribers.models import DistributionList, NewsletterType
from domain.tenancy.models import Tenant

PASSWORD = "a sentence for tests"
_encoded = ""


@dataclass
class World:
    """`north` has people in every role and three types; `south` has an editor, an administrator and one type."""

    north: Tenant
    south: Tenant
    roles: dict[str, Role]
    people: dict[str, User] = field(default_factory=dict)
    types: dict[str, NewsletterType] = field(default_factory=dict)

    def __getattr__(self, name: str) -> User:
        try:
            return self.__dict__["people"][name]
        except KeyError:
            raise AttributeError(name) from None


def build() -> World:
    """Fill an empty, migrated database. People of north: journalist, editor, chief_editor, sender,
    subscriber_manager, administrator, auditor; of south: south_editor, south_administrator."""
    roles = rolebook.ensure_starters()
    north = Tenant.create(
        slug="north",
        name="Verlag Nord",
        settings={
            "sender_name": "Verlag Nord",
            "sender_address": "news@nord.example",
            "imprint": "Verlag Nord GmbH, Deichweg 1, 20457 Hamburg",
            "language": "en",
        },
    )
    south = Tenant.create(
        slug="south",
        name="Südpost",
        settings={"sender_address": "post@sued.example", "imprint": "Südpost, Am Markt 2", "language": "de"},
    )
    world = World(north, south, roles)
    for key, role in roles.items():
        world.people[key] = person(key, north, role)
    world.people["administrator"].administers_house = True
    world.people["administrator"].save()
    for key in ("editor", "administrator"):
        world.people[f"south_{key}"] = person(f"south_{key}", south, roles[key])
    for slug, name in (("city", "Stadtgespräch"), ("trade", "Wirtschaftsbrief"), ("arts", "Kulturkalender")):
        world.types[slug] = _type(north, slug, name)
    world.types["south"] = _type(south, "post", "Südpost-Brief")
    for tenant in (north, south):
        DistributionList.create(tenant_id=tenant.id, name="Alle", is_default=True)
    return world


def person(key: str, tenant: Tenant, role: Role) -> User:
    """Somebody with one role; e-mail `<key>@people.example`, password PASSWORD, language English."""
    global _encoded
    _encoded = _encoded or passwords.hash_password(PASSWORD)
    user = User.create(
        email=f"{key}@people.example",
        name=key.replace("_", " ").title(),
        password_hash=_encoded,
        language="en",
    )
    Membership.create(tenant_id=tenant.id, user=user, role=role)
    return user


def _type(tenant: Tenant, slug: str, name: str) -> NewsletterType:
    return NewsletterType.create(
        tenant_id=tenant.id,
        slug=slug,
        name=name,
        consent_text=f"Ich möchte {name} erhalten.",
        language=tenant.settings["language"],
    )
