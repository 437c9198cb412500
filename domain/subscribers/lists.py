"""Distribution lists: closed lists of people. Everybody is on at least one."""

from collections.abc import Iterable

from peewee import IntegrityError

from domain import bounds
from domain.audit import log
from domain.db import database, is_postgres, sql
from domain.errors import N_, Conflict, Invalid, NotFound
from domain.subscribers import words
from domain.subscribers.models import DistributionList, ListMember, NewsletterType, Subscriber

CHUNK = 500


def default(tenant_id: int) -> DistributionList:
    """The list that everybody of the tenant is on at least; made when it is missing."""
    found = DistributionList.get_or_none(DistributionList.tenant_id == tenant_id, DistributionList.is_default)
    return found or DistributionList.create(tenant_id=tenant_id, name="Alle Abonnenten", is_default=True)


def every(tenant_id: int) -> list[DistributionList]:
    """All lists of the tenant, the default one first."""
    query = DistributionList.select().where(DistributionList.tenant_id == tenant_id)
    return list(query.order_by(DistributionList.is_default.desc(), DistributionList.name))


def get(tenant_id: int, list_id: int) -> DistributionList:
    """A list of the tenant; raises NotFound."""
    found = DistributionList.get_or_none(
        DistributionList.tenant_id == tenant_id, DistributionList.id == list_id
    )
    if found is None:
        raise NotFound
    return found


def of(person: Subscriber) -> list[DistributionList]:
    """The lists a person is on, by name."""
    query = (
        DistributionList.select()
        .join(ListMember, on=(ListMember.list_id == DistributionList.id))
        .where(
            DistributionList.tenant_id == person.tenant_id,
            ListMember.tenant_id == person.tenant_id,
            ListMember.subscriber_id == person.id,
        )
    )
    return list(query.order_by(DistributionList.name))


def counts(tenant_id: int, most: int) -> dict[int, int]:
    """List id → number of people on it, counted up to `most` + 1: nobody waits for a count over millions."""
    found: dict[int, int] = {}
    for chosen in every(tenant_id):
        some = (
            ListMember.select(ListMember.id)
            .where(ListMember.tenant_id == tenant_id, ListMember.list_id == chosen.id)
            .limit(most + 1)
        )
        found[chosen.id] = some.count()
    return found


def save(tenant_id: int, name: str, user_id: int, found: DistributionList | None = None) -> DistributionList:
    """Create or rename a list; raises Invalid (no name, or one that is taken)."""
    name = words.one_line(name, 120)
    if not name:
        raise Invalid(fields={"name": N_("A list needs a name.")})
    chosen = found or DistributionList(tenant_id=tenant_id)
    chosen.name = name
    try:
        with database.atomic():
            chosen.save()
            log.record(tenant_id, "list.save", user_id=user_id, kind="list", object_id=chosen.id)
    except IntegrityError:
        raise Invalid(fields={"name": N_("There is a list with this name already.")}) from None
    return chosen


def put(person: Subscriber, list_ids: set[int], user_id: int) -> None:
    """Put a person on exactly these lists; raises Invalid for none: everybody is on at least one."""
    wanted = {chosen.id for chosen in every(person.tenant_id)} & list_ids
    if not wanted:
        raise Invalid(fields={"lists": N_("Everybody is on at least one list. Tick one.")})
    before = {chosen.id for chosen in of(person)}
    with database.atomic():
        for list_id in sorted(wanted - before):
            ListMember.create(tenant_id=person.tenant_id, list_id=list_id, subscriber_id=person.id)
        ListMember.delete().where(
            ListMember.tenant_id == person.tenant_id,
            ListMember.subscriber_id == person.id,
            ListMember.list_id.not_in(sorted(wanted)),
        ).execute()
        if wanted != before:
            log.record(
                person.tenant_id, "subscriber.lists", user_id=user_id, kind="subscriber", object_id=person.id,
                details={"before": sorted(before), "after": sorted(wanted)},
            )  # fmt: skip


def add(chosen: DistributionList, person: Subscriber, user_id: int) -> None:
    """Put a person on a list; doing it again changes nothing."""
    put(person, {found.id for found in of(person)} | {chosen.id}, user_id)


def is_last(chosen: DistributionList, person: Subscriber) -> bool:
    """Whether the person is on no other list."""
    return [found.id for found in of(person)] == [chosen.id]


def remove(
    chosen: DistributionList, person: Subscriber, user_id: int, to: DistributionList | None = None
) -> None:
    """Take a person off a list; raises Conflict if it is the last one and `to` names no other."""
    rest = {found.id for found in of(person)} - {chosen.id}
    if to is not None and to.id != chosen.id:
        rest.add(to.id)
    if not rest:
        raise Conflict(N_("This is the person's last list. Choose another one first."))
    put(person, rest, user_id)


def delete(chosen: DistributionList, to: DistributionList, user_id: int) -> int:
    """Delete a list; people who are on no other go to `to`. Returns how many moved; raises Conflict for the default
    list or the same one."""
    bounds.refuse_beyond()
    if chosen.is_default or chosen.id == to.id:
        raise Conflict(N_("The list for everybody stays. Choose another list."))
    with database.atomic():
        moved = database.execute_sql(
            sql(
                """INSERT INTO list_member (tenant_id, list_id, subscriber_id)
                SELECT m.tenant_id, ?, m.subscriber_id FROM list_member m WHERE m.tenant_id = ? AND m.list_id = ?
                AND NOT EXISTS (SELECT 1 FROM list_member o WHERE o.tenant_id = m.tenant_id
                    AND o.subscriber_id = m.subscriber_id AND o.list_id <> m.list_id)"""
            ),
            [to.id, chosen.tenant_id, chosen.id],
        ).rowcount
        ListMember.delete().where(
            ListMember.tenant_id == chosen.tenant_id, ListMember.list_id == chosen.id
        ).execute()
        for kind in NewsletterType.select().where(NewsletterType.tenant_id == chosen.tenant_id):
            if chosen.id in (kind.list_ids or []):
                kept = [to.id if i == chosen.id else i for i in kind.list_ids]
                kind.list_ids = list(dict.fromkeys(kept))
                kind.save()
        chosen.delete_instance()
        log.record(
            chosen.tenant_id, "list.delete", user_id=user_id, kind="list", object_id=chosen.id,
            details={"name": chosen.name, "moved": moved},
        )  # fmt: skip
    return int(moved)


def enlist(tenant_id: int, pairs: Iterable[tuple[int, int]]) -> None:
    """Write (list, person) pairs set-wise, those that are there stay."""
    rows = [(tenant_id, list_id, person_id) for list_id, person_id in pairs]
    if rows and is_postgres():  # one statement instead of thousands that wait in a pipeline
        database.cursor().execute(
            """INSERT INTO list_member (tenant_id, list_id, subscriber_id)
            SELECT %s, l, s FROM unnest(%s::int[], %s::bigint[]) AS wanted (l, s) ON CONFLICT DO NOTHING""",
            [tenant_id, [row[1] for row in rows], [row[2] for row in rows]],
        )
    elif rows:
        database.cursor().executemany(
            sql(
                "INSERT INTO list_member (tenant_id, list_id, subscriber_id) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
            ),
            rows,
        )


def size(chosen: DistributionList, most: int | None = None) -> int:
    """How many people are on a list; not counted further than `most` + 1, without it to the last."""
    there = ListMember.select(ListMember.id).where(
        ListMember.tenant_id == chosen.tenant_id, ListMember.list_id == chosen.id
    )
    return int((there if most is None else there.limit(most + 1)).count())
