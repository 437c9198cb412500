"""What the demo house knows of its readers beyond names: own fields, statuses, tags, categories, segments."""

import random
from datetime import datetime, timedelta

from peewee import fn

from domain.segments import saved
from domain.subscribers import rules, suppression
from domain.subscribers.facets import fields, notes, tags, tracks
from domain.subscribers.facets.models import Holder, Standing, Tagging
from domain.subscribers.models import DistributionList, NewsletterType, Organisation, Subscriber
from domain.tenancy.models import Tenant

SEED = 1913
CATEGORIES = ("Gemeinde", "Unternehmen", "Verein", "Kultur")
COURSE = ("angeschrieben", "Gespräch", "Angebot", "gewonnen", "verloren")
TOPICS = ("Stadtentwicklung", "Wirtschaft", "Kultur", "Verkehr", "Sport")


def enrich(tenant: Tenant, user_id: int, now: datetime) -> None:
    """Own fields, a status, tags, customers and segments of a tenant; the same ones at every start."""
    dice = random.Random(f"{SEED}-{tenant.slug}")  # noqa: S311 - no secret
    for values in (
        {"name": "Kundennummer", "help": "Steht auf jeder Rechnung", "is_unique": True},
        {"name": "Themen", "kind": "choices", "choices": list(TOPICS)},
        {"name": "Abonniert Zeitung", "kind": "yesno"},
        {"name": "Einwohner", "kind": "number", "holder": Holder.ORGANISATION},
    ):
        fields.save(tenant.id, values, user_id)
    _customers(tenant.id, dice, now)
    _people(tenant.id, dice)
    _courses(tenant.id, user_id, dice)
    rule = rules.read("@wegwerf-mail.example")
    suppression.add_rule(tenant.id, rule, "Wegwerfadressen", user_id)
    _segments(tenant.id, user_id)


def _customers(tenant_id: int, dice: random.Random, now: datetime) -> None:
    for firm in Organisation.select().where(Organisation.tenant_id == tenant_id).order_by(Organisation.id):
        firm.category = (
            "Gemeinde" if firm.name.startswith(("Gemeinde", "Stadt ")) else dice.choice(CATEGORIES[1:])
        )
        firm.status = dice.choice(("A", "B", "B", "C", "target"))
        firm.city, firm.country = dice.choice(("Hannover", "Nienburg", "Celle", "Laatzen", "Hameln")), "DE"
        firm.fields = {"Einwohner": dice.randrange(2, 90) * 1_000} if firm.category == "Gemeinde" else {}
        if firm.locked_reason:
            firm.locked_at, firm.locked_until = now - timedelta(days=20), now + timedelta(days=100)
        firm.save()


def _people(tenant_id: int, dice: random.Random) -> None:
    """Every fifth reader says more about himself."""
    regular, guest = (tags.tag_id(tenant_id, name) for name in ("Stammleser", "Gast der Leserreise"))
    chosen = Subscriber.select().where(Subscriber.tenant_id == tenant_id, fn.MOD(Subscriber.id, 5) == 0)
    taggings = []
    for person in chosen.order_by(Subscriber.id):
        own = {
            "Themen": sorted(dice.sample(TOPICS, dice.randint(1, 3))),
            "Abonniert Zeitung": dice.random() < 0.4,
        }
        born = f"{dice.randrange(1942, 2004)}-{dice.randrange(1, 13):02}-{dice.randrange(1, 29):02}"
        Subscriber.update(fields=own, birthday=born, region="Niedersachsen").where(
            Subscriber.tenant_id == tenant_id, Subscriber.id == person.id
        ).execute()
        if dice.random() < 0.5:
            tag = dice.choice((regular, regular, guest))
            taggings.append(
                {"tenant_id": tenant_id, "tag_id": tag, "holder": Holder.SUBSCRIBER, "holder_id": person.id}
            )
    Tagging.insert_many(taggings).execute()


def _courses(tenant_id: int, user_id: int, dice: random.Random) -> None:
    """A sales campaign among the customers, and a note where it stands well."""
    track = tracks.save(tenant_id, "Anzeigen Frühjahr", list(COURSE), user_id)
    values = {value.name: value.id for _track, found in tracks.every(tenant_id) for value in found}
    firms = (
        Organisation.select(Organisation.id)
        .where(Organisation.tenant_id == tenant_id)
        .order_by(Organisation.id)
    )
    for (firm_id,) in firms.limit(30).tuples():
        name = dice.choice(COURSE)
        Standing.create(
            tenant_id=tenant_id, track_id=track.id, value_id=values[name], holder=Holder.ORGANISATION,
            holder_id=firm_id, by_id=user_id,
        )  # fmt: skip
        if name == "Angebot":
            text = "Angebot über vier Anzeigen verschickt, Rückruf nach den Ferien."
            notes.add(tenant_id, Holder.ORGANISATION, firm_id, text, user_id)


def _segments(tenant_id: int, user_id: int) -> None:
    kind = NewsletterType.get(NewsletterType.tenant_id == tenant_id)
    chosen = DistributionList.get(DistributionList.tenant_id == tenant_id)
    topics = next(own for own in fields.every(tenant_id) if own.name == "Themen")
    towns = [
        _asks("all", ("person:region", "is", "Niedersachsen"), ("org:category", "one_of", "Gemeinde, Verein"),
              (f"type:{kind.id}", "is", "confirmed")),
        _asks("any", ("person:function", "filled"), ("list", "is", str(chosen.id))),
        _asks("none", ("event:got", "last_days", "2")),
    ]  # fmt: skip
    interested = [_asks("all", (f"own:{topics.id}", "has", "Kultur"), ("person:birthday", "filled"))]
    birthdays = [_asks("all", ("person:birthday", "next_days", "7"), ("person:has_address", "yes"))]
    for name, groups in (
        ("Gemeinden und Vereine in Niedersachsen", towns), ("Kulturinteressierte", interested),
        ("Geburtstag in den nächsten 7 Tagen", birthdays),
    ):  # fmt: skip
        columns = ["person:first_name", "person:last_name", "org:name", f"own:{topics.id}"]
        saved.save(tenant_id, name, {"match": "all", "rules": groups}, columns, user_id)


def _asks(match: str, *rules_of: tuple[str, ...]) -> dict[str, object]:
    rows = [{"field": field, "op": op, "value": list(value)} for field, op, *value in rules_of]
    return {"match": match, "rules": rows}
