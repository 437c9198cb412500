"""A tenant with any number of people for the benchmarks, written set-wise: lists, types, own fields, customers,
consent, territories, tags, a status track, an import, a mailing that went to everybody, one that is planned, and a
file of addresses that get no mail.
"""

import json
import random
from typing import Any

from peewee import chunked, fn

from domain import clock
from domain.campaigns.models import Campaign, CampaignStatus, Exclusion
from domain.db import database, sql
from domain.issues.models import Issue
from domain.ledger.states import DeliveryState, LeftOut
from domain.segments import saved
from domain.subscribers import lists, suppression, words
from domain.subscribers.facets import fields, tags, tracks
from domain.subscribers.models import ImportJob, NewsletterType, Organisation, Subscriber
from domain.tenancy import territory
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
    fresh = [
        {
            "tenant_id": tenant.id,
            "name": f"Firma {n}",
            "folded": f"firma {n}",
            "created_at": now,
            "updated_at": now,
        }
        for n in range(firms)
    ]
    for some in chunked(fresh, 2_000):
        Organisation.insert_many(some).execute()
    ids = [
        row[0]
        for row in Organisation.select(Organisation.id).where(Organisation.tenant_id == tenant.id).tuples()
    ]
    dice, nodes, job = random.Random(count), _nodes(tenant.id), _import(tenant.id, count, now)
    for start in range(0, count, CHUNK):
        numbers = range(start, min(start + CHUNK, count))
        with database.atomic():
            _people(tenant.id, numbers, kinds, chosen, ids, dice, now, nodes, job)
    _place(job)
    _facets(tenant.id, now)
    for n in range(300):
        suppression.add(tenant.id, f"stop{n}@elsewhere.example", "bench")
    _mailings(tenant.id, kinds[0], now)
    city = {"match": "all", "rules": [{"field": "person:city", "op": "is", "value": ["Celle"]}]}
    saved.save(tenant.id, "Celle", city, [], 1)
    return tenant


def _nodes(tenant_id: int) -> list[int]:
    """A tree of three regions with three districts each."""
    made = []
    for n in range(3):
        region = territory.create(tenant_id, f"Region {n}", None, 1)
        made += [
            region.id,
            *(territory.create(tenant_id, f"District {k}", region.id, 1).id for k in range(3)),
        ]
    return made


def _import(tenant_id: int, count: int, now: int) -> ImportJob:
    """A file that has brought the last tenth of the people."""
    return ImportJob.create(
        tenant_id=tenant_id, filename="people.csv", path="imports/gone.csv", state="done", by_id=1,
        rows_total=count // 10, rows_done=count // 10, created_count=count // 10, finished_at=clock.moment(now),
    )  # fmt: skip


def _place(job: ImportJob) -> None:
    """Where its people begin and end."""
    mine = Subscriber.select(fn.MIN(Subscriber.id), fn.MAX(Subscriber.id)).where(
        Subscriber.tenant_id == job.tenant_id, Subscriber.import_id == job.id
    )
    job.first_id, job.last_id = mine.tuples().get()
    job.save()


def _facets(tenant_id: int, now: int) -> None:
    """A tag on every fifth, a status for every tenth."""
    track = tracks.save(tenant_id, "Sales", ["open", "offer", "won", "lost"], 1)
    first = tracks.every(tenant_id)[0][1][0].id
    tag = tags.tag_id(tenant_id, "guest")
    with database.atomic():
        database.execute_sql(
            sql(
                """INSERT INTO tagging (tenant_id, tag_id, holder, holder_id)
                SELECT tenant_id, ?, 'subscriber', id FROM subscriber WHERE tenant_id = ? AND id - id / 5 * 5 = 0"""
            ),
            [tag, tenant_id],
        )
        database.execute_sql(
            sql(
                """INSERT INTO standing (tenant_id, track_id, value_id, holder, holder_id, at)
                SELECT tenant_id, ?, ? + (id - id / 4 * 4), 'subscriber', id, ? FROM subscriber
                WHERE tenant_id = ? AND id - id / 10 * 10 = 0"""
            ),
            [track.id, first, now, tenant_id],
        )


def _mailings(tenant_id: int, type_id: int, now: int) -> None:
    """One mailing that everybody was meant to get, one that is planned for everybody, and people it leaves out."""
    made = [
        Campaign.create(
            tenant_id=tenant_id, type_id=type_id, name=name, created_by_id=1, status=status, audience={"lists": []},
            issue_id=Issue.create(tenant_id=tenant_id, type_id=type_id, name=name, created_by_id=1).id,
            started_at=clock.moment(now) if status == CampaignStatus.FINISHED else None,
            finished_at=clock.moment(now - 60) if status == CampaignStatus.FINISHED else None,
            snapshot_at=clock.moment(now) if status == CampaignStatus.FINISHED else None,
        )
        for name, status in (("Sent", CampaignStatus.FINISHED), ("Planned", CampaignStatus.DRAFT))
    ]  # fmt: skip
    D = DeliveryState
    state = f"CASE id - id / 50 * 50 WHEN 0 THEN {D.FAILED} WHEN 1 THEN {D.SUPPRESSED} ELSE {D.SENT} END"
    with database.atomic():
        database.execute_sql(
            sql(
                f"""INSERT INTO delivery (tenant_id, campaign_id, subscriber_id, address_key, state, reason, attempt,
                returned, next_at, handed_over, maybe_duplicate, queued_at, settled_at)
                SELECT tenant_id, ?, id, address_key, {state},
                CASE id - id / 50 * 50 WHEN 1 THEN {LeftOut.UNSUBSCRIBED} END,
                1, 0, 0, TRUE, FALSE, ?, ?
                FROM subscriber WHERE tenant_id = ?"""
            ),
            [made[0].id, now, now, tenant_id],
        )
        kept = Exclusion.create(tenant_id=tenant_id, name="Not now", from_at=clock.now(), by_id=1)
        database.execute_sql(
            sql(
                """INSERT INTO excluded_address (tenant_id, exclusion_id, address_key)
                SELECT tenant_id, ?, address_key FROM subscriber WHERE tenant_id = ? AND id - id / 20 * 20 = 0"""
            ),
            [kept.id, tenant_id],
        )


def _people(
    tenant_id: int, numbers: range, kinds: list[int], chosen: list[int], firms: list[int], dice: random.Random,
    now: int, nodes: list[int], job: ImportJob,
) -> None:  # fmt: skip
    rows = []
    for n in numbers:
        first, last = dice.choice(FIRST), f"{dice.choice(LAST)}{n % 997}"
        address = f"p{n}@d{n % 500}.example"
        own = {f"Feld {k}": _own(k, dice) for k in range(OWN)}
        rows.append(
            (tenant_id, address, address, "Frau", first, last, dice.choice(firms) if n % 5 == 0 else None,
             dice.choice(CITIES), "DE", json.dumps(own), "active", words.folded(first, last, address),
             now - dice.randrange(400 * 86_400), now, nodes[n % len(nodes)],
             job.id if n >= 9 * job.rows_total else None)
        )  # fmt: skip
    cursor = database.cursor()
    cursor.executemany(
        sql(
            """INSERT INTO subscriber (tenant_id, address, address_key, salutation, title, first_name, last_name,
            organisation_id, function, language, city, country, fields, deliverability, folded, created_at, updated_at,
            territory_id, import_id)
            VALUES (?, ?, ?, ?, '', ?, ?, ?, '', '', ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
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
