"""A tenant with any number of people for the benchmarks, written set-wise: lists, types, own fields, customers,
consent, a mailing that went to everybody, one that is planned, and a file of addresses that get no mail.
"""

import json
import random
from typing import Any

from domain import clock
from domain.campaigns.models import Campaign, CampaignStatus, Exclusion
from domain.db import database, sql
from domain.issues.models import Issue
from domain.ledger.states import DeliveryState, LeftOut
from domain.segments import saved
from domain.subscribers import lists, suppression, words
from domain.subscribers.facets import fields
from domain.subscribers.models import NewsletterType, Organisation
from domain.tenancy.models import Tenant

OWN, TYPES, LISTS = 10, 5, 20
CHUNK = 20_000
FIRST = ("Anna", "Bert", "Cleo", "Doris", "Emil", "Frieda", "Götz", "Hanne", "Ida", "Jörg")
LAST = ("Albers", "Brandt", "Celik", "Dietz", "Ehlers", "Fuchs", "Groß", "Huber", "Ipsen", "Jansen")
CITIES = ("Celle", "Bonn", "Ulm", "Kiel", "Jena", "Trier", "Gera", "Hof", "Aalen", "Verden")
STATES = ("confirmed",) * 8 + ("pending", "revoked")


def fill(slug: str, count: int) -> Tenant:
    """A tenant with so many people, written set-wise."""
    tenant = Tenant.create(slug=slug, name=slug.title(), settings={"language": "en"})
    kinds = [
        NewsletterType.create(tenant_id=tenant.id, slug=f"t{n}", name=f"Type {n}", consent_text="Yes").id
        for n in range(TYPES)
    ]
    chosen = [lists.default(tenant.id).id] + [
        lists.save(tenant.id, f"List {n}", 0).id for n in range(1, LISTS)
    ]
    for n in range(OWN):
        kind = ("number", "text", "date", "choice", "yesno")[n % 5]
        fields.save(tenant.id, {"name": f"Feld {n}", "kind": kind, "choices": ["rot", "blau"]}, 0)
    firms = max(10, count // 100)
    now = clock.epoch()
    Organisation.insert_many(
        [
            {
                "tenant_id": tenant.id,
                "name": f"Firma {n}",
                "folded": f"firma {n}",
                "created_at": now,
                "updated_at": now,
            }
            for n in range(min(firms, 2_000))
        ]
    ).execute()
    ids = [
        row[0]
        for row in Organisation.select(Organisation.id).where(Organisation.tenant_id == tenant.id).tuples()
    ]
    dice = random.Random(count)
    for start in range(0, count, CHUNK):
        with database.atomic():
            _people(tenant.id, range(start, min(start + CHUNK, count)), kinds, chosen, ids, dice, now)
    for n in range(300):
        suppression.add(tenant.id, f"stop{n}@elsewhere.example", "bench")
    _mailings(tenant.id, kinds[0], now)
    city = {"match": "all", "rules": [{"field": "person:city", "op": "is", "value": ["Celle"]}]}
    saved.save(tenant.id, "Celle", city, [], 1)
    return tenant


def _mailings(tenant_id: int, type_id: int, now: int) -> None:
    """One mailing that everybody was meant to get, one that is planned for everybody, and people it leaves out."""
    made = [
        Campaign.create(
            tenant_id=tenant_id, type_id=type_id, name=name, created_by_id=1, status=status, audience={"lists": []},
            issue_id=Issue.create(tenant_id=tenant_id, type_id=type_id, name=name, created_by_id=1).id,
            started_at=clock.moment(now) if status == CampaignStatus.FINISHED else None,
            snapshot_at=clock.moment(now) if status == CampaignStatus.FINISHED else None,
        )
        for name, status in (("Sent", CampaignStatus.FINISHED), ("Planned", CampaignStatus.DRAFT))
    ]  # fmt: skip
    D = DeliveryState
    state = f"CASE id % 50 WHEN 0 THEN {D.FAILED} WHEN 1 THEN {D.SUPPRESSED} ELSE {D.SENT} END"
    with database.atomic():
        database.execute_sql(
            sql(
                f"""INSERT INTO delivery (tenant_id, campaign_id, subscriber_id, address_key, state, reason, attempt,
                returned, next_at, handed_over, maybe_duplicate, queued_at, settled_at)
                SELECT tenant_id, ?, id, address_key, {state}, CASE id % 50 WHEN 1 THEN {LeftOut.UNSUBSCRIBED} END,
                1, 0, 0, TRUE, FALSE, ?, ? FROM subscriber WHERE tenant_id = ?"""
            ),
            [made[0].id, now, now, tenant_id],
        )
        kept = Exclusion.create(tenant_id=tenant_id, name="Not now", from_at=clock.now(), by_id=1)
        database.execute_sql(
            sql(
                """INSERT INTO excluded_address (tenant_id, exclusion_id, address_key)
                SELECT tenant_id, ?, address_key FROM subscriber WHERE tenant_id = ? AND id % 20 = 0"""
            ),
            [kept.id, tenant_id],
        )


def _people(
    tenant_id: int, numbers: range, kinds: list[int], chosen: list[int], firms: list[int], dice: random.Random,
    now: int,
) -> None:  # fmt: skip
    rows = []
    for n in numbers:
        first, last = dice.choice(FIRST), f"{dice.choice(LAST)}{n % 997}"
        address = f"p{n}@d{n % 500}.example"
        own = {f"Feld {k}": _own(k, dice) for k in range(OWN)}
        rows.append(
            (tenant_id, address, address, "Frau", first, last, dice.choice(firms) if n % 5 == 0 else None,
             dice.choice(CITIES), "DE", json.dumps(own), "active", words.folded(first, last, address),
             now - dice.randrange(400 * 86_400), now)
        )  # fmt: skip
    cursor = database.cursor()
    cursor.executemany(
        sql(
            """INSERT INTO subscriber (tenant_id, address, address_key, salutation, title, first_name, last_name,
            organisation_id, function, language, city, country, fields, deliverability, folded, created_at, updated_at)
            VALUES (?, ?, ?, ?, '', ?, ?, ?, '', '', ?, ?, ?, ?, ?, ?, ?)"""
        ),
        rows,
    )
    ids = [
        row[0]
        for row in database.execute_sql(
            sql("SELECT id FROM subscriber WHERE tenant_id = ? ORDER BY id DESC LIMIT ?"),
            [tenant_id, len(rows)],
        ).fetchall()
    ]
    members = [(tenant_id, chosen[0], i) for i in ids]
    members += [(tenant_id, chosen[1 + (i % (LISTS - 1))], i) for i in ids]
    cursor.executemany(
        sql("INSERT INTO list_member (tenant_id, list_id, subscriber_id) VALUES (?, ?, ?)"), members
    )
    cursor.executemany(
        sql(
            "INSERT INTO subscription (tenant_id, subscriber_id, type_id, consent, changed_at) VALUES (?, ?, ?, ?, ?)"
        ),
        [
            (tenant_id, i, kind, dice.choice(STATES), now)
            for i in ids
            for kind in kinds
            if dice.random() < 0.5
        ],
    )


def _own(n: int, dice: random.Random) -> Any:
    return {
        0: dice.randrange(1_000), 1: f"Wert {dice.randrange(50)}", 2: f"20{dice.randrange(10, 27)}-05-01",
        3: dice.choice(("rot", "blau")), 4: dice.random() < 0.5,
    }[n % 5]  # fmt: skip
