"""Thousands of invented readers with what they signed up for: written set-wise, always the same ones."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from peewee import Model

from domain.db import database, sql
from domain.subscribers import addresses, suppression, words
from domain.subscribers.models import (
    Consent,
    ConsentEvent,
    Deliverability,
    DistributionList,
    ListMember,
    NewsletterType,
    Organisation,
    Subscriber,
    Subscription,
)
from domain.tenancy import tree
from domain.tenancy.models import Tenant
from portal.demo import days, names

SEED = 1912
STATES = (  # of the subscriptions, in a hundred
    (Consent.CONFIRMED, 86), (Consent.PROVED, 5), (Consent.UNKNOWN, 2), (Consent.PENDING, 3), (Consent.REVOKED, 4),
)  # fmt: skip
ACTS = {Consent.PROVED: "import_proved", Consent.UNKNOWN: "import_unknown"}
PROOF = "Bestellkarte der Leserreise, Aktenordner 2019/7"
LOCKS = ("Bittet um Ruhe bis zur Rückkehr", "Rechtsstreit, nur mit der Rechtsabteilung", "Abo ruht, Umzug")
SUPPRESSIONS = (
    "Beschwerde über Werbung, telefonisch",
    "Eintrag in der Robinsonliste",
    "Verstorben, Mitteilung der Familie",
)
AGENTS = (
    "Mozilla/5.0 (X11; Linux x86_64) Firefox/139.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X)",
)

_UNDECOMPOSED = str.maketrans(
    {"ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ı": "i", "ø": "oe", "Ø": "Oe", "þ": "th", "Þ": "Th"}
)


@dataclass(frozen=True)
class Plan:
    """How many readers a tenant has, and the share of them that knows each type."""

    count: int
    companies: int
    shares: dict[str, float]


PLANS = {
    "lindenhof": Plan(5_000, 170, {"stadtgespraech": 0.88, "wirtschaftsbrief": 0.34, "kulturkalender": 0.29}),
    "suedpost": Plan(600, 30, {"suedpost-brief": 1.0}),
}


def fill(
    tenant: Tenant,
    kinds: dict[str, NewsletterType],
    lists: Sequence[DistributionList],
    manager_id: int,
    now: datetime,
) -> int:
    """Write the readers of a tenant; returns how many. The caller has opened the transaction."""
    plan = PLANS[tenant.slug]
    dice = random.Random(f"{SEED}-{tenant.slug}")  # noqa: S311 - the same people at every start, no secret
    invented = _Inventor(tenant, dice, now)
    organisations = invented.organisations(plan.companies)
    _insert(Organisation, organisations)
    ids = dict(
        Organisation.select(Organisation.name, Organisation.id)
        .where(Organisation.tenant_id == tenant.id)
        .tuples()
    )
    _insert(Subscriber, list(invented.people(plan.count, ids)))
    query = Subscriber.select(
        Subscriber.id, Subscriber.address_key, Subscriber.created_at, Subscriber.organisation_id
    )
    people = list(query.where(Subscriber.tenant_id == tenant.id).order_by(Subscriber.id).tuples())
    _insert(ListMember, _members(tenant.id, people, lists))
    _subscribe(
        tenant, people, [(kinds[slug], share) for slug, share in plan.shares.items()], manager_id, dice, now
    )
    _suppress(tenant.id, people, manager_id, dice, now)
    return len(people)


class _Inventor:
    """Invents people with names that fit each other and addresses that are free."""

    def __init__(self, tenant: Tenant, dice: random.Random, now: datetime) -> None:
        self._tenant, self._dice, self._now = tenant, dice, now
        self._taken: set[str] = set()
        self._hosts: dict[str, str] = {}

    def organisations(self, companies: int) -> list[dict[str, Any]]:
        german = names.ORIGINS[0]
        found = [reader.organisation for reader in names.KNOWN_READERS if reader.organisation] + list(
            names.INSTITUTIONS
        )
        while len(found) < companies:
            found.append(self._dice.choice(names.COMPANIES).format(last=self._dice.choice(german.last)))
        rows = []
        for n, name in enumerate(dict.fromkeys(found)):
            self._hosts[name] = f"{_ascii(name)}.example"
            locked = "Vertrag gekündigt, keine Mailings" if n % 60 == 59 else None
            rows.append(
                {
                    "tenant_id": self._tenant.id,
                    "name": name,
                    "folded": words.folded(name),
                    "locked_reason": locked,
                    "created_at": self._now,
                }
            )
        return rows

    def people(self, count: int, organisation_ids: dict[str, int]) -> Iterator[dict[str, Any]]:
        for n in range(count):
            known = names.KNOWN_READERS[n] if n < len(names.KNOWN_READERS) else None
            row = self._known(known) if known else self._somebody(list(self._hosts))
            organisation = row.pop("organisation")
            row |= self._state(n, certain=known is not None)
            row["organisation_id"] = organisation_ids.get(organisation)
            row["folded"] = words.folded(row["first_name"], row["last_name"], row["address"])
            yield row

    def _known(self, reader: names.Reader) -> dict[str, Any]:
        row = {
            "salutation": reader.salutation, "title": reader.title, "first_name": reader.first,
            "last_name": reader.last, "organisation": reader.organisation, "city": reader.city, "country": "DE",
            "language": "de", "function": "",
        }  # fmt: skip
        return row | self._address(reader.address)

    def _somebody(self, organisations: list[str]) -> dict[str, Any]:
        dice = self._dice
        origin = dice.choices(names.ORIGINS, [o.weight for o in names.ORIGINS])[0]
        woman = dice.random() < 0.53
        first, last = dice.choice(origin.women if woman else origin.men), dice.choice(origin.last)
        if woman and origin.language == "pl" and last.endswith("ki"):
            last = last[:-1] + "a"
        at_home = origin.country == "DE" or dice.random() < 0.7
        organisation = dice.choice(organisations) if dice.random() < 0.18 else ""
        host = self._hosts.get(organisation) or dice.choice(names.MAILBOXES)
        named = dice.random() > 0.025  # the rest gave only an address
        row = {
            "salutation": ("Frau" if woman else "Herr") if named and dice.random() < 0.9 else "",
            "title": dice.choice(names.TITLES) if named and dice.random() < 0.05 else "",
            "first_name": first if named else "", "last_name": last if named else "", "organisation": organisation,
            "function": dice.choice(names.FUNCTIONS) if organisation and dice.random() < 0.5 else "",
            "city": dice.choice(names.CITIES if at_home else names.ABROAD[origin.country]),
            "country": "DE" if at_home else origin.country,
            "language": "de" if at_home and dice.random() < 0.85 else origin.language,
        }  # fmt: skip
        return row | self._address(self._free(first, last, host))

    def _free(self, first: str, last: str, host: str) -> str:
        given, family = _ascii(first), _ascii(last)
        shapes = [
            f"{given}.{family}",
            f"{given[0]}.{family}",
            f"{family}",
            f"{given}{family[0]}",
            f"{family}.{given}",
        ]
        local = self._dice.choice(shapes)
        while f"{local}@{host}" in self._taken:
            local = f"{self._dice.choice(shapes)}{self._dice.randint(1, 99)}"
        return f"{local}@{host}"

    def _address(self, text: str) -> dict[str, Any]:
        parsed = addresses.parse(text)
        self._taken.add(parsed.key)
        return {"address": parsed.written, "address_key": parsed.key}

    def _state(self, n: int, certain: bool) -> dict[str, Any]:
        """Locks, dead addresses and people without any, spread evenly; nobody of the mock pages."""
        born = self._now - timedelta(
            days=45 + self._dice.random() ** 2 * 900, seconds=self._dice.randrange(86_400)
        )
        row: dict[str, Any] = {
            "tenant_id": self._tenant.id, "deliverability": Deliverability.ACTIVE, "locked_reason": None,
            "locked_until": None, "created_at": born, "updated_at": born,
        }  # fmt: skip
        if certain:
            return row
        if n % 131 == 0:
            row["locked_reason"] = LOCKS[n % len(LOCKS)]
            row["locked_until"] = self._now + timedelta(days=60) if n % 2 else None
        elif n % 71 == 0:
            row["deliverability"] = Deliverability.BOUNCED
        elif n % 430 == 0:
            row["deliverability"] = Deliverability.STOPPED
        elif n % 610 == 0:
            row |= {"address": None, "address_key": None}
        return row


def _ascii(name: str) -> str:
    return tree.slug_of(name.translate(_UNDECOMPOSED))


def _members(
    tenant_id: int, people: list[tuple[Any, ...]], lists: Sequence[DistributionList]
) -> list[dict[str, Any]]:
    """Everybody on the default list; people of organisations on the second, some on the third."""
    everybody, *others = (found.id for found in lists)
    rows = [{"tenant_id": tenant_id, "list_id": everybody, "subscriber_id": row[0]} for row in people]
    for n, list_id in enumerate(others):
        chosen = (row for row in people if row[3] and row[0] % (2 + 3 * n) == 0)
        rows += [{"tenant_id": tenant_id, "list_id": list_id, "subscriber_id": row[0]} for row in chosen]
    return rows


def _subscribe(
    tenant: Tenant, people: list[tuple[Any, ...]], kinds: list[tuple[NewsletterType, float]], manager_id: int,
    dice: random.Random, now: datetime,
) -> None:  # fmt: skip
    states, weights = [s for s, _ in STATES], [w for _, w in STATES]
    subscriptions, events = [], []
    for n, (subscriber_id, key, born, _organisation) in enumerate(people):
        known = n < len(names.KNOWN_READERS)
        wanted = [kind for kind, share in kinds if known or dice.random() < share]
        for kind in wanted or [kinds[0][0]]:
            state = Consent.CONFIRMED if known else dice.choices(states, weights)[0]
            steps = list(_steps(state, born, now, dice))
            subscriptions.append(
                {"tenant_id": tenant.id, "subscriber_id": subscriber_id, "type_id": kind.id, "consent": state,
                 "changed_at": steps[-1]["at"]}
            )  # fmt: skip
            common = {
                "tenant_id": tenant.id, "subscriber_id": subscriber_id, "type_id": kind.id,
                "address_hash": addresses.hash_of(key or f"none:{subscriber_id}", tenant.id),
            }  # fmt: skip
            for step in steps:
                by_hand = step["act"].startswith("import")
                proof = PROOF if step["act"] == "import_proved" else ""
                events.append({
                    **common, **step, "consent_text": proof or kind.consent_text,
                    "consent_version": 0 if proof else kind.consent_version,
                    "by_id": manager_id if by_hand else None,
                })  # fmt: skip
    _insert(Subscription, subscriptions)
    _insert(ConsentEvent, events)


def _steps(state: Consent, born: datetime, now: datetime, dice: random.Random) -> Iterator[dict[str, Any]]:
    """How a consent came about, oldest step first; documentation addresses of RFC 5737 stand for the readers'."""
    if state in ACTS:
        yield _step(ACTS[state], "", state, born, form="import")
        return
    web = {"form": "signup", "ip": f"192.0.2.{dice.randint(1, 254)}", "agent": dice.choice(AGENTS)}
    asked = now - timedelta(hours=dice.randint(1, 40)) if state == Consent.PENDING else born
    yield _step("ask", "", Consent.PENDING, asked, **web)
    if state == Consent.PENDING:
        return
    confirmed = asked + timedelta(minutes=dice.randint(1, 600))
    yield _step("confirm", Consent.PENDING, Consent.CONFIRMED, confirmed, **{**web, "form": "confirm"})
    if state == Consent.REVOKED:
        left = confirmed + (now - timedelta(days=12) - confirmed) * dice.random()
        yield _step("revoke", Consent.CONFIRMED, Consent.REVOKED, left, **{**web, "form": "unsubscribe"})


def _step(act: str, before: str, after: Consent, at: datetime, **trace: str) -> dict[str, Any]:
    return {
        "act": act,
        "before": before,
        "after": after,
        "at": at,
        "form": "",
        "ip": "",
        "agent": "",
        **trace,
    }


def _suppress(
    tenant_id: int, people: list[tuple[Any, ...]], manager_id: int, dice: random.Random, now: datetime
) -> None:
    """A Robinson list of people who are readers too, and of some who are not; grown over two years."""
    readers = [row[1] for row in people[len(names.KNOWN_READERS) :: 190] if row[1]]
    strangers = [f"{name}@mein-postfach.example" for name in ("ruhe", "kein.interesse", "nie.wieder")]
    for number, key in enumerate(readers + strangers):
        day = now - timedelta(days=700 - 20 * number, minutes=37 * number)
        with days.clock_at(days.in_office(day)):
            suppression.add(tenant_id, key, dice.choice(SUPPRESSIONS), manager_id)


def _insert(model: type[Model], rows: Sequence[dict[str, Any]]) -> None:
    """Rows of one shape as plain statements: for some 30,000 of them the query builder would take longer than the
    rest of the house."""
    if not rows:
        return
    meta = model._meta
    defaults = {field.name: value for field, value in meta.defaults.items()}
    for name in rows[0]:
        defaults.pop(meta.combined[name].name, None)
    fields = {meta.combined[name]: name for name in (*rows[0], *defaults)}
    statement = "INSERT INTO {} ({}) VALUES ({})".format(  # noqa: S608 - names of our own tables and columns
        f'"{meta.table_name}"',
        ", ".join(f'"{f.column_name}"' for f in fields),
        ", ".join("?" for _ in fields),
    )
    database.cursor().executemany(
        sql(statement),
        (
            [
                f.db_value(_made(defaults[name]) if name in defaults else row[name])
                for f, name in fields.items()
            ]
            for row in rows
        ),
    )


def _made(default: Any) -> Any:
    return default() if callable(default) else default
