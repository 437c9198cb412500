"""The people of the demo house, and how a visitor signs in as one of them."""

from dataclasses import dataclass, field

from domain.accounts.models import Membership, Role, User
from domain.accounts.passwords import hash_password
from domain.tenancy.models import Tenant

PASSWORD = "lindenhof-demo"  # noqa: S105 - printed at the start; demo tenants mail nobody outside


@dataclass(frozen=True)
class Person:
    """Somebody with his roles: slug of the tenant → key of the starter role."""

    key: str
    name: str
    roles: dict[str, str] = field(default_factory=dict)
    administers_house: bool = False
    host: str = "lindenhof.example"

    @property
    def email(self) -> str:
        return f"{self.key}@{self.host}"


CAST = (
    Person("sabine.roehl", "Dr. Sabine Röhl", {"lindenhof": "chief_editor"}),
    Person("katrin.albers", "Katrin Albers", {"lindenhof": "editor", "suedpost": "editor"}),
    Person("tobias.kern", "Tobias Kern", {"lindenhof": "sender"}),
    Person("jonas.weidner", "Jonas Weidner", {"lindenhof": "journalist"}),
    Person("meral.aydin", "Meral Aydın", {"lindenhof": "journalist"}),
    Person("hannah.voss", "Hannah Voss", {"lindenhof": "journalist"}),
    Person("piotr.kowalski", "Piotr Kowalski", {"lindenhof": "journalist"}),
    Person("nele.brinkmann", "Nele Brinkmann", {"lindenhof": "subscriber_manager"}),
    Person(
        "ingrid.matthiesen",
        "Ingrid Matthiesen",
        {"lindenhof": "administrator", "suedpost": "administrator"},
        administers_house=True,
    ),
    Person("henrik.sievers", "Henrik Sievers", {"lindenhof": "auditor", "suedpost": "auditor"}),
    Person("lars.petersen", "Lars Petersen", {"suedpost": "chief_editor"}, host="suedpost.example"),
    Person("anke.ruhnau", "Anke Ruhnau", {"suedpost": "journalist"}, host="suedpost.example"),
)

_SHOWN = (
    ("Journalist", "jonas.weidner"),
    ("Editor", "katrin.albers"),
    ("Chief editor", "sabine.roehl"),
    ("Sender", "tobias.kern"),
    ("Subscriber manager", "nele.brinkmann"),
    ("Administrator", "ingrid.matthiesen"),
    ("Auditor", "henrik.sievers"),
    ("Branch, chief editor", "lars.petersen"),
)
_EMAILS = {person.key: person.email for person in CAST}
LOGINS: list[tuple[str, str, str]] = [(role, _EMAILS[key], PASSWORD) for role, key in _SHOWN]
"""(role in words, e-mail, password) of the demo logins."""


def create(tenants: dict[str, Tenant], roles: dict[str, Role]) -> dict[str, User]:
    """Everybody of CAST with the roles; first name in small letters (`meral`) → user."""
    encoded = hash_password(PASSWORD)  # once: argon2 is slow on purpose
    users = {}
    for person in CAST:
        user = User.create(
            email=person.email,
            name=person.name,
            password_hash=encoded,
            administers_house=person.administers_house,
        )
        for slug, role in person.roles.items():
            Membership.create(tenant_id=tenants[slug].id, user=user, role=roles[role])
        users[person.key.partition(".")[0]] = user
    return users
