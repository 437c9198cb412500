"""The customers that rows of a file name."""

from collections.abc import Iterable

from domain.subscribers import words
from domain.subscribers.candidates import Person
from domain.subscribers.models import Organisation


def made(tenant_id: int, people: Iterable[Person], now: int) -> dict[str, int]:
    """Name → id, made where it is missing."""
    people = list(people)
    found = known(tenant_id, people)
    missing = sorted(_named(people) - set(found))
    if missing:
        rows = [
            {
                "tenant_id": tenant_id, "name": name, "folded": words.folded(name)[:400],
                "created_at": now, "updated_at": now,
            }
            for name in missing
        ]  # fmt: skip
        Organisation.insert_many(rows).execute()
        found = known(tenant_id, people)
    return found


def known(tenant_id: int, people: Iterable[Person]) -> dict[str, int]:
    """Name → id, of those that are there."""
    wanted = _named(people)
    if not wanted:
        return {}
    query = (
        Organisation.select(Organisation.name, Organisation.id)
        .where(Organisation.tenant_id == tenant_id, Organisation.name.in_(sorted(wanted)))
        .order_by(Organisation.id.desc())
    )
    return dict(query.tuples())


def name_of(person: Person) -> str:
    """The customer that a row names, as it is kept; empty for none."""
    return words.one_line(person.values.organisation, 200)


def _named(people: Iterable[Person]) -> set[str]:
    return {name_of(person) for person in people if person.values.organisation} - {""}
